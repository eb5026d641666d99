"""Sending one trace to MLflow, whole, so that a trace that is sent twice is there once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..mlflow_internals import mlflow_globals
from ..tracking import open_runs

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

SPANS_A_REQUEST = 1000


def upload(
    uri: str,
    info: TraceInfo,
    spans: Sequence[Span],
    attachments: Callable[[Any, TraceInfo], None] | None = None,
) -> None:
    """Send a trace.

    Args:
        uri: The tracking URI.
        info: What the trace is, in what experiment, and of what run.
        spans: Its spans.
        attachments: Called with MLflow's client of traces, and the trace as MLflow has it.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.entities import Trace, TraceData
    from mlflow.tracing.client import TracingClient

    data = TraceData(list(spans))
    client: Any = TracingClient(uri)
    with open_runs.bypassed():
        begin = getattr(client, "start_trace_v3", None)  # MLflow 3.1
        if begin is not None:
            stored = begin(Trace(info, data))
        else:
            # An older MLflow or server has no such call.
            with contextlib.suppress(AttributeError, NotImplementedError):
                for first in range(0, len(data.spans), SPANS_A_REQUEST):
                    some = data.spans[first : first + SPANS_A_REQUEST]
                    client.log_spans(info.experiment_id, some)
            stored = client.start_trace(info)
        # Where the server keeps spans as a file, and with what is attached to them, MLflow looks
        # for the file's server globally. It has no public name for what it does itself with a trace
        # that has ended.
        with mlflow_globals.tracking_uri(uri):
            if stored.tags.get("mlflow.trace.spansLocation") != "TRACKING_STORE":
                client._upload_trace_data(stored, data)  # noqa: SLF001
            if attachments is not None:
                attachments(client, stored)
