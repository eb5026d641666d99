"""``MLflowArtifactsLoggerHook``: files and folders that no MLflow dataset logs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..datasets.changed_files import before_save, log_written
from ..datasets.local_files import FileStates
from ..tracking.artifact_files import expand
from ..tracking.artifact_names import folder_of
from ..utils.pipeline_info import untranscoded
from .base import NodeScope, PipelineRun, TrackingHook, as_list
from .changing_files import ChangingFiles
from .registered_names import warn_of_unknown

if TYPE_CHECKING:
    from kedro.io import AbstractDataset, CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class _SavingScope(NodeScope):
    """The files in the folders of datasets before this thread saves these datasets."""

    def __init__(self) -> None:
        self.before: dict[str, FileStates] = {}


class MLflowArtifactsLoggerHook(TrackingHook):
    """Logs files, folders and globs before and after the pipeline, and the files of datasets.

    Args:
        filepaths_before_pipeline_run: Paths and globs to log before the pipeline; relative ones
            count from the project's root.
        filepaths_after_pipeline_run: Paths and globs to log after it, also when it failed.
        datasets_after_node_run: Names of datasets whose files are logged after each save.
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
        super().__init__(
            enable_mlflow,
            before_pipeline_run=as_list(filepaths_before_pipeline_run),
            after_pipeline_run=as_list(filepaths_after_pipeline_run),
            after_node_run=as_list(datasets_after_node_run),
        )
        self._scope = _SavingScope()

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Return the section ``artifacts``."""
        return {"artifacts": self.arguments}

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log the files for before the pipeline, and warn of unknown datasets."""
        run, settings = pipeline_run.run, self.settings(pipeline_run.run.config)
        _log_files(run, settings.before_pipeline_run)
        if settings.every is not None:
            ChangingFiles.watch(run, settings.after_pipeline_run, settings.every)
        warn_of_unknown(
            "artifacts.after_node_run: no node saves a dataset '%s', so nothing is logged for it.",
            settings.after_node_run,
            pipeline_run.pipeline,
            pipeline_run.run_params,
            lambda pipeline: pipeline.all_outputs(),
        )

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Log the files for after the pipeline."""
        run, patterns = pipeline_run.run, self.settings(pipeline_run.run.config).after_pipeline_run
        watched = ChangingFiles.stop(run)
        if watched is None:
            _log_files(run, patterns)
        else:
            watched.log_rest()

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Note the run and catalog of the node in this thread."""
        run = self.run_of(catalog)
        self._scope.run = run.of_node(node.name) if run is not None else None
        self._scope.catalog = catalog

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note the files of earlier runs in the folder of a chosen dataset."""
        run, dataset = self._scope.run, self._chosen(dataset_name)
        if run is not None and dataset is not None:
            with run.guard():
                self._scope.before[dataset_name] = before_save(dataset, data, run.logged)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Log the files that a chosen dataset has just written."""
        run, dataset = self._scope.run, self._chosen(dataset_name)
        if run is None or dataset is None:
            return
        with run.guard():
            before = self._scope.before.pop(dataset_name, {})
            name = untranscoded(dataset_name)
            folder = folder_of(name) if name in run.pipeline_info.own_folders else ""
            if not log_written(run, dataset, data, before, folder, run.logged):
                logger.warning("'%s' has no local file that could be logged.", dataset_name)
                return
            run.settle()

    def _chosen(self, name: str) -> AbstractDataset[Any, Any] | None:
        """The dataset of this name, if its files are logged."""
        run, catalog = self._scope.run, self._scope.catalog
        if run is None or catalog is None or name not in self.settings(run.config).after_node_run:
            return None
        return catalog.get(name)


def _log_files(run: TrackedRun, patterns: Sequence[str]) -> None:
    for file in expand(patterns, run.root):
        run.log_artifact(file.path, file.folder)
