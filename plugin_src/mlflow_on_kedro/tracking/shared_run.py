"""One MLflow run that several processes log to, each with a part of the pipeline: ``run.key``.

MLflow has no call that finds or creates in one step, and the processes may be on different
machines. So they agree by tags of runs, which all of them see in the same order.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..journal.records import Header
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from . import capabilities, creating, parts
from .capabilities import Feature
from .failures import is_gone, is_refusal
from .hidden_tags import HIDDEN, earlier, value
from .parts import ATTEMPTS_TAG, ERROR_TAG, PART_TAG, RUNNING, Part
from .timing_metrics import (
    FAILED_NODE_TAG,
    INTERRUPTED_TAG,
    PIPELINE_METRIC,
    finished_nodes,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

JOURNAL_TAG = f"{HIDDEN}journal"
KEY_TAG = f"{HIDDEN}key"
# Set on the run that all processes with the key use; a run without it may still be deleted.
CHOSEN_TAG = f"{HIDDEN}key_chosen"

PATIENCE_SECONDS = 3.0
"""How long a process waits for others, which create a run at the same time, to choose one."""
POLL_SECONDS = 0.1
_MOST_RUNS = 1000
"""How many of the newest runs are compared if a server cannot search by tag."""


def with_tag(client: MlflowClient, experiment: str, tag: str, wanted: str) -> list[Any]:
    """Find the runs of an experiment with a tag, also those of before, the oldest first."""
    found = _search(client, experiment, tag, wanted)
    if not found and earlier(tag) != tag:
        found = _search(client, experiment, earlier(tag), wanted)
    return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))


def _search(client: MlflowClient, experiment: str, tag: str, wanted: str) -> list[Any]:
    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.SEARCH):
        return []
    try:
        return list(client.search_runs([experiment], filter_string=f"tags.`{tag}` = '{wanted}'"))
    except Exception as error:
        if is_refusal(error):  # the server does not know such a filter
            runs = client.search_runs([experiment], max_results=_MOST_RUNS)
            return [run for run in runs if run.data.tags.get(tag) == wanted]
        instead = "what an earlier try may have created there is not found again"
        if not capabilities.lacks(
            uri, Feature.SEARCH, error, instead, lambda: client.get_experiment(experiment)
        ):
            raise
        return []


def searchable(key: str) -> str:
    """Encode a key for MLflow's search, which has no escapes.

    Example:
        >>> searchable("airflow:etl/manual__2026-11-23"), searchable("it's")
        ('airflow:etl/manual__2026-11-23', 'it%27s')
    """
    return quote(key, safe=" :/+@=,")[:MAX_TAG_LENGTH]


def join(client: MlflowClient, experiment: str, header: Header, tags: dict[str, str]) -> Any:
    """Find or create the run of a key; processes that create one at the same time agree on one.

    Returns:
        MLflow's ``Run``.
    """
    key = searchable(str(header.key))
    found = with_tag(client, experiment, KEY_TAG, key)
    chosen = _chosen(found)
    if chosen is None:
        own = _own(found, header)
        if own is None:
            with creating.creating(header.journal):
                own = client.create_run(
                    experiment,
                    start_time=header.start_ms,
                    run_name=header.run_name,
                    tags={**tags, KEY_TAG: key},
                )
        chosen = _agree(client, experiment, key, own)
        if chosen.info.run_id != own.info.run_id:
            client.delete_run(own.info.run_id)
    run_id = chosen.info.run_id
    client.set_tag(run_id, PART_TAG + header.journal, Part.from_header(header).tag)
    client.update_run(run_id, status=RUNNING)
    return chosen


def end_part(client: MlflowClient, run_id: str, header: Header, status: str, time_ms: int) -> str:
    """End one process's part of a run; the last part ends the run.

    A part writes its own status before it reads those of the others. So if several parts end at
    once, at least one sees them all. The run gets the worst status of its parts; a part that
    another one has repeated successfully does not count.

    Args:
        client: A client of the store.
        run_id: The run.
        header: The header of the part's journal.
        status: How the part has ended.
        time_ms: When, in milliseconds since the epoch.

    Returns:
        The status of the run afterwards.
    """
    if status == "FINISHED":
        delete_tag(client, run_id, PART_TAG + header.journal)
    else:
        failed = _failed(header, status, time_ms, client.get_run(run_id))
        client.set_tag(run_id, PART_TAG + header.journal, failed.tag)
    run = client.get_run(run_id)
    if earlier(PART_TAG) + header.journal in run.data.tags:
        delete_tag(client, run_id, earlier(PART_TAG) + header.journal)
    found = parts.in_tags(run.data.tags)
    if status == "FINISHED":
        found.pop(header.journal, None)
    for journal, part in found.items():
        if status == "FINISHED" and not part.repeated and part.is_done_by(header):
            found[journal] = replace(part, repeated=header.start_ms)
            client.set_tag(run_id, PART_TAG + journal, found[journal].tag)
    if any(part.repeated for part in found.values()):
        _log_attempts(client, run, list(found.values()))
    states = {part.status for part in found.values() if not part.repeated}
    state = next((one for one in (RUNNING, "FAILED", "KILLED") if one in states), "FINISHED")
    if state != RUNNING:
        _log_duration(client, run, header, time_ms)
        client.set_terminated(run_id, status=state, end_time=time_ms)
    return state


def _failed(header: Header, status: str, time_ms: int, run: Any) -> Part:
    """Describe a part that has failed or was killed: its error, and the nodes that did not run."""
    tags = run.data.tags
    known = parts.in_tags(tags).get(header.journal)
    part = replace(Part.from_header(header), status=status, end=time_ms)
    if status == "FAILED":  # a process that is killed logs no error
        error = tags.get(ERROR_TAG, "")[: parts.MAX_ERROR]
        node = tags.get(FAILED_NODE_TAG, "")
        part = replace(part, node=node, error=error)
        if node:  # else it is unknown which node's outputs could not be saved
            done = finished_nodes(run, part.work)
            part = replace(part, work=[name for name in part.work if name not in done])
    # Another part took this one for killed, rightly: only now its journal is delivered.
    is_repeated = known is not None and time_ms <= known.repeated
    return replace(part, repeated=known.repeated) if known is not None and is_repeated else part


def _log_attempts(client: MlflowClient, run: Any, found: list[Part]) -> None:
    """Log how repeated parts had ended; the run's error is that of a part that still counts."""
    run_id, tags = run.info.run_id, run.data.tags
    client.set_tag(run_id, ATTEMPTS_TAG, parts.describe_repeated(found))
    left = [part for part in found if not part.repeated and part.status != RUNNING]
    last = left[-1] if left else None
    for tag, text in (
        (ERROR_TAG, last.error if last else ""),
        (FAILED_NODE_TAG, last.node if last else ""),
        (INTERRUPTED_TAG, tags.get(INTERRUPTED_TAG) if last and last.status == "KILLED" else ""),
    ):
        if text:
            client.set_tag(run_id, tag, text)
        elif tag in tags:
            delete_tag(client, run_id, tag)


def _log_duration(client: MlflowClient, run: Any, header: Header, time_ms: int) -> None:
    """Log the duration of the whole run in place of that of its last part."""
    begin = run.info.start_time
    if PIPELINE_METRIC in run.data.metrics and begin != header.start_ms:
        client.log_metric(
            run.info.run_id, PIPELINE_METRIC, (time_ms - begin) / 1000, timestamp=time_ms
        )


def _agree(client: MlflowClient, experiment: str, key: str, own: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = with_tag(client, experiment, KEY_TAG, key)
        chosen = _chosen(found)
        if chosen is not None:
            return chosen
        # A process that is alone may choose at once. Otherwise it cannot know which runs the others
        # have seen, so it waits for their choice, and then chooses the oldest run.
        is_alone = len(found) < 2  # noqa: PLR2004 - itself and another
        is_first = not found or found[0].info.run_id == own.info.run_id
        if is_alone or (is_first and time.monotonic() >= deadline):
            client.set_tag(own.info.run_id, CHOSEN_TAG, "true")
            return _chosen(with_tag(client, experiment, KEY_TAG, key)) or own
        if time.monotonic() >= deadline + PATIENCE_SECONDS:  # the oldest run's process is dead
            client.set_tag(found[0].info.run_id, CHOSEN_TAG, "true")
        else:
            time.sleep(POLL_SECONDS)


def _chosen(found: list[Any]) -> Any | None:
    return next((run for run in found if value(run.data.tags, CHOSEN_TAG)), None)


def _own(found: list[Any], header: Header) -> Any | None:
    return next((run for run in found if value(run.data.tags, JOURNAL_TAG) == header.journal), None)


def delete_tag(client: MlflowClient, run_id: str, key: str) -> None:
    """Delete a tag of a run, if it is there: an earlier attempt may have deleted it."""
    try:
        client.delete_tag(run_id, key)
    except Exception as error:
        if not is_gone(error):
            raise
