"""Writing a run's description into MLflow when the run ends, unless the user has written one."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from ..journal.entries import End, Summary
from ..journal.records import Header, Opened
from ..mlflow_internals.tags import NOTE
from ..models import separate_registry
from ..tracking.failures import pass_over_refusals
from ..tracking.hidden_tags import HIDDEN
from ..tracking.parts import ERROR_TAG
from ..tracking.summary import RunOutcome, RunSummary, merged, to_markdown
from ..tracking.timing_metrics import PIPELINE_METRIC, finished_nodes, stopped_at

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

DIGEST_TAG = f"{HIDDEN}description"
"""The digest of the description that the plugin has written; the user's own has another one."""
PART_TAG = f"{HIDDEN}summary."
"""Of a run that several processes log to (``run.key``): what each of them contributes."""
MAX_PART_LENGTH = 5000


def write(
    client: MlflowClient,
    header: Header,
    opened: Opened,
    summary: Summary,
    end: End,
    *,
    registered: bool = False,
) -> None:
    """Describe a run that has ended; writing it again adds what is known by then.

    Args:
        client: A client of the run's store, and of the model registry.
        header: What the run is.
        opened: The run.
        summary: What its description is made of.
        end: How and when it has ended.
        registered: Whether models of the run were registered.

    Raises:
        Exception: MLflow cannot be reached.
    """
    from mlflow.entities import RunTag

    refused = "MLflow did not take the run's description, which is left out: %s"
    with pass_over_refusals(logger, refused):
        own = RunSummary.from_json(summary.content)
        if header.key is not None:  # each process adds its part before it reads those of others
            client.set_tag(opened.run_id, PART_TAG + header.journal, own.to_json(MAX_PART_LENGTH))
            if end.status == "RUNNING":
                return
        run = client.get_run(opened.run_id)
        found = run.data.tags.get(NOTE)
        if found and run.data.tags.get(DIGEST_TAG) != _digest(found):
            return
        whole = merged([own, *_other_parts(run)])
        versions = _registered(client, opened.run_id) if registered else []
        text = to_markdown(whole, _outcome(header, run, whole, end), versions)
        if text != found:
            tags = [RunTag(NOTE, text), RunTag(DIGEST_TAG, _digest(text))]
            client.log_batch(opened.run_id, tags=tags)


def _other_parts(run: Any) -> list[RunSummary]:
    found = (value for key, value in run.data.tags.items() if key.startswith(PART_TAG))
    return [RunSummary.from_json(text) for text in found]


def _outcome(header: Header, run: Any, summary: RunSummary, end: End) -> RunOutcome:
    tags, info = run.data.tags, run.info
    begin = header.start_ms if header.key is None else info.start_time
    # The run in MLflow is longer than the pipeline: the store may have to be made first.
    seconds = run.data.metrics.get(PIPELINE_METRIC, max(0, end.time - begin) / 1000)
    done = finished_nodes(run, summary.nodes)
    return RunOutcome(
        end.status,
        seconds,
        f"/experiments/{info.experiment_id}/runs/{info.run_id}",
        done or (None if end.status == "FINISHED" else ()),
        stopped_at(tags) if end.status in {"FAILED", "KILLED"} else "",
        tags.get(ERROR_TAG, ""),
    )


def _registered(client: MlflowClient, run_id: str) -> list[tuple[str, str]]:
    """Return the names and versions of a run's models in the registry beside it."""
    if separate_registry.is_used(client):  # the UI that shows the run does not have them
        return []
    found = client.search_model_versions(f"run_id = '{run_id}'")
    return sorted((version.name, str(version.version)) for version in found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
