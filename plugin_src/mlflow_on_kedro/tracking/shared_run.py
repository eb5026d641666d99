"""One MLflow run that several pipelines log to: an orchestrator's processes with the same key.

MLflow has no call that finds or creates in one step, and the processes may run on different
machines. So each tells the others what it does by tags of runs, which all see in the same order.
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
from .failures import is_refusal
from .parts import ATTEMPTS_TAG, ERROR_TAG, PART_TAG, RUNNING, Part
from .timing_metrics import FAILED_NODE_TAG, PIPELINE_METRIC, nodes_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

JOURNAL_TAG = "mlflow_on_kedro.journal"
KEY_TAG = "mlflow_on_kedro.key"
# Set on the run that all with its key use; a run without it may still be given up.
CHOSEN_TAG = "mlflow_on_kedro.key_chosen"

# How long a process that has met others leaves the choice to them.
PATIENCE_SECONDS = 3.0
POLL_SECONDS = 0.1
_MOST_RUNS = 1000
"""Runs that are looked through, the newest first, where a server cannot search by tag."""


def with_tag(client: MlflowClient, experiment: str, tag: str, value: str) -> list[Any]:
    """The runs of an experiment with a tag, the first to have begun first."""
    found = _search(client, experiment, tag, value)
    return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))


def _search(client: MlflowClient, experiment: str, tag: str, value: str) -> list[Any]:
    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.SEARCH):
        return []
    try:
        return list(client.search_runs([experiment], filter_string=f"tags.`{tag}` = '{value}'"))
    except Exception as error:
        if is_refusal(error):  # it knows no such filter
            runs = client.search_runs([experiment], max_results=_MOST_RUNS)
            return [run for run in runs if run.data.tags.get(tag) == value]
        instead = "what an earlier try may have created there is not found again"
        if not capabilities.lacks(
            uri, Feature.SEARCH, error, instead, lambda: client.get_experiment(experiment)
        ):
            raise
        return []


def searchable(key: str) -> str:
    """Write a key so that MLflow's search, which knows no escapes, can look for it.

    Example:
        >>> searchable("airflow:etl/manual__2026-11-23"), searchable("it's")
        ('airflow:etl/manual__2026-11-23', 'it%27s')
    """
    return quote(key, safe=" :/+@=,")[:MAX_TAG_LENGTH]


def join(client: MlflowClient, experiment: str, header: Header, tags: dict[str, str]) -> Any:
    """Find the run of a key, or create it; several processes that do so at once agree on one.

    Returns:
        MLflow's ``RunInfo``.
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
    client.set_tag(run_id, PART_TAG + header.journal, Part.begun(header).tag)
    client.update_run(run_id, status=RUNNING)
    return chosen.info


def leave(client: MlflowClient, run_id: str, header: Header, status: str, time_ms: int) -> str:
    """End one pipeline's part of a run; the last one ends the run.

    A part says how it ended before it looks at the others, so of parts that end at once at least
    one sees them all. The run is as its worst part, once all have ended; a part that another one
    has made up for does not count.

    Args:
        client: A client of the store.
        run_id: The run.
        header: What the part is.
        status: How it has ended.
        time_ms: When, in milliseconds since the epoch.

    Returns:
        The status that the run has then.
    """
    if status == "FINISHED":
        delete_tag(client, run_id, PART_TAG + header.journal)
    else:
        failed = _failed(header, status, time_ms, client.get_run(run_id))
        client.set_tag(run_id, PART_TAG + header.journal, failed.tag)
    run = client.get_run(run_id)
    found = parts.in_tags(run.data.tags)
    for journal, part in found.items():
        if status == "FINISHED" and not part.repeated and part.is_done_by(header):
            found[journal] = replace(part, repeated=header.start_ms)
            client.set_tag(run_id, PART_TAG + journal, found[journal].tag)
    if any(part.repeated for part in found.values()):
        _tell_attempts(client, run, list(found.values()))
    states = {part.status for part in found.values() if not part.repeated}
    state = next((one for one in (RUNNING, "FAILED", "KILLED") if one in states), "FINISHED")
    if state != RUNNING:
        _log_duration(client, run, header, time_ms)
        client.set_terminated(run_id, status=state, end_time=time_ms)
    return state


def _failed(header: Header, status: str, time_ms: int, run: Any) -> Part:
    """A part that has not finished, with the error that it has just logged, and what it left."""
    tags = run.data.tags
    known = parts.in_tags(tags).get(header.journal)
    part = replace(Part.begun(header), status=status, end=time_ms)
    if status == "FAILED":  # who is killed logs none
        error = tags.get(ERROR_TAG, "")[: parts.MAX_ERROR]
        node = tags.get(FAILED_NODE_TAG, "")
        part = replace(part, node=node, error=error)
        if node:  # else nobody knows which node's outputs could not be saved
            done = nodes_of(run, part.work)
            part = replace(part, work=[name for name in part.work if name not in done])
    # It was taken for killed, and was: this is told of it only now, by who delivers what it left.
    is_repeated = known is not None and time_ms <= known.repeated
    return replace(part, repeated=known.repeated) if known is not None and is_repeated else part


def _tell_attempts(client: MlflowClient, run: Any, found: list[Part]) -> None:
    """Keep what failed first as history: the run's error is that of a part that still counts."""
    run_id, tags = run.info.run_id, run.data.tags
    client.set_tag(run_id, ATTEMPTS_TAG, parts.attempts(found))
    left = [part for part in found if not part.repeated and part.status != RUNNING]
    last = left[-1] if left else None
    for tag, value in (
        (ERROR_TAG, last.error if last else ""),
        (FAILED_NODE_TAG, last.node if last else ""),
    ):
        if value:
            client.set_tag(run_id, tag, value)
        elif tag in tags:
            delete_tag(client, run_id, tag)


def _log_duration(client: MlflowClient, run: Any, header: Header, time_ms: int) -> None:
    """Log how long the whole run took, over the duration of its last part."""
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
        # Who is alone may choose at once. Who is not cannot know whether the others have seen it,
        # so it waits for their choice first, and then the run that began first is chosen.
        is_alone = len(found) < 2  # noqa: PLR2004 - itself and another
        is_first = not found or found[0].info.run_id == own.info.run_id
        if is_alone or (is_first and time.monotonic() >= deadline):
            client.set_tag(own.info.run_id, CHOSEN_TAG, "true")
            return _chosen(with_tag(client, experiment, KEY_TAG, key)) or own
        if time.monotonic() >= deadline + PATIENCE_SECONDS:  # the first one's process has died
            client.set_tag(found[0].info.run_id, CHOSEN_TAG, "true")
        else:
            time.sleep(POLL_SECONDS)


def _chosen(found: list[Any]) -> Any | None:
    return next((run for run in found if CHOSEN_TAG in run.data.tags), None)


def _own(found: list[Any], header: Header) -> Any | None:
    return next((run for run in found if run.data.tags.get(JOURNAL_TAG) == header.journal), None)


def delete_tag(client: MlflowClient, run_id: str, key: str) -> None:
    """Delete a tag of a run, which an earlier try may have deleted."""
    from mlflow.exceptions import MlflowException

    try:
        client.delete_tag(run_id, key)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # an earlier try has deleted it
            raise
