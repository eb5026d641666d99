"""What nodes say of the trace that they are in: tags, metadata, feedback, the prompts they use.

MLflow keeps it in the memory of the process until the trace ends. The pipeline's trace ends
elsewhere, so it becomes an entry of the journal when the node ends.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from ..journal.entries import TraceNotes
from ..mlflow_internals.tags import TRACE_RUN
from ..utils.secrets import without_secrets
from . import call_spans

if TYPE_CHECKING:
    from mlflow.entities import TraceInfo

_PREVIEWS = ("request_preview", "response_preview", "client_request_id")


def of_info(info: TraceInfo) -> TraceNotes | None:
    """Return what was said of a trace; None if nothing was.

    Args:
        info: What the node's process knows of the trace.
    """
    for assessment in info.assessments:  # so that one that is sent twice is in MLflow once
        if assessment.assessment_id is None:
            assessment.assessment_id = f"a-{uuid.uuid4().hex}"
    content = info.to_dict()
    metadata = {k: v for k, v in (content.get("trace_metadata") or {}).items() if k != TRACE_RUN}
    texts = {name: content.get(name) for name in ("assessments", *_PREVIEWS)}
    # Masked before it is JSON: in JSON a mask may take the end of a text, or the next one, with it.
    said = {
        "tags": _without_secrets(content.get("tags") or {}),
        "trace_metadata": _without_secrets(metadata),
        **call_spans.masked(texts, is_text=True),
    }
    said = {name: value for name, value in said.items() if value}
    return TraceNotes(info.trace_id, json.dumps(said)) if said else None


def _without_secrets(given: dict[str, str]) -> dict[str, Any]:
    """Mask secrets; names of MLflow's own, such as ``mlflow.trace.tokenUsage``, are of none."""
    own = {name: value for name, value in given.items() if not name.startswith("mlflow.")}
    masked = {name: without_secrets(value) for name, value in given.items()}
    return {**masked, **without_secrets(own)}


def add(info: TraceInfo, note: TraceNotes) -> None:
    """Add what was said of a trace to its info; what was said last counts."""
    from mlflow.entities import Assessment

    said = json.loads(note.content)
    info.tags.update(said.get("tags", {}))
    info.trace_metadata.update(said.get("trace_metadata", {}))
    known = {assessment.assessment_id for assessment in info.assessments}
    for each in said.get("assessments", []):
        assessment = Assessment.from_dictionary(each)
        if assessment.assessment_id not in known:
            info.assessments.append(assessment)
    for name in _PREVIEWS:
        if name in said:
            setattr(info, name, said[name])
