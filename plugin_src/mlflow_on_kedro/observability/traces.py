"""A run as one MLflow trace: spans of the pipeline, its nodes, and their loads, runs and saves.

MLflow's tracer sends traces from its own thread and drops what it cannot send. So the timings are
entries of the run's journal, and the trace is made of them when the run's end is delivered. All
ids are derived from the journal's, so a trace that is delivered twice is in MLflow once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..config.sections import Config
from ..errors import ConfigError
from ..journal.entries import End, SpanRecord
from ..journal.records import Header, Opened
from ..mlflow_internals import tags, trace_client
from ..tracking import own_calls
from ..utils import mlflow_version
from .trace_spans import end_ms, make_spans, pipelines_part, trace_id

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
            f"{where}: 'trace: true' needs MLflow {least} or later, and {installed} is "
            f'installed: run `pip install "mlflow>={least}"`, or take it out.'
        )
    if not config.time.enabled:
        raise ConfigError(
            f"{where}: 'trace: true' needs the timings, of which it is made: take out "
            "'time.enabled: false'."
        )


def deliver(
    uri: str,
    header: Header,
    opened: Opened,
    parts: Collection[SpanRecord],
    end: End,
) -> None:
    """Send the trace of a run.

    Args:
        uri: The tracking URI.
        header: The header of the run's journal.
        opened: The run in MLflow.
        parts: The timings of the run's nodes, loads and saves.
        end: The pipeline's end.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    info = make_info(header, opened, end, pipelines_part(parts))
    with own_calls.bypassed():
        trace_client.send(uri, info, make_spans(header, parts, end))


def make_info(header: Header, opened: Opened, end: End, pipeline: SpanRecord | None) -> TraceInfo:
    """Make the trace's info.

    Args:
        header: The header of the run's journal.
        opened: The run in MLflow.
        end: The pipeline's end.
        pipeline: The timing of the pipeline; None: it was killed.
    """
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    return TraceInfo(
        trace_id=trace_id(header),
        trace_location=TraceLocation.from_experiment_id(opened.experiment_id),
        request_time=header.start_ms,
        state=TraceState.OK if end.status == "FINISHED" else TraceState.ERROR,
        execution_duration=max(0, round(end_ms(pipeline, end)) - header.start_ms),
        request_preview=opened.name,
        trace_metadata={tags.TRACE_RUN: opened.run_id},
        tags={tags.TRACE_NAME: "kedro run"},
    )
