"""Sending traces that nodes have made while MLflow did not answer, from their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.entries import Trace
from ..journal.node_files import TRACE_ATTACHMENTS, TRACE_INFO, TRACE_SPANS
from ..mlflow_internals import trace_client
from ..mlflow_internals.tags import TRACE_FILES, TRACE_RUN
from ..tracking import own_calls

if TYPE_CHECKING:
    from mlflow import MlflowClient

PIPELINES = "pipeline"
"""In :data:`TRACE_INFO`: stands for the pipeline's experiment, or for the run of the journal."""


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
    content["tags"] = {
        key: value for key, value in content.get("tags", {}).items() if key != TRACE_FILES
    }
    files = sorted((path / TRACE_ATTACHMENTS).glob("*"))
    with own_calls.bypassed():
        trace_client.send(uri, TraceInfo.from_dict(content), spans, files)
