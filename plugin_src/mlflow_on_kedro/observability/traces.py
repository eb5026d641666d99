"""A run as one MLflow trace: spans of the pipeline, its nodes, what they load, call and save.

MLflow's tracer sends traces from its own thread and drops what it cannot send. So timings and what
nodes call are entries of the run's journal, and whoever delivers that makes the trace of them,
while the pipeline runs and when it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..config.sections import Config
from ..errors import ConfigError
from ..journal.entries import TraceNotes
from ..journal.records import Header, Opened
from ..mlflow_internals import tags
from ..utils import mlflow_version
from . import trace_notes
from .llm_usage import COST, TOKENS, Sums
from .trace_spans import TraceSpans

if TYPE_CHECKING:
    from mlflow.entities import TraceInfo

LEAST_MLFLOW = (3, 10)
"""The first MLflow with which traces are tested."""


def check(config: Config, where: str) -> None:
    """Raise an error, before a run is opened, if it could not become a trace.

    Args:
        config: The whole configuration.
        where: The name of its file, for messages.

    Raises:
        ConfigError: MLflow is too old, or nothing is timed.
    """
    installed = mlflow_version.mlflow_version()
    if mlflow_version.major_minor(installed) < LEAST_MLFLOW:
        least = ".".join(map(str, LEAST_MLFLOW))
        raise ConfigError(
            f"{where}: 'trace' needs MLflow {least} or later, and {installed} is "
            f'installed: run `pip install "mlflow>={least}"`, or take it out.'
        )
    if not config.time.enabled:
        raise ConfigError(
            f"{where}: 'trace' needs the timings, of which it is made: take out "
            "'time.enabled: false'."
        )


def make_info(
    header: Header,
    opened: Opened,
    trace: TraceSpans,
    notes: Iterable[TraceNotes],
    usage: Sums,
) -> TraceInfo:
    """Make the info of a trace.

    Args:
        header: The header of the run's journal.
        opened: The run in MLflow.
        trace: The trace.
        notes: What nodes have said of their traces.
        usage: The tokens and cost of the trace, as far as they are known.
    """
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    root, state = trace.root, TraceState.IN_PROGRESS
    if root.status.status_code.value != "UNSET":
        is_ok = root.status.status_code.value == "OK"
        state = TraceState.OK if is_ok else TraceState.ERROR
    start_ms = round(root.start_time_ns / 1e6)
    info = TraceInfo(
        trace_id=trace.trace_id,
        trace_location=TraceLocation.from_experiment_id(opened.experiment_id),
        request_time=start_ms,
        state=state,
        execution_duration=max(0, round((root.end_time_ns or 0) / 1e6) - start_ms),
        request_preview=opened.name if header.trace_per == "run" else trace.name,
        trace_metadata={tags.TRACE_RUN: opened.run_id},
        tags={tags.TRACE_NAME: trace.name},
    )
    for kind, name in ((TOKENS, tags.TRACE_TOKENS), (COST, tags.TRACE_COST)):
        if kind in usage:
            info.trace_metadata[name] = json.dumps(usage[kind])
    for note in notes:
        if note.trace == trace.trace_id:
            trace_notes.add(info, note)
    return info
