"""``DaskRunner``: run the nodes of a pipeline on a Dask cluster."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError
from kedro.runner import AbstractRunner

from ..errors import MLflowOnKedroError
from ..utils.kedro_internals import package_name
from .executor import NodeExecutor
from .worker_code import project_code

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from pluggy import PluginManager

logger = logging.getLogger(__name__)


class DaskRunner(AbstractRunner):
    """Run each node as a Dask task, as soon as the nodes on which it depends are done.

    Datasets that are not in the catalog stay in the workers' memory; this process gets only those
    outputs of the pipeline that no dataset stores. The workers of a cluster that is already running
    get the project's code with the run; packages and the folders of the catalog's datasets
    must exist there. Dask runs a node again when its worker dies.

    Args:
        address: A scheduler's address, or a cluster object of Dask. Default: Dask's own setting
            ``scheduler-address`` (``DASK_SCHEDULER_ADDRESS``); without one a local cluster of
            processes, which ends with the run.
        max_workers: The most processes of a local cluster. Default: one per CPU.
        is_async: Load and save each node's inputs and outputs in threads.

    Raises:
        MLflowOnKedroError: The package distributed is not installed.
        ValueError: ``max_workers`` is not positive.

    Example:
        >>> runner = DaskRunner(max_workers=2)  # kedro run --runner=mlflow_on_kedro.DaskRunner
    """

    def __init__(
        self, address: Any = None, max_workers: int | None = None, is_async: bool = False
    ) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise MLflowOnKedroError(
                "DaskRunner needs the package distributed: run `pip install distributed`."
            )
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers should be positive, not {max_workers}")
        super().__init__(is_async=is_async)
        self._address = address
        self._max_workers = max_workers

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
        pickled_catalog = _pickle(catalog, pipeline)
        with self._client(pipeline, package) as client:
            self._nodes = NodeExecutor(client, pipeline, catalog, pickled_catalog, package)
            super()._run(pipeline, catalog, hook_manager, run_id)
            self._nodes.fetch_outputs()

    @contextmanager
    def _client(self, pipeline: Pipeline, package: str | None) -> Iterator[Any]:
        import dask
        import distributed

        # Dask's classes have no types.
        make_client: Any = distributed.Client
        make_cluster: Any = distributed.LocalCluster
        address = self._address or dask.config.get("scheduler-address", None)
        if address:
            with (
                make_client(address, set_as_default=False) as client,
                project_code(client, package),
            ):
                logger.info("Running on the Dask cluster at %s.", client.scheduler.address)
                yield client
            return
        # As in Kedro's ParallelRunner: layers of nodes that wait for each other need no workers.
        useful = len(pipeline.nodes) - len(pipeline.grouped_nodes) + 1
        count = min(useful, self._max_workers or os.cpu_count() or 1)
        with (
            _quiet(logging.getLogger("distributed")),
            make_cluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=None,  # by default Dask kills workers at a share of the memory
                dashboard_address="127.0.0.1:0",  # any free port, as the default one may be in use
            ) as cluster,
            make_client(cluster, set_as_default=False) as client,
        ):
            logger.info("Running on a local Dask cluster with %d worker processes.", count)
            yield client


@contextmanager
def _quiet(dask_logger: logging.Logger) -> Iterator[None]:
    """Silence Dask's INFO messages, which it shows by default, in the pipeline's log."""
    level = dask_logger.level
    if level == logging.INFO:
        dask_logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        dask_logger.setLevel(level)


def _pickle(catalog: CatalogProtocol[Any, Any], pipeline: Pipeline) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]

    def problem(item: Any) -> Exception | None:
        try:
            cloudpickle.dumps(item)
        except Exception as error:
            return error
        return None

    try:
        return bytes(cloudpickle.dumps(catalog))
    except Exception as error:
        names = sorted(name for name in pipeline.datasets() if problem(catalog.get(name)))
        raise DatasetError(
            f"DaskRunner cannot send the catalog to its workers: {', '.join(names) or 'it'} cannot "
            f"be pickled ({type(error).__name__}: {error})."
        ) from error
