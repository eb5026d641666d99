"""Collect the spans of the current run, from this process, its workers and other machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..journal.entries import SpanRecord
from ..journal.span import Span
from ..tracking import timing_metrics
from ..tracking.timing_metrics import Kind
from . import span_metrics
from .timeline_file import to_span

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun


def collect_spans(
    run: TrackedRun,
    pipeline: Pipeline,
    names: timing_metrics.Names,
    task_name: Callable[[Node], str],
) -> tuple[list[Span], list[Span]]:
    """Collect the spans of a run: this process's own, its workers' and other machines'.

    Spans of workers are read from the run's journal. Machines that do not see the journal log all
    of theirs as metrics, which are read from MLflow.

    Args:
        run: The run.
        pipeline: The pipeline that it runs.
        names: The names of its timing metrics.
        task_name: A function that returns a node's name in its metric.

    Returns:
        The spans of this machine, and those of others.
    """
    here = list(run.spans)
    elsewhere = set(run.pipeline_info.steps) - {span.node for span in here}
    if not elsewhere or not pipeline.nodes:
        return here, []
    here += filter(None, map(to_span, run.entries_of_others(SpanRecord)))
    elsewhere -= {span.node for span in here}
    if not elsewhere:
        return here, []
    run.flush()
    if not run.is_reachable:
        return here, []
    timed = _timed(run, pipeline, names, task_name, elsewhere)
    read = span_metrics.read_spans(run.client, run.run_id, timed)
    # Earlier attempts of a run that is resumed are not this pipeline's.
    return here, [span for span in read if span.end * 1000 >= run.start_ms]


def _timed(
    run: TrackedRun,
    pipeline: Pipeline,
    names: timing_metrics.Names,
    task_name: Callable[[Node], str],
    elsewhere: set[str],
) -> span_metrics.TimedItems:
    def key(kind: Kind, name: str) -> str:
        return timing_metrics.metric_key(names.metric(kind, name))

    metrics: dict[str, tuple[Kind, str]] = {}
    loads: Counter[str] = Counter()
    for node in pipeline.nodes:
        metrics[key("run", task_name(node))] = ("run", node.name)
        loads.update(key("load", name) for name in set(node.inputs))
        metrics.update((key("load", name), ("load", name)) for name in node.inputs)
        metrics.update((key("save", name), ("save", name)) for name in node.outputs)
    return span_metrics.TimedItems(
        nodes={step: name for name, step in run.pipeline_info.steps.items() if name in elsewhere},
        metrics=metrics,
        repeated={name for name, count in loads.items() if count > 1},
    )
