"""``MLflowPipelineModelLoggerHook``: an inference pipeline as a model, once it is trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from kedro.framework.hooks import hook_impl

from ..config.model_entries import pipeline_models
from ..errors import MLflowOnKedroError
from ..runs import run_dataset
from ..tracking.choosing import choose
from ..tracking.failures import reason
from ..utils import environment
from .base import ComingRun, PipelineRun, TrackingHook
from .opening import secret_params

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from ..config.sections import Config
    from ..pipeline_models.spec import Choice
    from ..pipeline_models.training import Training
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
        key = choose(coming.config.run, None, environment.run_id()).key
        for begun in _find_models(coming.config, coming.where, coming.pipeline):
            if begun.training.may_complete(coming.config.run, key):
                begun.choice.check_catalog(coming.catalog)
                begun.choice.check_files(coming.root)
                secrets = frozenset(secret_params(coming.run_params))
                begun.choice.check_secrets(secrets, coming.catalog)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Find the models that this pipeline trains."""
        run, holder = pipeline_run.run, run_dataset.find_carrier(pipeline_run.catalog)
        if holder is not None and run.config.pipeline_models:
            models = _find_models(run.config, holder.where, pipeline_run.pipeline)
            self._begun[run] = list(models)

    @hook_impl
    def after_node_run(self, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]) -> None:
        """Keep a model's input for its signature, if the input is in memory only."""
        run = self.run_of(catalog)
        if run is None or not run.config.pipeline_models:
            return
        for begun in self._begun.get(run, ()):
            name = begun.choice.settings.input
            if name in outputs and name in run.plan.unlisted:
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
                    "%s: the model is not logged; the run is complete otherwise. Once that is "
                    "mended, `kedro mlflow modelify %s` does it. (%s)",
                    begun.choice.where,
                    begun.choice.name,
                    why,
                )


@dataclass
class _Begun:
    """A model that a run trains, or a part of it.

    Attributes:
        choice: The model.
        training: The part of its training pipeline that the run runs.
        model_input: Its input, if a node has returned it and it is in memory only.
    """

    choice: Choice
    training: Training
    model_input: Any = None


def _find_models(config: Config, where: str, pipeline: Pipeline) -> Iterator[_Begun]:
    """Find the models that a pipeline trains.

    Raises:
        ConfigError: The training and the inference of a model do not fit.
    """
    if not config.pipeline_models:
        return
    from ..pipeline_models import spec as choices

    for name, settings in pipeline_models(config).items():
        choice = choices.choose(name, settings, f"pipeline_models.{name} in {where}")
        training = choice.trained_by(pipeline)
        if training.own:
            yield _Begun(choice, training)


def _log(pipeline_run: PipelineRun, begun: _Begun) -> None:
    from ..pipeline_models import sources
    from ..pipeline_models.building import input_of, log_pipeline_model
    from ..pipeline_models.material import Project
    from ..pipeline_models.training import continues, listed, reason_against
    from ..utils import kedro_internals

    choice, run = begun.choice, pipeline_run.run
    against = reason_against(run, begun.training, choice.name)
    if against is not None:
        logger.info("%s: this run does not log the model: %s.", choice.where, against)
        return
    if not continues(run.config.run, run.key) and begun.training.kept:
        kept = listed(begun.training.kept)
        logger.info("%s: the model holds %s as an earlier run has left it.", choice.where, kept)
    catalog = pipeline_run.catalog
    names = (*choice.artifacts, *choice.parameters, choice.settings.input)
    listed_there = {name: catalog.get(name) for name in names if name in catalog}
    datasets = sources.pinned(
        {name: item for name, item in listed_there.items() if item is not None}
    )
    taken = sources.loaded_from(choice, datasets)
    sources.warn_of_earlier_models(choice, catalog, taken)
    project = Project(run.root, str(kedro_internals.package_name()))
    value = begun.model_input if begun.model_input is not None else input_of(choice, datasets)
    log_pipeline_model(run, choice, project, datasets, value, taken)
    sources.log_inputs(run, choice, datasets, taken)
    opened = run.opened
    if opened is None:
        logger.info("Model '%s' is made, and delivered with the run.", choice.name)
    else:
        logger.info("Model '%s' is logged: runs:/%s/%s", choice.name, opened.run_id, choice.name)
