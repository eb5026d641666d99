"""Traces that nodes make with MLflow (``@mlflow.trace``, LLM calls) while it does not answer.

MLflow sends a trace when its first span has ended, from a thread of its own, and drops what it
cannot send. A trace that the server does not take is therefore written to a folder, in the form in
which MLflow stores traces as artifacts, and becomes an entry of the run's journal when its node
ends: see :mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING

from ...journal import node_files
from ...journal.node_files import TRACE_INFO
from ...mlflow_internals.tags import TRACE_FILES, TRACE_RUN
from ...observability.saved_traces import PIPELINES
from . import placeholder_run
from .placeholder_run import NodeRun

if TYPE_CHECKING:
    from mlflow.entities import TraceInfo

    from ...tracking.tracked_run import TrackedRun


def save(run: TrackedRun, owner: NodeRun, info: TraceInfo) -> TraceInfo:
    """Write a trace's info to a folder, to which MLflow then writes the trace's spans.

    Args:
        run: The pipeline's run.
        owner: The run that the trace belongs to.
        info: The trace's info.

    Returns:
        The info as a store would return it, with the folder in it.
    """
    folder = placeholder_run.files_folder(owner) / node_files.TRACES / info.trace_id
    folder.mkdir(parents=True, exist_ok=True)
    content = info.to_dict()
    if placeholder_run.is_pipelines_experiment(run, str(info.experiment_id)):
        content["trace_location"] = PIPELINES
    metadata = dict(content.get("trace_metadata") or {})
    if TRACE_RUN in metadata:
        metadata[TRACE_RUN] = PIPELINES
    content["trace_metadata"] = metadata
    (folder / TRACE_INFO).write_text(json.dumps(content), encoding="utf-8")
    info.tags[TRACE_FILES] = folder.as_uri()
    return info


class _ThreadState(threading.local):
    last_before_node: str | None = None
    """The last trace of this process when this thread's node started."""


_thread_state = _ThreadState()


def start_node() -> None:
    """Note which trace was the last before a node."""
    _thread_state.last_before_node = _last_trace()


def flush() -> None:
    """Have MLflow send the traces that it has collected, if this thread's node has made any.

    A worker process ends without waiting for MLflow's threads.
    """
    if _last_trace() == _thread_state.last_before_node:
        return
    import mlflow

    mlflow.flush_trace_async_logging()


def _last_trace() -> str | None:
    if "mlflow.tracing" not in sys.modules:
        return None
    import mlflow

    return mlflow.get_last_active_trace_id()
