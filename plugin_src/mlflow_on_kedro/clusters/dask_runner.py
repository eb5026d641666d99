"""``DaskRunner``: run the nodes of a pipeline on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from .dask_code import is_connected, project_code
from .executor import Cluster, Handle
from .runner import ClusterRunner

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


class DaskRunner(ClusterRunner):
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

    library = "distributed"

    @contextmanager
    def _cluster(self, pipeline: Pipeline, package: str | None) -> Iterator[Cluster]:
        import dask
        import distributed

        make_cluster: Any = distributed.LocalCluster  # Dask's classes have no types
        address = self._address or dask.config.get("scheduler-address", None)
        if address:
            with _client(address) as client, project_code(client, package):
                logger.info("Running on the Dask cluster at %s.", client.scheduler.address)
                yield DaskCluster(client)
            return
        count = self._worker_count(pipeline)
        with (
            _quiet(logging.getLogger("distributed")),
            make_cluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=None,  # by default Dask kills workers at a share of the memory
                dashboard_address="127.0.0.1:0",  # any free port, as the default one may be in use
            ) as cluster,
            _client(cluster) as client,
        ):
            logger.info("Running on a local Dask cluster with %d worker processes.", count)
            yield DaskCluster(client)
            # Of a worker that needs longer than Dask waits, and that Dask then kills.
            logging.getLogger("distributed.nanny").setLevel(logging.ERROR)


class DaskCluster(Cluster):
    """A Dask cluster.

    Args:
        client: A client of it.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def start(
        self, node: str, call: bytes, values: Sequence[Handle], outputs: Sequence[str]
    ) -> tuple[Handle, Sequence[Handle]]:
        """Submit a task for the call, and one for each value, which takes it out of the dict."""
        done = self._submit(node, _opener(), call, *values)
        return done, [self._submit(name, dict.get, done, name) for name in outputs]

    def _submit(self, name: str, *call: Any) -> Any:
        # A unique key, because Dask runs two equal calls only once.
        return self._client.submit(*call, key=f"{name}-{uuid4().hex}")

    def when_done(
        self, node: str, call: Handle, then: Callable[[BaseException | None], None]
    ) -> None:
        """Call a function in a thread of the client."""
        call.add_done_callback(lambda _: then(self._error(node, call)))

    def _error(self, node: str, call: Handle) -> BaseException | None:
        if call.status == "finished":
            return None
        if call.status != "error":
            return RuntimeError(self._lost(node, call.status))
        try:
            error: BaseException = call.exception()
            return error.with_traceback(call.traceback())
        except Exception as unreadable:  # Kedro waits for the node, which must end in any case
            return unreadable

    def _lost(self, node: str, status: str) -> str:
        if is_connected(self._client):
            return f"The Dask cluster has lost node '{node}' ({status})."
        return (
            f"The connection to the Dask scheduler at {self._client.scheduler.address} was lost "
            f"while node '{node}' waited or ran. The scheduler may have ended, or the network may "
            "have failed. What the finished nodes have logged is kept."
        )

    def fetch(self, values: Sequence[Handle]) -> Sequence[Any]:
        """Gather values from the workers that have them."""
        gathered: Sequence[Any] = self._client.gather(list(values))
        return gathered

    def cancel(self, calls: Sequence[Handle]) -> None:
        """Cancel calls that no worker has begun."""
        self._client.cancel(list(calls))


@contextmanager
def _client(address: Any) -> Iterator[Any]:
    """Connect to a cluster; if its scheduler has gone in the end, do not show Dask's tracebacks."""
    import distributed

    dask_logger = logging.getLogger("distributed.client")
    level = dask_logger.level
    make_client: Any = distributed.Client  # it has no types
    try:
        with make_client(address, set_as_default=False) as client:
            try:
                yield client
            finally:
                if not is_connected(client):  # the runner's own error says so
                    dask_logger.setLevel(logging.CRITICAL)
    finally:
        dask_logger.setLevel(level)


def _opener() -> Callable[..., Any]:
    # Dask's scheduler unpickles the calls, too, but has neither the project nor this plugin. So a
    # call consists of bytes and of a nested function, which is pickled by its code.
    def open_and_call(pickled: bytes, *values: Any) -> Any:
        import pickle

        return pickle.loads(pickled)(*values)  # noqa: S301 - from the client, like all that Dask runs

    return open_and_call


@contextmanager
def _quiet(dask_logger: logging.Logger) -> Iterator[None]:
    """Silence Dask's INFO messages, which it shows by default, in the pipeline's log."""
    level, nanny = dask_logger.level, logging.getLogger("distributed.nanny")
    nanny_level = nanny.level
    if level == logging.INFO:
        dask_logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        dask_logger.setLevel(level)
        nanny.setLevel(nanny_level)
