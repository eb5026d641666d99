"""Sending values to a run in MLflow: in few requests, and without those that are refused."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..journal.changed_params import changed_tag, warn_changed
from ..journal.entries import Entry, Metric, Param, Tag
from ..mlflow_internals import errors
from ..utils.overlap import overlap
from .refusals import PAUSE_SECONDS, TRIES, RefusalJudge, is_final
from .routes import VALUE_REQUESTS

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_ENTRIES, MAX_PARAMS = 1000, 100
"""The most that MLflow accepts in one request: https://mlflow.org/docs/latest/rest-api.html#log-batch"""

OnRefused = Callable[[Entry, Exception, int], None]


class BatchWriter:
    """Sends parameters, metrics, tags and used datasets to one run.

    Args:
        client: A client of the run's store.
        run_id: The run.
        on_refused: Called with an entry that the server refuses while it accepts others, the
            answer, and how often the entry was sent.
        threads: How many requests run at once.
    """

    def __init__(
        self, client: MlflowClient, run_id: str, on_refused: OnRefused, *, threads: int = 1
    ) -> None:
        self._client, self._run_id = client, run_id
        self._on_refused = on_refused
        self._threads = threads
        self._judge = RefusalJudge(client, run_id)
        # Of a call to :meth:`send` that failed half-way: the places of entries that have arrived.
        self._sent: set[int] = set()

    def send(self, entries: Sequence[Entry]) -> None:
        """Send entries; after a failure, the same call continues where that one stopped.

        Args:
            entries: After a failure the same ones, possibly followed by more.

        Raises:
            Exception: The server is unreachable, busy, or refuses everything.
        """
        waiting = {n: entry for n, entry in enumerate(entries) if n not in self._sent}
        _tag_changed_params(waiting, waiting, {})  # else the later of two values could win
        batches = _batches(waiting)
        calls = [functools.partial(self._send_batch, waiting, batch) for batch in batches]
        failures = overlap(calls, self._threads)
        for batch, error in zip(batches, failures, strict=True):
            if error is not None:
                self._isolate(waiting, batch, error, tries=1)
        self._sent.clear()

    def _send_batch(self, entries: dict[int, Entry], batch: Sequence[int]) -> None:
        chosen = [entries[place] for place in batch]
        VALUE_REQUESTS[type(chosen[0])](self._client, self._run_id, chosen)
        self._judge.note_accepted()
        self._sent.update(batch)

    def _isolate(
        self, entries: dict[int, Entry], batch: Sequence[int], error: Exception, *, tries: int
    ) -> None:
        """Send a batch that has failed again, in halves, until only refused entries are left."""
        if not self._judge.may_be_refusal(error):
            raise error
        is_one = len(batch) == 1
        if (is_one or tries == 1) and _tag_changed_params(entries, batch, self._params_of_run()):
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
        """Return the parameters that the run has.

        Raises:
            MlflowException: The run was deleted. Otherwise each entry would be set aside.
        """
        run = self._client.get_run(self._run_id)
        if run.info.lifecycle_stage == "deleted":
            raise errors.not_found(f"Run {self._run_id} was deleted. Restore it.")
        return dict(run.data.params)


def _tag_changed_params(
    entries: dict[int, Entry], places: Iterable[int], known: dict[str, str]
) -> bool:
    """Replace parameters that already have another value, which MLflow refuses, by tags.

    Args:
        entries: The entries by their places.
        places: The places of the entries to check.
        known: The parameters that the run has; those of the entries are added.

    Returns:
        Whether there were any.
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
    """Return the places of the entries for each request.

    The first one has all tags, since the last of several tags with one key counts, and for the same
    reason parameters of one key are together.
    """
    places: dict[type[Entry], list[int]] = {kind: [] for kind in VALUE_REQUESTS}
    for place, entry in entries.items():
        if type(entry) in places:
            places[type(entry)].append(place)
    tags, params, metrics = places.pop(Tag), places.pop(Param), places.pop(Metric)
    first = [*tags, *params[:MAX_PARAMS]]
    room = max(0, MAX_ENTRIES - len(first))
    first += metrics[:room]
    others = [*_slices(params[MAX_PARAMS:], MAX_PARAMS), *_slices(metrics[room:], MAX_ENTRIES)]
    return [batch for batch in (first, *others, *places.values()) if batch]


def _slices(places: list[int], size: int) -> list[list[int]]:
    return [places[begin : begin + size] for begin in range(0, len(places), size)]
