"""``ClusterRunner``: what the runners of Dask and Ray have in common."""

from __future__ import annotations

import importlib.util
import os
from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.io import DatasetError
from kedro.runner import AbstractRunner

from ..errors import MLflowOnKedroError
from ..utils.kedro_internals import package_name
from .executor import Cluster, NodeExecutor
from .node_call import pickled

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from pluggy import PluginManager


class ClusterRunner(AbstractRunner):
    """Run each node as a task of a cluster, as soon as the nodes on which it depends are done.

    Args:
        address: The address of a cluster that is already running.
        max_workers: The most processes of a local cluster. Default: one per CPU.
        is_async: Load and save each node's inputs and outputs in threads.

    Raises:
        MLflowOnKedroError: The library's package is not installed.
        ValueError: ``max_workers`` is not positive.
    """

    library: ClassVar[str]
    """The package that must be installed."""

    def __init__(
        self, address: Any = None, max_workers: int | None = None, is_async: bool = False
    ) -> None:
        if importlib.util.find_spec(self.library) is None:
            raise MLflowOnKedroError(
                f"{type(self).__name__} needs the package {self.library}: run "
                f"`pip install {self.library}`."
            )
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers should be positive, not {max_workers}")
        super().__init__(is_async=is_async)
        self._address = address
        self._max_workers = max_workers

    @abstractmethod
    def _cluster(self, pipeline: Pipeline, package: str | None) -> AbstractContextManager[Cluster]:
        """Connect to the cluster, or start a local one, for the length of a block."""

    def _worker_count(self, pipeline: Pipeline) -> int:
        """Return how many processes of a local cluster a pipeline can use."""
        # As in Kedro's ParallelRunner: layers of nodes that wait for each other need no workers.
        useful = len(pipeline.nodes) - len(pipeline.grouped_nodes) + 1
        return min(useful, self._max_workers or os.cpu_count() or 1)

    def _get_executor(self, max_workers: int) -> Executor:  # noqa: ARG002 - the cluster decides
        return self._nodes

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        hook_manager: PluginManager | None = None,
        run_id: str | None = None,
    ) -> None:
        if not pipeline.nodes:  # --only-missing-outputs may leave no node
            return
        package = package_name()
        pickled_catalog = self._pickle(catalog, pipeline)
        with self._cluster(pipeline, package) as cluster:
            self._nodes = NodeExecutor(cluster, pipeline, catalog, pickled_catalog, package)
            super()._run(pipeline, catalog, hook_manager, run_id)
            self._nodes.fetch_outputs()

    def _pickle(self, catalog: CatalogProtocol[Any, Any], pipeline: Pipeline) -> bytes:
        try:
            return pickled(catalog)
        except Exception as error:
            names = [name for name in pipeline.datasets() if not _is_picklable(catalog.get(name))]
            raise DatasetError(
                f"{type(self).__name__} cannot send the catalog to its workers: "
                f"{', '.join(sorted(names)) or 'it'} cannot be pickled "
                f"({type(error).__name__}: {error})."
            ) from error


def _is_picklable(item: Any) -> bool:
    try:
        pickled(item)
    except Exception:
        return False
    return True
