"""``MLflowArtifactsLoggerHook``: files and folders that are logged without an MLflow dataset."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..config.parsing import override
from ..config.sections import Artifacts
from ..datasets.changed_files import before_save, log_written
from ..datasets.local_files import FileStates
from ..tracking.artifact_names import folder_of
from ..utils.pipeline_info import untranscoded
from .artifact_files import expand
from .base import NodeScope, PipelineRun, TrackingHook, listed
from .registered_names import warn_of_unknown

if TYPE_CHECKING:
    from kedro.io import AbstractDataset, CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class _SavingScope(NodeScope):
    """What lay in the folders of datasets that are being saved in this thread."""

    def __init__(self) -> None:
        self.before: dict[str, FileStates] = {}


class MLflowArtifactsLoggerHook(TrackingHook):
    """Logs files, folders and globs before and after the pipeline, and the files of datasets.

    Args:
        filepaths_before_pipeline_run: What to log before the pipeline runs; relative paths count
            from the project's root.
        filepaths_after_pipeline_run: What to log after it, also when it failed.
        datasets_after_node_run: Names of datasets whose file is logged once it is saved.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowArtifactsLoggerHook(filepaths_before_pipeline_run=["conf/base/*.yml"])
    """

    section: ClassVar[str] = "artifacts"

    def __init__(
        self,
        filepaths_before_pipeline_run: Sequence[str] | str | None = None,
        filepaths_after_pipeline_run: Sequence[str] | str | None = None,
        datasets_after_node_run: Sequence[str] | str | None = None,
        enable_mlflow: bool = True,
    ) -> None:
        super().__init__(enable_mlflow)
        self._given = {
            "before_pipeline_run": listed(filepaths_before_pipeline_run),
            "after_pipeline_run": listed(filepaths_after_pipeline_run),
            "after_node_run": listed(datasets_after_node_run),
        }
        self._scope = _SavingScope()

    def overrides(self) -> dict[str, dict[str, Any]]:
        """The section ``artifacts``."""
        return {"artifacts": self._given}

    def _settings(self, run: TrackedRun) -> Artifacts:
        return override(run.config.artifacts, **self._given)

    def begin(self, session: PipelineRun) -> None:
        """Log what is to be logged before the pipeline."""
        settings = self._settings(session.run)
        _log_files(session.run, settings.before_pipeline_run)
        warn_of_unknown(
            "artifacts.after_node_run: no node saves a dataset '%s', so nothing is logged for it.",
            settings.after_node_run,
            session.pipeline,
            session.run_params,
            lambda pipeline: pipeline.all_outputs(),
        )

    def finish(self, session: PipelineRun, error: Exception | None) -> None:
        """Log what is to be logged after the pipeline."""
        _log_files(session.run, self._settings(session.run).after_pipeline_run)

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Remember whose node runs in this thread."""
        run = self.run_of(catalog)
        self._scope.run = run.of_node(node.name) if run is not None else None
        self._scope.catalog = catalog

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note what lies in the folder of a named dataset that an earlier run may have left."""
        run, dataset = self._scope.run, self._named(dataset_name)
        if run is not None and dataset is not None:
            with run.guard():
                self._scope.before[dataset_name] = before_save(dataset, data, run.logged)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Log the file that a named dataset has just written."""
        run, dataset = self._scope.run, self._named(dataset_name)
        if run is None or dataset is None:
            return
        with run.guard():
            before = self._scope.before.pop(dataset_name, {})
            name = untranscoded(dataset_name)
            folder = folder_of(name) if name in run.plan.own_folders else ""
            if not log_written(run, dataset, data, before, folder, run.logged):
                logger.warning("'%s' has no local file that could be logged.", dataset_name)
                return
            run.settle()

    def _named(self, name: str) -> AbstractDataset[Any, Any] | None:
        """The dataset of a name that is to be logged."""
        run, catalog = self._scope.run, self._scope.catalog
        if run is None or catalog is None or name not in self._settings(run).after_node_run:
            return None
        return catalog.get(name)


def _log_files(run: TrackedRun, patterns: Sequence[str]) -> None:
    for file in expand(patterns, run.root):
        run.log_artifact(file.path, file.folder)
