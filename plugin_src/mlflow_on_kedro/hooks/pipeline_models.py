"""``MLflowPipelineModelLoggerHook``: an inference pipeline as a model, once it is trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kedro.framework.hooks import hook_impl

from ..config.checks import FILE
from ..config.model_entries import pipeline_models
from ..errors import MLflowOnKedroError
from ..tracking.failures import reason
from .base import PipelineRun, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..pipeline_models.choice import Choice
    from ..run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowPipelineModelLoggerHook(TrackingHook):
    """Logs inference pipelines as models, as ``pipeline_models`` in mlflow.yml says.

    A model is logged when all nodes of its training pipeline have run, and none has failed. What
    its pipelines lack is said before they run.

    Args:
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> HOOKS = (MLflowPipelineModelLoggerHook(),)
    """

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)
        # Of each run in progress: several may run at once in one process.
        self._choices: WeakKeyDictionary[TrackedRun, list[Choice]] = WeakKeyDictionary()
        self._inputs: WeakKeyDictionary[TrackedRun, dict[str, Any]] = WeakKeyDictionary()

    def begin(self, session: PipelineRun) -> None:
        """Find the models that this pipeline trains, and check that they can be made."""
        if not session.run.config.pipeline_models:
            return
        self._choices[session.run] = list(_trained(session))
        self._inputs[session.run] = {}

    @hook_impl
    def after_node_run(self, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]) -> None:
        """Keep a model's input for its signature, if it is in memory only."""
        run = self.run_of(catalog)
        if run is None or not run.config.pipeline_models:
            return
        for choice in self._choices.get(run, ()):
            name = choice.settings.input
            if name in outputs and name in run.plan.unlisted:
                self._inputs[run][name] = outputs[name]

    def finish(self, session: PipelineRun, error: Exception | None) -> None:
        """Log the models; one that cannot be made is said, and fails nothing."""
        run = session.run
        choices, inputs = self._choices.pop(run, []), self._inputs.pop(run, {})
        for choice in choices if error is None else ():
            try:
                _log(session, choice, inputs.get(choice.settings.input))
            except Exception as failure:
                if run.config.tracking.on_failure == "raise":
                    raise
                said = (
                    failure.message if isinstance(failure, MLflowOnKedroError) else reason(failure)
                )
                logger.warning(
                    "%s: the model is not logged; the run is complete otherwise. Once that is "
                    "mended, `kedro mlflow modelify %s` does it. (%s)",
                    choice.where,
                    choice.name,
                    said,
                )


def _trained(session: PipelineRun) -> Iterator[Choice]:
    from ..pipeline_models.choice import choose

    for name, settings in pipeline_models(session.run.config).items():
        choice = choose(name, settings, f"pipeline_models.{name} in {FILE}")
        if choice.is_trained_by(session.pipeline):
            choice.check_catalog(session.catalog)
            choice.check_files(session.run.root)
            choice.check_secrets(session.run.secret_params, session.catalog)
            yield choice


def _log(session: PipelineRun, choice: Choice, model_input: Any) -> None:
    from .. import carrier
    from ..pipeline_models.building import Project, input_of, log_pipeline_model

    names = (*choice.artifacts, *choice.parameters, choice.settings.input)
    datasets = {name: session.catalog.get(name) for name in names if name in session.catalog}
    found = {name: dataset for name, dataset in datasets.items() if dataset is not None}
    project = Project(session.run.root, str(carrier.package_name()))
    value = model_input if model_input is not None else input_of(choice, found)
    log_pipeline_model(session.run, choice, project, found, value)
    opened = session.run.opened
    if opened is None:
        logger.info("Model '%s' is made, and delivered with the run.", choice.name)
    else:
        logger.info("Model '%s' is logged: runs:/%s/%s", choice.name, opened.run_id, choice.name)
