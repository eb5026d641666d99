"""Sending traces to MLflow, whole or span by span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import mlflow_globals

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

SPANS_A_REQUEST = 1000
_SPANS_LOCATION_TAG = "mlflow.trace.spansLocation"
_NOT_SUPPORTED = "REST OTLP span logging is not supported"


def log_spans(uri: str, experiment_id: str, spans: Sequence[Span]) -> bool:
    """Send spans of traces that may go on; one that is sent twice is in MLflow once.

    Args:
        uri: The tracking URI.
        experiment_id: The experiment of their traces.
        spans: The spans.

    Returns:
        Whether the store keeps single spans. Others take whole traces only: see :func:`send`.

    Raises:
        Exception: MLflow cannot be reached, or refuses the spans.
    """
    from mlflow.tracing.client import TracingClient

    client: Any = TracingClient(uri)
    try:
        for first in range(0, len(spans), SPANS_A_REQUEST):
            client.log_spans(experiment_id, list(spans[first : first + SPANS_A_REQUEST]))
    except (AttributeError, NotImplementedError):  # an older MLflow or server, or plain files
        return False
    except Exception as error:
        if _NOT_SUPPORTED in str(error):  # a server that keeps its runs in plain files
            return False
        raise
    return True


def send(
    uri: str,
    info: TraceInfo,
    spans: Sequence[Span],
    attachments: Sequence[Path] = (),
    logged: Callable[[], Sequence[Span]] = tuple,
) -> None:
    """Send a trace; one that is sent twice is in MLflow once.

    Args:
        uri: The tracking URI.
        info: The trace's id, experiment, run, state and times.
        spans: Its spans.
        attachments: Files that are attached to its spans.
        logged: Returns the spans of it that :func:`log_spans` was called with before.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.entities import Trace, TraceData
    from mlflow.tracing.client import TracingClient

    client: Any = TracingClient(uri)
    start = getattr(client, "start_trace_v3", None)  # MLflow 3.1
    if start is not None:
        stored = start(Trace(info, TraceData([*spans, *logged()])))
    else:
        log_spans(uri, str(info.experiment_id), spans)
        stored = client.start_trace(info)
    # A server that does not store spans in its database gets them as a file. MLflow finds the
    # server for that file, and for attachments, by the tracking URI of the whole process.
    with mlflow_globals.tracking_uri(uri):
        if stored.tags.get(_SPANS_LOCATION_TAG) != "TRACKING_STORE":
            client._upload_trace_data(stored, TraceData([*spans, *logged()]))  # noqa: SLF001
        if attachments:
            repository = client._get_artifact_repo_for_trace(stored)  # noqa: SLF001
            for path in attachments:
                repository.upload_attachment(path.name, path.read_bytes())


def start(uri: str, info: TraceInfo) -> None:
    """Send what is known of a trace that goes on, after its first spans.

    Args:
        uri: The tracking URI.
        info: The trace's id, experiment, run, state and times.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.tracing.client import TracingClient

    TracingClient(uri).start_trace(info)
