"""Sending traces that nodes have made while MLflow did not answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.entries import Trace
from ..journal.node_files import TRACE_ATTACHMENTS, TRACE_INFO, TRACE_SPANS
from . import trace_upload

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import TraceInfo

SOURCE_RUN = "mlflow.sourceRun"
LOCATION_TAG = "mlflow.artifactLocation"
OF_THE_PIPELINE = "pipeline"
"""In :data:`TRACE_INFO`: the trace's experiment is the pipeline's, or its run is the journal's."""


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
    content = json.loads((path / TRACE_INFO).read_text(encoding="utf-8"))
    spans = TraceData.from_dict(json.loads((path / TRACE_SPANS).read_text(encoding="utf-8"))).spans
    if content["trace_location"] == OF_THE_PIPELINE:
        if experiment_id is None:
            experiment_id = client.get_run(run_id).info.experiment_id
        content["trace_location"] = TraceLocation.from_experiment_id(experiment_id).to_dict()
    metadata = content.get("trace_metadata", {})
    if metadata.get(SOURCE_RUN) == OF_THE_PIPELINE:
        metadata[SOURCE_RUN] = run_id
    content["tags"] = {
        key: value for key, value in content.get("tags", {}).items() if key != LOCATION_TAG
    }
    files = sorted((path / TRACE_ATTACHMENTS).glob("*"))
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
