"""``MLflowPipelineModelLoggerHook``: an inference pipeline as a model, once it is trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from kedro.framework.hooks import hook_impl

from ..config.model_entries import pipeline_models
from ..errors import MLflowOnKedroError
from ..runs import run_dataset
from ..runs.choosing import choose
from ..tracking.failures import reason
from ..utils import kedro_internals, run_variables
from . import pipeline_ml
from .base import ComingRun, PipelineRun, TrackingHook
from .opening import secret_params

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from ..config.sections import Config
    from ..pipeline_models.spec import PipelineModelSpec
    from ..pipeline_models.training_progress import TrainingProgress
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowPipelineModelLoggerHook(TrackingHook):
    """Logs inference pipelines as models, as ``pipeline_models`` in mlflow.yml configures.

    A model is logged when all nodes of its training pipeline have run, and none has failed: in this
    run, or with files that earlier runs have saved. Mistakes are reported before the pipeline runs.

    Args:
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> HOOKS = (MLflowPipelineModelLoggerHook(),)
    """

    section: ClassVar[str] = "pipeline_models"

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)
        # By their runs: several may be in progress in one process.
        self._begun: WeakKeyDictionary[TrackedRun, list[_Begun]] = WeakKeyDictionary()

    def check(self, coming: ComingRun) -> None:
        """Check that the models that this pipeline trains can be created."""
        key = choose(coming.config.run, None, run_variables.run_id()).key
        for begun in _find_models(coming.config, coming.where, coming.pipeline, coming.run_params):
            if begun.progress.may_complete(coming.config.run, key):
                begun.spec.check_catalog(coming.catalog)
                begun.spec.check_files(coming.root)
                secrets = frozenset(secret_params(coming.run_params))
                begun.spec.check_secrets(secrets, coming.catalog)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Find the models that this pipeline trains."""
        run, holder = pipeline_run.run, run_dataset.find_run_dataset(pipeline_run.catalog)
        if holder is not None:
            pipeline, run_params = pipeline_run.pipeline, pipeline_run.run_params
            models = list(_find_models(run.config, holder.where, pipeline, run_params))
            if models:
                self._begun[run] = models

    @hook_impl
    def after_node_run(self, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]) -> None:
        """Keep a model's input for its signature, if the input is in memory only."""
        run = self.run_of(catalog) if self._begun else None
        if run is None:
            return
        for begun in self._begun.get(run, ()):
            name = begun.spec.settings.input
            if name in outputs and name in run.pipeline_info.unlisted:
                begun.model_input = outputs[name]

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Log the models; warn of one that cannot be created."""
        run = pipeline_run.run
        models = self._begun.pop(run, [])
        for begun in models if error is None else ():
            try:
                _log(pipeline_run, begun)
            except Exception as failure:
                if run.config.tracking.on_failure == "raise":
                    raise
                why = (
                    failure.message if isinstance(failure, MLflowOnKedroError) else reason(failure)
                )
                logger.warning(
                    "%s: the model is not logged; the run is complete otherwise. Once the cause "
                    "is fixed, `kedro mlflow modelify %s` logs it. (%s)",
                    begun.spec.where,
                    begun.spec.name,
                    why,
                )


@dataclass
class _Begun:
    """A model that a run trains, or a part of it.

    Attributes:
        spec: The model.
        progress: Which nodes of its training pipeline the run runs.
        model_input: Its input, if a node has returned it and it is in memory only.
    """

    spec: PipelineModelSpec
    progress: TrainingProgress
    model_input: Any = None


def _find_models(
    config: Config, where: str, pipeline: Pipeline, run_params: Mapping[str, Any]
) -> Iterator[_Begun]:
    """Find the models that a pipeline trains.

    Raises:
        ConfigError: The training and the inference of a model do not fit.
    """
    for spec in (*_listed(config, where), *pipeline_ml.specs(run_params)):
        progress = spec.training_progress(pipeline)
        if progress.ran_in_training:
            yield _Begun(spec, progress)


def _listed(config: Config, where: str) -> Iterator[PipelineModelSpec]:
    """Make the specs of the models that mlflow.yml lists."""
    if not config.pipeline_models:
        return
    from ..pipeline_models.spec import PipelineModelSpec

    for name, settings in pipeline_models(config).items():
        entry = f"pipeline_models.{name} in {where}"
        yield PipelineModelSpec.from_registered(name, settings, entry)


def _log(pipeline_run: PipelineRun, begun: _Begun) -> None:
    from ..pipeline_models import external_artifacts
    from ..pipeline_models.builder import Project
    from ..pipeline_models.log_to_run import log_pipeline_model
    from ..pipeline_models.training_progress import is_shared_run, short_list, why_not_logged

    spec, run = begun.spec, pipeline_run.run
    against = why_not_logged(run, begun.progress, spec.name)
    if against is not None:
        logger.info("%s: this run does not log the model: %s.", spec.where, against)
        return
    if not is_shared_run(run.config.run, run.key) and begun.progress.earlier_artifacts:
        kept = short_list(begun.progress.earlier_artifacts)
        logger.info("%s: the model contains %s from an earlier run.", spec.where, kept)
    catalog = pipeline_run.catalog
    names = (*spec.artifacts, *spec.parameters, spec.settings.input)
    listed_there = {name: catalog.get(name) for name in names if name in catalog}
    datasets = external_artifacts.pin_versions(
        {name: item for name, item in listed_there.items() if item is not None}
    )
    taken = external_artifacts.source_uris(spec, datasets)
    external_artifacts.warn_about_earlier_models(spec, catalog, taken)
    project = Project(run.root, str(kedro_internals.package_name()))
    log_pipeline_model(run, spec, project, datasets, begun.model_input, taken)
    opened = run.opened
    if opened is None:
        logger.info("Model '%s' is made, and delivered with the run.", spec.name)
    else:
        logger.info("Model '%s' is logged: runs:/%s/%s", spec.name, opened.run_id, spec.name)
