"""Traces as files: those of nodes while MLflow did not answer, and those of evaluations.

The files are in the form in which MLflow stores traces as artifacts, and know neither the id of the
run nor that of its experiment, which MLflow may not have given yet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.entries import Trace
from ..journal.node_files import TRACE_ATTACHMENTS, TRACE_INFO, TRACE_SPANS
from ..mlflow_internals import trace_client
from ..mlflow_internals.tags import ASSESSMENT_RUN, TRACE_FILES, TRACE_RUN
from ..tracking import own_calls

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow import MlflowClient

PIPELINES = "pipeline"
"""In :data:`TRACE_INFO`: stands for the pipeline's experiment, or for the run of the journal."""
_OF_A_STORE = (TRACE_FILES, "mlflow.trace.")
"""Begin the tags in which a store notes where it keeps a trace."""
_SOURCE = "mlflow.source."
"""Begins what MLflow notes of the program that made a trace."""


def write(trace: mlflow.entities.Trace, run_id: str, place: Path) -> Path:
    """Write a trace of another store to files, from which :func:`send` makes one of a run.

    Args:
        trace: The trace.
        run_id: The run that it belongs to in that store; it becomes the run of the journal.
        place: The folder for the trace's folder.

    Returns:
        The trace's folder.
    """
    content = trace.info.to_dict()
    content["trace_location"] = PIPELINES
    metadata = content.get("trace_metadata") or {}
    content["trace_metadata"] = {
        key: value for key, value in metadata.items() if not key.startswith(_SOURCE)
    } | {TRACE_RUN: PIPELINES}
    for assessment in content.get("assessments") or ():
        _change_run(assessment, run_id, PIPELINES)
    folder = place / trace.info.trace_id
    folder.mkdir(parents=True)
    (folder / TRACE_INFO).write_text(json.dumps(content), encoding="utf-8")
    spans = json.dumps(trace.data.to_dict())
    (folder / TRACE_SPANS).write_text(spans, encoding="utf-8")
    return folder


def _change_run(assessment: dict[str, Any], before: str, after: str) -> None:
    metadata = assessment.get("metadata") or {}
    if metadata.get(ASSESSMENT_RUN) == before:
        metadata[ASSESSMENT_RUN] = after


def send(client: MlflowClient, uri: str, run_id: str, entry: Trace) -> None:
    """Send a saved trace as one of a run; one that is sent twice is in MLflow once.

    Args:
        client: A client of the run's store.
        uri: The tracking URI.
        run_id: The run.
        entry: The trace.

    Raises:
        ValueError: The trace's files are damaged.
        OSError: They are missing.
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    from mlflow.entities import TraceData, TraceInfo, TraceLocation

    path = Path(entry.path)
    content = json.loads((path / TRACE_INFO).read_text(encoding="utf-8"))
    spans = TraceData.from_dict(json.loads((path / TRACE_SPANS).read_text(encoding="utf-8"))).spans
    if content["trace_location"] == PIPELINES:
        experiment_id = client.get_run(run_id).info.experiment_id
        content["trace_location"] = TraceLocation.from_experiment_id(experiment_id).to_dict()
    metadata = content.get("trace_metadata", {})
    if metadata.get(TRACE_RUN) == PIPELINES:
        metadata[TRACE_RUN] = run_id
    for assessment in content.get("assessments") or ():
        _change_run(assessment, PIPELINES, run_id)
    content["tags"] = {
        key: value
        for key, value in content.get("tags", {}).items()
        if not key.startswith(_OF_A_STORE)
    }
    files = sorted((path / TRACE_ATTACHMENTS).glob("*"))
    with own_calls.bypassed():
        trace_client.send(uri, TraceInfo.from_dict(content), spans, files)
