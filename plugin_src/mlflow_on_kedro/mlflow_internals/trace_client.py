"""Sending one complete trace to MLflow."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import mlflow_globals

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

SPANS_A_REQUEST = 1000
_SPANS_LOCATION_TAG = "mlflow.trace.spansLocation"


def send(
    uri: str, info: TraceInfo, spans: Sequence[Span], attachments: Sequence[Path] = ()
) -> None:
    """Send a trace; one that is sent twice is in MLflow once.

    Args:
        uri: The tracking URI.
        info: The trace's id, experiment, run, state and times.
        spans: Its spans.
        attachments: Files that are attached to its spans.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.entities import Trace, TraceData
    from mlflow.tracing.client import TracingClient

    data = TraceData(list(spans))
    client: Any = TracingClient(uri)
    start = getattr(client, "start_trace_v3", None)  # MLflow 3.1
    if start is not None:
        stored = start(Trace(info, data))
    else:
        # An older MLflow or server has no such call.
        with contextlib.suppress(AttributeError, NotImplementedError):
            for first in range(0, len(data.spans), SPANS_A_REQUEST):
                client.log_spans(info.experiment_id, data.spans[first : first + SPANS_A_REQUEST])
        stored = client.start_trace(info)
    # A server that does not store spans in its database gets them as a file. MLflow finds the
    # server for that file, and for attachments, by the tracking URI of the whole process.
    with mlflow_globals.tracking_uri(uri):
        if stored.tags.get(_SPANS_LOCATION_TAG) != "TRACKING_STORE":
            client._upload_trace_data(stored, data)  # noqa: SLF001
        if attachments:
            repository = client._get_artifact_repo_for_trace(stored)  # noqa: SLF001
            for path in attachments:
                repository.upload_attachment(path.name, path.read_bytes())
