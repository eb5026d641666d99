"""``NodeExecutor``: runs Kedro's tasks on a cluster of any kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Executor, Future
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from ..utils import kedro_internals
from .node_call import node_call, put

if TYPE_CHECKING:
    from types import TracebackType

    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

Handle = Any
"""What stands for a call or a value on the cluster, which removes a value without a handle."""


class Cluster(ABC):
    """What an executor needs of a cluster; one subclass for each library."""

    @abstractmethod
    def start(
        self, node: str, call: bytes, values: Sequence[Handle], outputs: Sequence[str]
    ) -> tuple[Handle, Sequence[Handle]]:
        """Start a call in a worker.

        Args:
            node: The name of the node that it runs.
            call: The pickled function, which returns a dict.
            values: The function's arguments.
            outputs: The keys of the dict.

        Returns:
            The call, and each of the dict's values, which stay on the cluster.
        """

    @abstractmethod
    def when_done(
        self, node: str, call: Handle, then: Callable[[BaseException | None], None]
    ) -> None:
        """Call a function in any thread when a call has ended, with its exception, or None."""

    @abstractmethod
    def fetch(self, values: Sequence[Handle]) -> Sequence[Any]:
        """Bring values from the cluster into this process."""

    @abstractmethod
    def cancel(self, calls: Sequence[Handle]) -> None:
        """Cancel calls, as far as they have not ended."""


class NodeExecutor(Executor):
    """Submit Kedro's tasks to a cluster, and keep values between nodes on the cluster.

    Args:
        cluster: The cluster.
        pipeline: The pipeline that runs.
        catalog: The pipeline's catalog.
        pickled_catalog: The same catalog, pickled.
        package: The project's package.
    """

    def __init__(
        self,
        cluster: Cluster,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        pickled_catalog: bytes,
        package: str | None,
    ) -> None:
        self._cluster = cluster
        self._catalog = catalog
        self._pickled_catalog = pickled_catalog
        self._package = package
        self._outputs = pipeline.outputs()
        self._loads = Counter(chain.from_iterable(node.inputs for node in pipeline.nodes))
        self._values: dict[str, Handle] = {}
        self._running: dict[Future[Node], Handle] = {}

    def submit(self, task: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        """Start a node; the future's result is the node, or the exception that it has raised."""
        node: Node = task.node
        inputs = [name for name in node.inputs if name in self._values]
        outputs = [
            name for name in node.outputs if kedro_internals.is_in_memory(self._catalog.get(name))
        ]
        try:
            code = node_call(task, self._pickled_catalog, self._package, inputs, outputs)
        except Exception as error:
            raise MLflowOnKedroError(
                f"Node '{node.name}' cannot be sent to a worker: its function cannot be pickled "
                f"({type(error).__name__}: {error})."
            ) from error
        taken = [self._values[name] for name in inputs]
        call, made = self._cluster.start(node.name, code, taken, outputs)
        self._values.update(zip(outputs, made, strict=True))
        future: Future[Node] = Future()
        future.set_running_or_notify_cancel()
        self._running[future] = call
        self._cluster.when_done(node.name, call, lambda error: self._finish(node, future, error))
        return future

    def _finish(self, node: Node, future: Future[Node], error: BaseException | None) -> None:
        del self._running[future]
        if error is not None:
            future.set_exception(error)
            return
        for name in node.inputs:
            self._loads[name] -= 1
            if not self._loads[name] and name not in self._outputs:
                self._values.pop(name, None)  # the cluster then deletes the value in the workers
        future.set_result(node)

    def fetch_outputs(self) -> None:
        """Save the pipeline's outputs that are only in memory to this process's catalog."""
        names = sorted(self._outputs & self._values.keys())
        values = self._cluster.fetch([self._values[name] for name in names])
        for name, value in zip(names, values, strict=True):
            put(self._catalog[name], value)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the running nodes, or cancel them."""
        if cancel_futures:
            self._cluster.cancel(list(self._running.values()))
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
