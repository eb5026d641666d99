"""Traces that nodes make with MLflow (``@mlflow.trace``, LLM calls): kept while it does not answer.

MLflow sends a trace once its first span has ended, from a thread of its own, and forgets what it
cannot send. So a trace that the server does not take goes to a folder, in the form in which MLflow
keeps traces as artifacts, and becomes an entry of the run's journal when its node ends: see
:mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING

from ...journal import node_files
from ...journal.node_files import TRACE_INFO
from ...observability.kept_traces import LOCATION_TAG, OF_THE_PIPELINE, SOURCE_RUN
from . import node_mlflow_calls

if TYPE_CHECKING:
    from mlflow.entities import TraceInfo

    from ...tracking.tracked_run import TrackedRun
    from .child_runs import ChildRun


def keep(run: TrackedRun, owner: TrackedRun | ChildRun, info: TraceInfo) -> TraceInfo:
    """Keep a trace here; MLflow then writes its spans to the folder that the answer names.

    Args:
        run: The pipeline's run.
        owner: The run that the trace is of.
        info: What the trace is.

    Returns:
        The trace's info as a store would return it.
    """
    place = node_mlflow_calls.folder(owner) / node_files.TRACES / info.trace_id
    place.mkdir(parents=True, exist_ok=True)
    content = info.to_dict()
    if node_mlflow_calls.is_own_experiment(run, str(info.experiment_id)):
        content["trace_location"] = OF_THE_PIPELINE
    metadata = dict(content.get("trace_metadata") or {})
    if SOURCE_RUN in metadata:
        metadata[SOURCE_RUN] = OF_THE_PIPELINE
    content["trace_metadata"] = metadata
    (place / TRACE_INFO).write_text(json.dumps(content), encoding="utf-8")
    info.tags[LOCATION_TAG] = place.as_uri()
    return info


class _Seen(threading.local):
    """The last trace that this process had made when this thread's node began."""

    last: str | None = None


_seen = _Seen()


def begin_node() -> None:
    """Note what traces there are before a node."""
    _seen.last = _last_trace()


def flush() -> None:
    """Have MLflow send the traces that it has gathered, if this thread's node has made any.

    A worker process ends without waiting for MLflow's threads.
    """
    if _last_trace() == _seen.last:
        return
    import mlflow

    mlflow.flush_trace_async_logging()


def _last_trace() -> str | None:
    if "mlflow.tracing" not in sys.modules:
        return None
    import mlflow

    return mlflow.get_last_active_trace_id()
