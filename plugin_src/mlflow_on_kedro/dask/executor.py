"""Run Kedro's tasks on a Dask cluster: an executor, and the function that workers run."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Executor, Future
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kedro.runner.task import Task

from ..runs.run_dataset import register_hooks_in_worker
from ..utils import kedro_internals

if TYPE_CHECKING:
    from types import TracebackType

    from kedro.io import AbstractDataset, CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


class NodeExecutor(Executor):
    """Submit Kedro's tasks to a Dask cluster, and keep values between nodes on the cluster.

    Args:
        client: A client of the cluster.
        pipeline: The pipeline that runs.
        catalog: The pipeline's catalog.
        pickled_catalog: The same catalog, pickled.
        package: The project's package.
    """

    def __init__(
        self,
        client: Any,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        pickled_catalog: bytes,
        package: str | None,
    ) -> None:
        self._client = client
        self._catalog = catalog
        self._pickled_catalog = pickled_catalog
        self._package = package
        self._outputs = pipeline.outputs()
        self._loads = Counter(chain.from_iterable(node.inputs for node in pipeline.nodes))
        self._values: dict[str, Any] = {}
        self._running: dict[Future[Node], Any] = {}

    def submit(self, task: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        """Start a node; the future's result is the node, or the exception that it has raised."""
        node: Node = task.node
        inputs = [name for name in node.inputs if name in self._values]
        outputs = [
            name for name in node.outputs if kedro_internals.is_in_memory(self._catalog.get(name))
        ]
        options = {"run_id": task.run_id, "is_async": task.is_async}
        call = partial(
            _run_node, node, self._pickled_catalog, options, self._package, inputs, outputs
        )
        values = [self._values[name] for name in inputs]
        done = self._submit(node.name, _opener(), _dumps(call), *values)
        for name in outputs:
            self._values[name] = self._submit(name, dict.get, done, name)
        future: Future[Node] = Future()
        future.set_running_or_notify_cancel()
        self._running[future] = done
        done.add_done_callback(lambda _: self._finish(node, future))
        return future

    def _submit(self, name: str, *call: Any) -> Any:
        # A unique key, because Dask runs two equal calls only once.
        return self._client.submit(*call, key=f"{name}-{uuid4().hex}")

    def _finish(self, node: Node, future: Future[Node]) -> None:
        done = self._running.pop(future)
        try:
            error = self._error(node, done)
        except Exception as unreadable:  # Kedro waits for the future, which must end in any case
            error = unreadable
        if error is not None:
            future.set_exception(error)
            return
        for name in node.inputs:
            self._loads[name] -= 1
            if not self._loads[name] and name not in self._outputs:
                self._values.pop(name, None)  # Dask then deletes the value in the workers
        future.set_result(node)

    @staticmethod
    def _error(node: Node, done: Any) -> BaseException | None:
        if done.status == "finished":
            return None
        if done.status == "error":
            error: BaseException = done.exception()
            return error.with_traceback(done.traceback())
        return RuntimeError(f"The Dask cluster has lost node '{node.name}' ({done.status}).")

    def fetch_outputs(self) -> None:
        """Save the pipeline's outputs that are only in memory to this process's catalog."""
        wanted = {name: self._values[name] for name in self._outputs & self._values.keys()}
        for name, value in self._client.gather(wanted).items():
            _put(self._catalog[name], value)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the running nodes, or cancel them."""
        if cancel_futures:
            self._client.cancel(list(self._running.values()))
        if wait:
            futures.wait(list(self._running))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for other nodes after a failure, as Kedro's runners do, but not after Ctrl-C."""
        interrupted = kind is not None and not issubclass(kind, Exception)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)


def _opener() -> Callable[..., Any]:
    # Dask's scheduler unpickles the calls, too, but has neither the project nor this plugin. So a
    # call consists of bytes and of a nested function, which is pickled by its code.
    def open_and_call(pickled: bytes, *values: Any) -> Any:
        import pickle

        return pickle.loads(pickled)(*values)  # noqa: S301 - from the client, like all that Dask runs

    return open_and_call


def _dumps(item: Any) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]

    return bytes(cloudpickle.dumps(item))


def _run_node(
    node: Node,
    pickled_catalog: bytes,
    options: dict[str, Any],
    package: str | None,
    inputs: list[str],
    outputs: list[str],
    *values: Any,
) -> dict[str, Any]:
    """Run a node in a worker, and return those of its outputs that are only in memory."""
    register_hooks_in_worker(package)
    catalog = pickle.loads(pickled_catalog)  # noqa: S301 - from the client, like all that Dask runs
    for name, value in zip(inputs, values, strict=True):
        _put(catalog[name], value)
    try:
        # `parallel`: the task makes its own hook manager, as in a process of ParallelRunner.
        Task(node=node, catalog=catalog, parallel=True, **options).execute()
    except (SystemExit, KeyboardInterrupt) as end:  # would end the worker, and Dask would retry
        raise RuntimeError(f"Node '{node.name}' wanted to end its process: {end!r}") from end
    return {name: catalog[name].load() for name in outputs if catalog[name].exists()}


def _put(dataset: AbstractDataset[Any, Any], value: Any) -> None:
    if value is not None:  # a generator node without items returns None, which Kedro cannot save
        dataset.save(value)
