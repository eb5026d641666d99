"""``MLflowTimeLoggerHook``: how long everything took: metrics, the timeline, a Gantt chart."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..config.sections import Time
from ..errors import ConfigError
from ..journal import usage
from ..journal.entries import SpanRecord
from ..journal.span import Span, current_worker
from ..observability import observers
from ..pipeline_models.training_progress import is_shared_run
from ..timeline import chart, shared_chart, span_metrics
from ..timeline.current_run_spans import collect_spans
from ..timeline.plotly_js import with_plotly
from ..timeline.shared_chart import GANTT_ARTIFACT
from ..timeline.workers import with_labels
from ..tracking import timing_metrics
from ..tracking.timing_metrics import FAILED_NODE_TAG
from ..utils.replacing import write_text
from .base import PipelineRun
from .node_times import NodeTimesHook

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_DEFAULT_NAMES = timing_metrics.Names()


class MLflowTimeLoggerHook(NodeTimesHook):
    """Logs the duration of each node in seconds, the run's timeline, and a Gantt chart of it.

    Args:
        gantt_filepath: A local file for the chart too; relative paths count from the project's
            root.
        gantt_params: Arguments for the chart: see :func:`mlflow_on_kedro.timeline.chart.figure`.
        metric_name_prefix: What a node's metric begins with. Default: ``system/time/``.
        task_name_func: Names a node, in its metric and in the chart. Default: the node's name.
        time_log_filepath: A local JSON file for the times.
        enable_plotly: Draw the chart.
        enable_mlflow: Whether this hook does anything.
        io_metrics: Also log each load and save as a metric. Default: they are in the timeline only.

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
        io_metrics: bool | None = None,
    ) -> None:
        super().__init__(
            enable_mlflow,
            gantt_filepath=gantt_filepath,
            gantt_params=gantt_params,
            prefix=metric_name_prefix,
            gantt=enable_plotly,
            time_log_filepath=time_log_filepath,
            io_metrics=io_metrics,
        )
        self._task_name = task_name_func or _node_name

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log the prefix of the nodes' metrics, for readers of the run that lack mlflow.yml."""
        super().begin(pipeline_run)
        prefix = self.settings(pipeline_run.run.config).prefix
        if prefix is not None:
            pipeline_run.run.set_tag(timing_metrics.PREFIX_TAG, prefix)

    def prepare(self, run: TrackedRun) -> None:
        """Begin to sample what the node uses."""
        if observers.has_system_metrics(run.config):
            from ..observability import node_usage

            self._scope.usage_end = node_usage.begin()

    def log_begin(
        self, run: TrackedRun, kind: Literal["run", "save"], node: Node, name: str, begin: float
    ) -> None:
        """Log the begin: of a killed pipeline it says which nodes were at work."""
        shown = self._task_name(node) if kind == "run" else name
        run.log_span(SpanRecord(kind, node.name, shown, begin, end=0.0))

    def log_span(
        self, run: TrackedRun, node: Node, span: Span, error: Exception | None = None
    ) -> None:
        """Log a span to the timeline, the metric of a node, and the name of one that failed."""
        if span.kind == "run" and self._scope.usage_end is not None:
            span = replace(span, usages=self._scope.usage_end())
            self._scope.usage_end = None
        shown = self._task_name(node) if span.kind == "run" else span.name
        run.spans.append(span)
        settings = self.settings(run.config)
        # The timeline is made of the journal: what a worker without it logs, MLflow alone has.
        is_remote = run.in_worker and run.local_journal is None
        has_io_metrics = is_remote or settings.io_metrics
        metric = ""
        if span.kind == "run" or has_io_metrics:
            metric = _metric_names(settings).metric(span.kind, shown)
        # As a run's last metrics, timings come behind the user's wherever MLflow lists them. But
        # the other processes of a shared run have to see at once which nodes have run.
        is_shared = is_shared_run(run.config.run, run.key) or not run.ends_with_pipeline
        is_last = not (is_shared or is_remote)
        run.log_span(_record(span, shown, error, metric if is_last else ""))
        if metric and not is_last:
            span_metrics.log_span(run, span, metric, is_series=has_io_metrics)
        if is_remote and span.usages:
            run.set_tag(f"{span_metrics.USAGE_TAG}{node.name}", usage.to_text(span.usages))
        if span.failed:
            run.set_tag(FAILED_NODE_TAG, node.name)

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Complete the timeline, draw the chart and write the local files."""
        super().finish(pipeline_run, error)
        run, settings = pipeline_run.run, self.settings(pipeline_run.run.config)
        names = _metric_names(settings)
        here, elsewhere = collect_spans(run, pipeline_run.pipeline, names, self._task_name)
        unfinished = self.unfinished_loads(pipeline_run.pipeline) if error is not None else []
        labels = {node.name: self._task_name(node) for node in pipeline_run.pipeline.nodes}
        for span in elsewhere:
            shown = labels.get(span.node, span.node) if span.kind == "run" else span.name
            run.log_span(_record(span, shown, error if span.failed else None))
        for node, name, begin in unfinished if run.config.trace else ():
            run.log_span(SpanRecord("load", node, name, begin, end=0.0))
        texts, begin, end = _error_texts(error), run.start_ms / 1000, time.time()
        run.log_span(SpanRecord("pipeline", "", "", begin, end, *texts, worker=current_worker()))
        spans = with_labels(here + elsewhere)
        if settings.time_log_filepath:
            _write(run.root / settings.time_log_filepath, json.dumps(_time_log(spans), indent=2))
        if settings.gantt:
            self._draw(pipeline_run, spans, settings, labels)

    def _draw(
        self,
        pipeline_run: PipelineRun,
        spans: list[Span],
        settings: Time,
        labels: Mapping[str, str],
    ) -> None:
        run, pipeline = pipeline_run.run, pipeline_run.pipeline
        if run.key is not None:  # the last process of the run draws the chart of all
            nodes = shared_chart.nodes_of_run(pipeline, pipeline_run.run_params)
            metrics = {timing_metrics.metric_key(self._task_name(node)) for node in nodes}
            wanted = shared_chart.chart_request(len(metrics), settings.gantt_params)
            run.set_tag(shared_chart.CHART_REQUEST_TAG, wanted)
            if not settings.gantt_filepath:
                return
        if not _is_new(run):
            run.wait_open()  # the heading has the name that the run has got when it was new
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


def _is_new(run: TrackedRun) -> bool:
    """Whether the pipeline has a run of its own that no other process has begun."""
    header = run.journal.header if run.journal is not None else None
    if header is None or not header.owned:
        return False
    return not (header.run_id or header.key or header.resume)


def _metric_names(settings: Time) -> timing_metrics.Names:
    prefix = settings.prefix
    return _DEFAULT_NAMES if prefix is None else timing_metrics.Names(run=prefix)


def _record(span: Span, shown: str, error: Exception | None, metric: str = "") -> SpanRecord:
    return SpanRecord(
        span.kind,
        span.node,
        shown,
        span.start,
        span.end,
        *_error_texts(error),
        step=span.step,
        worker=span.worker,
        imports=span.imports,
        metric=metric,
        usages=usage.to_text(span.usages),
    )


def _error_texts(error: Exception | None) -> tuple[str, str]:
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
    except OSError as error:  # an error of the local disk, not of tracking
        logger.warning("%s could not be written: %s.", path, error.strerror)
