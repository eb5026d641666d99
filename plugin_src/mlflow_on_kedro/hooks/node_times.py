"""``NodeTimesHook``: measures nodes, loads and saves for the hooks that log their durations."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kedro.framework.hooks import hook_impl

from ..journal.span import Span, current_worker
from ..utils import import_times
from ..utils.pipeline_info import is_parameter
from .base import NodeScope, PipelineRun, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from ..journal.usage import Usage
    from ..tracking.tracked_run import TrackedRun


class _Moment(NamedTuple):
    """A time, in seconds since the epoch, and the seconds that this thread has imported until then.

    Attributes:
        time: The time.
        imported: The seconds.
    """

    time: float
    imported: float


class _TimingScope(NodeScope):
    """The begin of everything in progress in this thread.

    Attributes:
        begins: When a node, by its name, or a save, by its dataset's, has begun.
        usage_end: Ends the sampling of what the node uses, and returns it; None: no sampling.
    """

    def __init__(self) -> None:
        self.begins: dict[tuple[str, str], _Moment] = {}
        self.usage_end: Callable[[], tuple[Usage, ...]] | None = None


class NodeTimesHook(TrackingHook):
    """Base of the hooks that log how long nodes, loads and saves take."""

    def __init__(self, enable_mlflow: bool = True, **arguments: Any) -> None:
        super().__init__(enable_mlflow, **arguments)
        self._scope = _TimingScope()
        # A load ends before any hook knows its run; with --async even in another thread. Its times
        # wait here for `before_node_run`, which gets the same object.
        self._loading: dict[tuple[str, str, int], _Moment] = {}
        self._loaded: dict[tuple[str, str, int], list[tuple[_Moment, _Moment]]] = {}
        self._lock = threading.Lock()

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Begin to measure imports."""
        import_times.start()

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Measure imports no longer."""
        import_times.stop()

    def prepare(self, run: TrackedRun) -> None:
        """Do what has to happen before a node begins, and is no part of its duration."""

    def log_begin(
        self, run: TrackedRun, kind: Literal["run", "save"], node: Node, name: str, begin: float
    ) -> None:
        """Log that a node or a save has begun."""

    def log_span(
        self, run: TrackedRun, node: Node, span: Span, error: Exception | None = None
    ) -> None:
        """Log a node, load or save that has ended.

        Args:
            run: The pipeline's run.
            node: The node.
            span: What was measured.
            error: The error of a node that failed.
        """
        raise NotImplementedError

    def unfinished_loads(self, pipeline: Pipeline) -> list[tuple[str, str, float]]:
        """Take the loads that have begun and not ended: Kedro calls no hook for a failed load.

        Returns:
            The node, the dataset, and the begin of each load.
        """
        nodes = {node.name for node in pipeline.nodes}
        begun = {key: begin for key, begin in list(self._loading.items()) if key[0] in nodes}
        for key in begun:
            self._loading.pop(key, None)
        return [(node, name, begin.time) for (node, name, _), begin in begun.items()]

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Note when a load begins; one of a parameter takes no time."""
        if is_parameter(dataset_name):
            return
        self._loading[node.name, dataset_name, threading.get_ident()] = _now()

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Keep a load's begin and end for ``before_node_run``."""
        begin = self._loading.pop((node.name, dataset_name, threading.get_ident()), None)
        if begin is not None:
            with self._lock:
                waiting = self._loaded.setdefault((node.name, dataset_name, id(data)), [])
                waiting.append((begin, _now()))

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log the node's loads, and note when the node begins."""
        run = self.run_of(catalog)
        self._scope.run, self._scope.catalog = run, catalog
        if run is not None:
            import_times.start()  # in a worker the pipeline has not begun
        for name, data in inputs.items():
            times = self._take_load(node.name, name, data)
            if run is not None and times is not None:
                self._log(run, node, "load", name, *times)
        if run is not None:
            with run.guard():
                self.prepare(run)
        self._begin("run", node.name, node)

    @hook_impl
    def after_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]
    ) -> None:
        """Log the node's duration; that of a generator node when it has yielded its last chunk."""
        if inspect.isgeneratorfunction(node.func):
            for name, chunks in outputs.items():
                outputs[name] = self._timed(chunks, node, catalog)
        else:
            self._log_node(node, catalog)

    @hook_impl
    def on_node_error(
        self, error: Exception, node: Node, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Log how long the node ran until it failed."""
        self._log_node(node, catalog, error)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note when a save begins."""
        self._begin("save", dataset_name, node)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Log a save's duration."""
        begin = self._scope.begins.pop(("save", dataset_name), None)
        run = self._scope.run
        if run is not None and begin is not None:
            self._log(run, node, "save", dataset_name, begin, _now())
            run.settle()

    def _begin(self, kind: Literal["run", "save"], name: str, node: Node) -> None:
        begin = self._scope.begins[kind, name] = _now()
        run = self._scope.run
        if run is not None:
            with run.guard():
                self.log_begin(run, kind, node, name, begin.time)

    def _take_load(self, node: str, name: str, data: Any) -> tuple[_Moment, _Moment] | None:
        key = (node, name, id(data))
        with self._lock:
            waiting = self._loaded.get(key)
            # The last: a node whose other inputs could not be loaded leaves its times here.
            times = waiting.pop() if waiting else None
            if not waiting:
                self._loaded.pop(key, None)
        return times

    def _timed(
        self, chunks: Iterator[Any], node: Node, catalog: CatalogProtocol[Any, Any]
    ) -> Iterator[Any]:
        yield from chunks
        self._log_node(node, catalog)
        run = self.run_of(catalog)
        if run is not None:
            run.settle()

    def _log_node(
        self, node: Node, catalog: CatalogProtocol[Any, Any], error: Exception | None = None
    ) -> None:
        begin = self._scope.begins.pop(("run", node.name), None)
        run = self.run_of(catalog)
        if run is not None and begin is not None:
            self._log(run, node, "run", node.name, begin, _now(), error)
            if error is not None or not node.outputs:  # otherwise the saves are still to come
                run.settle()

    def _log(
        self,
        run: TrackedRun,
        node: Node,
        kind: Literal["load", "run", "save"],
        name: str,
        begin: _Moment,
        end: _Moment,
        error: Exception | None = None,
    ) -> None:
        with run.guard():
            span = Span(
                kind,
                node.name,
                name,
                begin.time,
                end.time,
                step=run.pipeline_info.steps.get(node.name, 0),
                failed=error is not None,
                worker=current_worker(),
                imports=max(0.0, end.imported - begin.imported),
            )
            self.log_span(run, node, span, error)


def _now() -> _Moment:
    return _Moment(time.time(), import_times.seconds())
