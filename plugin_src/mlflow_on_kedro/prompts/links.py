"""Links from runs and traces to the versions of prompts that they have used."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..mlflow_internals import mlflow_globals
from ..mlflow_internals.tags import LINKED_PROMPTS, TRACE_RUN
from .content import make_version

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_TRACES = 100
"""How many traces of a run are linked, the newest first."""
_lock = threading.Lock()


def link_to_run(client: MlflowClient, uri: str, run_id: str, name: str, version: int) -> None:
    """Link a version to a run, which lists it under "Registered prompts"; once is enough.

    Args:
        client: A client of the run's store and of the registry.
        uri: The tracking URI.
        run_id: The run.
        name: The prompt's name.
        version: The number of the version.

    Raises:
        Exception: MLflow cannot be reached, or the version does not exist any more.
    """
    # MLflow reads the run's tag and writes it again, at the tracking URI of the whole process.
    with _lock, mlflow_globals.tracking_uri(uri):
        client.link_prompt_version_to_run(run_id, make_version(name, version))


def linked_versions(client: MlflowClient, run_id: str) -> dict[str, int]:
    """Return the newest version of each prompt that is linked to a run.

    Args:
        client: A client of the run's store.
        run_id: The run.

    Raises:
        Exception: MLflow cannot be reached.
    """
    found: dict[str, int] = {}
    for item in in_tags(client.get_run(run_id).data.tags):
        found[item["name"]] = max(found.get(item["name"], 0), int(item["version"]))
    return found


def in_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the ``name`` and ``version`` of each prompt that is linked to a run or a trace.

    Args:
        tags: The tags of the run or of the trace.

    Raises:
        ValueError: Somebody else has written the tag.
    """
    found: list[dict[str, str]] = json.loads(tags.get(LINKED_PROMPTS) or "[]")
    return found


def link_to_traces(client: MlflowClient, uri: str, run_id: str, experiment_id: str) -> None:
    """Link the prompts of a run to the run's traces.

    Args:
        client: A client of the run's store and of the registry.
        uri: The tracking URI.
        run_id: The run.
        experiment_id: The run's experiment.

    Raises:
        Exception: MLflow cannot be reached, or has no such links.
    """
    used = in_tags(client.get_run(run_id).data.tags)
    versions = [make_version(item["name"], int(item["version"])) for item in used]
    if not versions:
        return
    with mlflow_globals.tracking_uri(uri):
        of_run = f"request_metadata.`{TRACE_RUN}` = '{run_id}'"
        for trace in client.search_traces(
            [experiment_id], of_run, max_results=MAX_TRACES, include_spans=False
        ):
            known = in_tags(trace.info.tags)
            if any(item not in known for item in used):
                client.link_prompt_versions_to_trace(versions, trace.info.trace_id)
