"""Traces that nodes make with MLflow (``@mlflow.trace``, LLM calls): kept while it does not answer.

MLflow sends a trace once its first span has ended, from a thread of its own, and forgets what it
cannot send. So a trace that the server does not take goes to a folder, in the form in which MLflow
keeps traces as artifacts, and becomes an entry of the run's journal when its node ends::

    own/traces/<trace id>/trace.json     what the trace is
    own/traces/<trace id>/traces.json    its spans, as MLflow writes them
    own/traces/<trace id>/attachments/   what is attached to the spans
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...journal.entries import Entry, Trace
from ...observability import trace_upload
from . import node_mlflow_calls

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import TraceInfo

    from ..tracked_run import TrackedRun
    from .child_runs import ChildRun

INFO = "trace.json"
SPANS = "traces.json"
ATTACHMENTS = "attachments"
SOURCE_RUN = "mlflow.sourceRun"
_LOCATION_TAG = "mlflow.artifactLocation"
_OF_THE_PIPELINE = "pipeline"
"""In :data:`INFO`: the trace's experiment is the pipeline's, or its run is that of the journal."""


# -- keeping ---------------------------------------------------------------------------------------


def keep(run: TrackedRun, owner: TrackedRun | ChildRun, info: TraceInfo) -> TraceInfo:
    """Keep a trace here; MLflow then writes its spans to the folder that the answer names.

    Args:
        run: The pipeline's run.
        owner: The run that the trace is of.
        info: What the trace is.

    Returns:
        The trace's info as a store would return it.
    """
    place = node_mlflow_calls.folder(owner) / node_mlflow_calls.TRACES / info.trace_id
    place.mkdir(parents=True, exist_ok=True)
    content = info.to_dict()
    if node_mlflow_calls.is_own_experiment(run, str(info.experiment_id)):
        content["trace_location"] = _OF_THE_PIPELINE
    metadata = dict(content.get("trace_metadata") or {})
    if SOURCE_RUN in metadata:
        metadata[SOURCE_RUN] = _OF_THE_PIPELINE
    content["trace_metadata"] = metadata
    (place / INFO).write_text(json.dumps(content), encoding="utf-8")
    info.tags[_LOCATION_TAG] = place.as_uri()
    return info


def whole(place: Path) -> Iterator[tuple[Entry, Path]]:
    """Give the entries of the traces in a folder that have their spans, and their own folders."""
    for path in sorted(place.glob("*")):
        if (path / INFO).is_file() and (path / SPANS).is_file():
            yield Trace(str(path)), path


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


# -- sending ---------------------------------------------------------------------------------------


def send(
    client: MlflowClient,
    uri: str,
    run_id: str,
    entry: Trace,
    *,
    experiment_id: str | None = None,
) -> None:
    """Send a trace that was kept, and link it to its run; sent twice it is there once.

    Args:
        client: A client of the run's store.
        uri: The tracking URI.
        run_id: The run.
        entry: The trace.
        experiment_id: The run's experiment. Default: MLflow is asked for it.

    Raises:
        ValueError: The entry's files are damaged.
        OSError: They are gone.
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.entities import TraceData, TraceInfo, TraceLocation

    path = Path(entry.path)
    content = json.loads((path / INFO).read_text(encoding="utf-8"))
    spans = TraceData.from_dict(json.loads((path / SPANS).read_text(encoding="utf-8"))).spans
    if content["trace_location"] == _OF_THE_PIPELINE:
        if experiment_id is None:
            experiment_id = client.get_run(run_id).info.experiment_id
        content["trace_location"] = TraceLocation.from_experiment_id(experiment_id).to_dict()
    metadata = content.get("trace_metadata", {})
    if metadata.get(SOURCE_RUN) == _OF_THE_PIPELINE:
        metadata[SOURCE_RUN] = run_id
    content["tags"] = {
        key: value for key, value in content.get("tags", {}).items() if key != _LOCATION_TAG
    }
    files = sorted((path / ATTACHMENTS).glob("*"))
    trace_upload.upload(
        uri,
        TraceInfo.from_dict(content),
        spans,
        (lambda tracing, stored: _attach(tracing, stored, files)) if files else None,
    )


def _attach(tracing: Any, stored: TraceInfo, files: list[Path]) -> None:
    repository = tracing._get_artifact_repo_for_trace(stored)  # noqa: SLF001 - see trace_upload
    for file in files:
        repository.upload_attachment(os.fspath(file.name), file.read_bytes())
