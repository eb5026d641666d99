"""When what ran of a pipeline, from wherever it has run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ..journal.span import Span
from ..tracking import timing_metrics
from . import timings

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun


def collect(
    run: TrackedRun,
    pipeline: Pipeline,
    names: timing_metrics.Names,
    task_name: Callable[[Node], str],
) -> tuple[list[Span], list[Span]]:
    """Gather the spans of a run: this process's own, and what workers have measured.

    That is in the run's journal; what other machines have measured is in MLflow.

    Args:
        run: The run.
        pipeline: What it runs.
        names: How its metrics are named.
        task_name: Names a node in its metric.

    Returns:
        The spans of this machine, and those of others.
    """
    here = list(run.spans)
    elsewhere = set(run.plan.steps) - {span.node for span in here}
    if not elsewhere or not pipeline.nodes:
        return here, []
    timed = _timed(run, pipeline, names, task_name, elsewhere)
    there = timings.read_entries(run.written_elsewhere(), timed)
    known = {span.node for span in there}
    if elsewhere <= known:
        return here + there, []
    run.flush()
    if not run.is_reachable:
        return here + there, []
    read = timings.read(run.client, run.run_id, timed)
    return (
        here + [span for span in read if span.node in known],
        [span for span in read if span.node not in known],
    )


def _timed(
    run: TrackedRun,
    pipeline: Pipeline,
    names: timing_metrics.Names,
    task_name: Callable[[Node], str],
    elsewhere: set[str],
) -> timings.Timed:
    metrics: dict[str, tuple[Literal["load", "run", "save"], str]] = {}
    loads: Counter[str] = Counter()
    for node in pipeline.nodes:
        metrics[timing_metrics.metric_key(names.of("run", task_name(node)))] = ("run", node.name)
        for name in set(node.inputs):
            loads[timing_metrics.metric_key(names.of("load", name))] += 1
            metrics[timing_metrics.metric_key(names.of("load", name))] = ("load", name)
        for name in node.outputs:
            metrics[timing_metrics.metric_key(names.of("save", name))] = ("save", name)
    return timings.Timed(
        nodes={step: name for name, step in run.plan.steps.items() if name in elsewhere},
        metrics=metrics,
        repeated={name for name, count in loads.items() if count > 1},
    )
