"""``MLflowTimeLoggerHook``: how long everything took, as metrics and as a Gantt chart."""

from __future__ import annotations

import importlib.util
import inspect
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kedro.framework.hooks import hook_impl

from ..config.parsing import override
from ..config.sections import Time
from ..errors import ConfigError
from ..journal.entries import SpanRecord
from ..journal.span import Span
from ..timeline import chart, shared_chart, span_metrics
from ..timeline.current_run_spans import collect_spans
from ..timeline.shared_chart import GANTT_ARTIFACT
from ..tracking import timing_metrics
from ..tracking.timing_metrics import FAILED_NODE_TAG
from ..utils.pipeline_info import is_parameter
from ..utils.plotly_page import with_plotly
from ..utils.replacing import write_text
from .base import NodeScope, PipelineRun, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_USUAL_NAMES = timing_metrics.Names()


class _TimingScope(NodeScope):
    """When what goes on in this thread began, in seconds since the epoch."""

    def __init__(self) -> None:
        self.begins: dict[tuple[str, str], float] = {}


class MLflowTimeLoggerHook(TrackingHook):
    """Logs the duration of each node, load and save in seconds, and a Gantt chart of the run.

    Args:
        gantt_filepath: A local file for the chart too; relative paths count from the project's
            root.
        gantt_params: Arguments for the chart: see :func:`mlflow_on_kedro.timeline.chart.figure`.
        metric_name_prefix: What a node's metric begins with. Default: ``time/node/``.
        task_name_func: Names a node, in its metric and in the chart. Default: the node's name.
        time_log_filepath: A local JSON file for the times.
        enable_plotly: Draw the chart.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowTimeLoggerHook(gantt_params={"title": "Nightly training"})
    """

    section: ClassVar[str] = "time"

    def __init__(
        self,
        gantt_filepath: str | None = None,
        gantt_params: Mapping[str, Any] | None = None,
        metric_name_prefix: str | None = None,
        task_name_func: Callable[[Node], str] | None = None,
        time_log_filepath: str | None = None,
        enable_plotly: bool | None = None,
        enable_mlflow: bool = True,
    ) -> None:
        super().__init__(enable_mlflow)
        self._given = {
            "gantt_filepath": gantt_filepath,
            "gantt_params": gantt_params,
            "prefix": metric_name_prefix,
            "gantt": enable_plotly,
            "time_log_filepath": time_log_filepath,
        }
        self._task_name = task_name_func or _node_name
        self._scope = _TimingScope()
        # Loads end before any hook knows their run; with --async even in another thread. They wait
        # here for `before_node_run`, which gets the very same data.
        self._loading: dict[tuple[str, str, int], float] = {}
        self._loaded: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def _settings(self, run: TrackedRun) -> Time:
        return override(run.config.time, **self._given)

    def _names(self, run: TrackedRun) -> timing_metrics.Names:
        prefix = self._settings(run).prefix
        return _USUAL_NAMES if prefix is None else timing_metrics.Names(run=prefix)

    def begin(self, session: PipelineRun) -> None:
        """Say how the metrics of nodes are named, for who reads them without mlflow.yml."""
        prefix = self._settings(session.run).prefix
        if prefix is not None:
            session.run.set_tag(timing_metrics.PREFIX_TAG, prefix)

    # -- measuring -----------------------------------------------------------------------------

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Note when a load begins."""
        self._loading[node.name, dataset_name, threading.get_ident()] = time.time()

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Keep a load's begin and end for ``before_node_run``."""
        begin = self._loading.pop((node.name, dataset_name, threading.get_ident()), None)
        if begin is not None and not is_parameter(dataset_name):
            with self._lock:
                waiting = self._loaded.setdefault((node.name, dataset_name, id(data)), [])
                waiting.append((begin, time.time()))

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log the node's loads, and note when the node begins."""
        run = self.run_of(catalog)
        self._scope.run, self._scope.catalog = run, catalog
        for name, data in inputs.items():
            times = self._take_load(node.name, name, data)
            if run is not None and times is not None:
                self._log(run, node, "load", name, *times)
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
        self._log_node(node, catalog, failed=True, error=error)

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
            self._log(run, node, "save", dataset_name, begin, time.time())
            run.settle()

    def _begin(self, kind: Literal["run", "save"], name: str, node: Node) -> None:
        begin = self._scope.begins[kind, name] = time.time()
        run = self._scope.run
        if run is not None and run.config.trace:
            with run.guard():  # if it never ends, the trace can say so
                run.log_span(SpanRecord(kind, node.name, name, begin, end=0.0))

    def _take_load(self, node: str, name: str, data: Any) -> tuple[float, float] | None:
        key = (node, name, id(data))
        with self._lock:
            waiting = self._loaded.get(key)
            # The last one: a node whose other inputs could not be loaded leaves its times here.
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
        self,
        node: Node,
        catalog: CatalogProtocol[Any, Any],
        *,
        failed: bool = False,
        error: Exception | None = None,
    ) -> None:
        begin = self._scope.begins.pop(("run", node.name), None)
        run = self.run_of(catalog)
        if run is not None and begin is not None:
            self._log(run, node, "run", node.name, begin, time.time(), failed=failed, error=error)
            if failed:
                run.set_tag(FAILED_NODE_TAG, node.name)
            if failed or not node.outputs:  # otherwise the saves are still to come
                run.settle()

    def _log(
        self,
        run: TrackedRun,
        node: Node,
        kind: Literal["load", "run", "save"],
        name: str,
        begin: float,
        end: float,
        *,
        failed: bool = False,
        error: Exception | None = None,
    ) -> None:
        with run.guard():
            step = run.plan.steps.get(node.name, 0)
            shown = self._task_name(node) if kind == "run" else name
            span = Span(kind, node.name, name, begin, end, step, failed)
            span_metrics.log_span(run, span, self._names(run).of(kind, shown))
            if run.config.trace:
                run.log_span(SpanRecord(kind, node.name, name, begin, end, *_told(error)))

    # -- showing -------------------------------------------------------------------------------

    def finish(self, session: PipelineRun, error: Exception | None) -> None:
        """Draw the chart and write the files that were asked for."""
        run, settings = session.run, self._settings(session.run)
        here, far = collect_spans(run, session.pipeline, self._names(run), self._task_name)
        spans = here + far
        unloaded = self._unloaded(session) if error is not None else []
        if run.config.trace:
            _complete_trace(run, far, unloaded, error)
        if settings.time_log_filepath:
            _write(run.root / settings.time_log_filepath, json.dumps(_time_log(spans), indent=2))
        if not settings.gantt:
            return
        if importlib.util.find_spec("plotly") is None:
            logger.warning("No Gantt chart was drawn: run `pip install plotly`.")
            return
        if run.key is not None:  # other processes have nodes of the same run
            nodes = shared_chart.nodes_of_run(session.pipeline, session.run_params)
            metrics = {timing_metrics.metric_key(self._task_name(node)) for node in nodes}
            wanted = shared_chart.chart_request(len(metrics), settings.gantt_params)
            run.set_tag(shared_chart.CHART_REQUEST_TAG, wanted)
            if not settings.gantt_filepath:
                return
        labels = {node.name: self._task_name(node) for node in session.pipeline.nodes}
        run.wait_open()  # MLflow may still have to make up the name for its heading
        try:
            page = chart.html(
                spans,
                title=run.name or None,
                task_name=lambda name: labels.get(name, name),
                params=settings.gantt_params,
                has_plotly=False,
            )
        except ConfigError as mistake:
            logger.warning("No Gantt chart was drawn: %s", mistake.message)
            return
        if run.key is None:
            run.log_page(page, GANTT_ARTIFACT)
        if settings.gantt_filepath:
            _write(run.root / settings.gantt_filepath, with_plotly(page))

    def _unloaded(self, session: PipelineRun) -> list[SpanRecord]:
        """The loads that have begun and not ended: Kedro calls no hook for one that fails."""
        nodes = {node.name for node in session.pipeline.nodes}
        begun = {key: begin for key, begin in list(self._loading.items()) if key[0] in nodes}
        for key in begun:
            self._loading.pop(key, None)
        return [
            SpanRecord("load", node, name, begin, end=0.0)
            for (node, name, _), begin in begun.items()
            if not is_parameter(name)
        ]


def _complete_trace(
    run: TrackedRun, far: list[Span], unloaded: list[SpanRecord], error: Exception | None
) -> None:
    """Note what no node of this machine has noted itself."""
    told = _told(error)
    for span in far:
        failure = told if span.failed else ("", "")
        run.log_span(SpanRecord(span.kind, span.node, span.name, span.start, span.end, *failure))
    for part in unloaded:
        run.log_span(part)
    run.log_span(SpanRecord("pipeline", "", "", run.start_ms / 1000, time.time(), *told))


def _told(error: Exception | None) -> tuple[str, str]:
    if error is None:
        return "", ""
    return f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))


def _node_name(node: Node) -> str:
    return str(node.name)


def _time_log(spans: list[Span]) -> dict[str, dict[str, float]]:
    nodes = [span for span in spans if span.kind == "run"]
    return {
        "time_begin": {span.node: span.start for span in nodes},
        "time_end": {span.node: span.end for span in nodes},
        "time": {span.node: span.duration for span in nodes},
    }


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:  # of the local disk, and no failure of tracking
        logger.warning("%s could not be written: %s.", path, error.strerror)
