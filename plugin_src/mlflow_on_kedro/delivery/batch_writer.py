"""Sending values to a run in MLflow: in few requests, and none takes others with it."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..journal.changed_params import changed_tag, warn_changed
from ..journal.entries import Entry, Input, Metric, Param, Tag
from ..mlflow_internals import errors
from ..mlflow_internals.tags import DATASET_CONTEXT
from ..tracking import capabilities, tables
from ..tracking.capabilities import Feature
from ..utils.overlap import overlap
from .refusals import PAUSE_SECONDS, TRIES, RefusalJudge, is_final

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModelInput

logger = logging.getLogger(__name__)

MAX_ENTRIES, MAX_PARAMS = 1000, 100
"""The most that MLflow takes in one request: https://mlflow.org/docs/latest/rest-api.html#log-batch"""

OnRefused = Callable[[Entry, Exception, int], None]


class BatchWriter:
    """Sends parameters, metrics, tags and datasets used to one run.

    Args:
        client: A client of the run's store.
        run_id: The run.
        on_refused: Called with an entry that the server refuses while it takes others, the answer,
            and how often the entry was tried.
        threads: Requests at once.
    """

    def __init__(
        self, client: MlflowClient, run_id: str, on_refused: OnRefused, *, threads: int = 1
    ) -> None:
        self._client, self._run_id = client, run_id
        self._on_refused = on_refused
        self._threads = threads
        self._judge = RefusalJudge(client, run_id)
        # Of a call to :meth:`send` that failed half-way: places of what need not be sent again.
        self._sent: set[int] = set()

    def send(self, entries: Sequence[Entry]) -> None:
        """Send entries; after a failure the same call goes on where that one stopped.

        Args:
            entries: After a failure the same ones, and possibly more behind them.

        Raises:
            Exception: The server is away, busy, or takes nothing at all.
        """
        waiting = {n: entry for n, entry in enumerate(entries) if n not in self._sent}
        _make_changes_tags(waiting, waiting, {})  # or the later of two values could come first
        batches = [*_batches(waiting), *_inputs(waiting)]
        calls = [functools.partial(self._send_batch, waiting, batch) for batch in batches]
        failures = overlap(calls, self._threads)
        for batch, error in zip(batches, failures, strict=True):
            if error is not None:
                self._isolate(waiting, batch, error, tries=1)
        self._sent.clear()

    def _send_batch(self, entries: dict[int, Entry], batch: Sequence[int]) -> None:
        chosen = [entries[place] for place in batch]
        if isinstance(chosen[0], Input):
            self._log_inputs([entry for entry in chosen if isinstance(entry, Input)])
        else:
            self._log_batch(chosen)
        self._judge.note_accepted()
        self._sent.update(batch)

    def _isolate(
        self, entries: dict[int, Entry], batch: Sequence[int], error: Exception, *, tries: int
    ) -> None:
        """Send a batch that has failed without what makes the server refuse it."""
        if not self._judge.may_be_refusal(error):
            raise error
        is_one = len(batch) == 1
        if (is_one or tries == 1) and _make_changes_tags(entries, batch, self._params_of_run()):
            parts = [batch]
        elif not is_one:
            middle = len(batch) // 2
            parts = [batch[:middle], batch[middle:]]
        elif is_final(error) or tries >= TRIES:
            self._on_refused(entries[batch[0]], error, tries)
            self._sent.update(batch)
            return
        else:
            time.sleep(PAUSE_SECONDS)
            parts = [batch]
        for part in parts:
            try:
                self._send_batch(entries, part)
            except Exception as failure:
                self._isolate(entries, part, failure, tries=tries + 1)

    def _params_of_run(self) -> dict[str, str]:
        """The parameters that the run has.

        Raises:
            MlflowException: The run was deleted, or each of its entries would be set aside.
        """
        run = self._client.get_run(self._run_id)
        if run.info.lifecycle_stage == "deleted":
            raise errors.not_found(f"Run {self._run_id} was deleted. Restore it.")
        return dict(run.data.params)

    def _log_batch(self, entries: Iterable[Entry]) -> None:
        from mlflow.entities import Metric as MlflowMetric
        from mlflow.entities import Param as MlflowParam
        from mlflow.entities import RunTag

        entries = list(entries)
        # MLflow refuses a key that is twice in a batch, also with the same value.
        params = dict.fromkeys(entry for entry in entries if isinstance(entry, Param))
        tags = {entry.key: entry.value for entry in entries if isinstance(entry, Tag)}
        if tables.TAG in tags:
            listings = [e.value for e in entries if isinstance(e, Tag) and e.key == tables.TAG]
            there = self._client.get_run(self._run_id).data.tags.get(tables.TAG)
            tags[tables.TAG] = tables.joined(there, *listings)
        metrics = [entry for entry in entries if isinstance(entry, Metric)]
        self._client.log_batch(
            self._run_id,
            metrics=[MlflowMetric(x.key, x.value, x.timestamp, x.step) for x in metrics],
            params=[MlflowParam(entry.key, entry.value) for entry in params],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )

    def _log_inputs(self, entries: Sequence[Input]) -> None:
        """Log datasets; MLflow has each only once, however often it is sent."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        used = [
            DatasetInput(
                Dataset(
                    x.name, x.digest, x.source_type, x.source, x.schema or None, x.profile or None
                ),
                [InputTag(DATASET_CONTEXT, x.context)] if x.context else [],
            )
            for x in entries
        ]
        uri = self._client.tracking_uri
        if not capabilities.has(uri, Feature.INPUTS):
            return
        try:
            self._client.log_inputs(self._run_id, used, _models(entries) or None)
        except Exception as error:
            if not capabilities.lacks(
                uri,
                Feature.INPUTS,
                error,
                "the datasets that a run has read are left out",
                lambda: self._client.get_run(self._run_id),
            ):
                raise


def _models(entries: Iterable[Input]) -> list[LoggedModelInput]:
    """The logged models among datasets used, which MLflow links to the run as well."""
    from mlflow.entities import LoggedModelInput

    sources = [json.loads(entry.source) for entry in entries if '"model_id"' in entry.source]
    return [LoggedModelInput(x["model_id"]) for x in sources if "tracking_uri" not in x]


def _make_changes_tags(
    entries: dict[int, Entry], places: Iterable[int], known: dict[str, str]
) -> bool:
    """Make tags of parameters that have another value already, which MLflow refuses.

    Args:
        entries: The entries by their places.
        places: Those that are looked at.
        known: The parameters that the run has; it is added to.

    Returns:
        Whether there are any.
    """
    changed = False
    for place in places:
        entry = entries[place]
        if isinstance(entry, Param) and known.setdefault(entry.key, entry.value) != entry.value:
            warn_changed(entry.key, known[entry.key], entry.value)
            entries[place] = Tag(changed_tag(entry.key), entry.value)
            changed = True
    return changed


def _batches(entries: dict[int, Entry]) -> list[list[int]]:
    """The places of parameters, metrics and tags, a request each.

    Tags are all in the first, because the last of several with one key counts, and so are
    parameters of the same key.
    """
    places: dict[type, list[int]] = {Tag: [], Param: [], Metric: []}
    for place, entry in entries.items():
        if type(entry) in places:
            places[type(entry)].append(place)
    tags, params, metrics = places[Tag], places[Param], places[Metric]
    first = [*tags, *params[:MAX_PARAMS]]
    room = max(0, MAX_ENTRIES - len(first))
    first += metrics[:room]
    others = [*_slices(params[MAX_PARAMS:], MAX_PARAMS), *_slices(metrics[room:], MAX_ENTRIES)]
    return [batch for batch in (first, *others) if batch]


def _slices(places: list[int], size: int) -> list[list[int]]:
    return [places[begin : begin + size] for begin in range(0, len(places), size)]


def _inputs(entries: dict[int, Entry]) -> list[list[int]]:
    used = [place for place, entry in entries.items() if isinstance(entry, Input)]
    return [used] if used else []
