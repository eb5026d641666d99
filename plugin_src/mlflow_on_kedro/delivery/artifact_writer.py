"""Uploading the artifacts and models of a run: several at once, each independent of the others."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..journal.entries import Artifact, Entry
from ..tracking import creating
from ..tracking.failures import Kind, is_of_this_file, is_silent, kind_of
from ..utils.overlap import overlap
from .batch_writer import OnRefused
from .routes import UPLOADS
from .uploader import Upload, Uploader

if TYPE_CHECKING:
    from mlflow import MlflowClient

ANSWER_SECONDS = 120
"""How long to wait for the answer to an upload."""
_OF_THE_STORE = (Kind.SILENT, Kind.BUSY, Kind.GONE)


class ArtifactWriter:
    """Uploads files, folders, texts and models to one run.

    Args:
        client: A client of the run's store.
        run_id: The run.
        artifact_uri: Where the run's artifacts are stored.
        on_refused: Called with an entry that is refused while others are accepted, the answer, and
            how often the entry was sent.
        uri: The client's tracking URI.
        raising: Raise what is wrong with a model instead of uploading its files unchanged.
        again: Another process may have uploaded the same before.
        threads: How many uploads run at once.
        originals: Whether files that a journal only refers to may be sent. A journal from elsewhere
            must not refer to files of this machine.
    """

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        artifact_uri: str,
        on_refused: OnRefused,
        *,
        uri: str | None = None,
        raising: bool = False,
        again: bool = True,
        threads: int = 1,
        originals: bool = True,
    ) -> None:
        self._uploader = Uploader(
            client,
            run_id,
            artifact_uri,
            uri,
            raising=raising,
            again=again,
            originals=originals,
        )
        self._on_refused = on_refused
        self._threads = threads
        # Of a call to :meth:`send` that failed half-way: the entries and files that have arrived.
        self._sent: set[int] = set()
        self._uploaded: set[tuple[int, str]] = set()
        self._silent: Exception | None = None
        self._has_sent = False

    def send(self, entries: Sequence[Entry]) -> None:
        """Upload entries; after a failure, the same call continues where that one stopped.

        An entry for which the store answers with a failure is refused at once: it may be sent
        again later, and does not delay the others.

        Raises:
            Exception: The store does not answer, or is busy; or the run was deleted.
        """
        failures: dict[int, Exception] = {}
        uploads: list[tuple[int, Upload]] = []
        waiting = [place for place in range(len(entries)) if place not in self._sent]
        for place in waiting:
            try:
                made = UPLOADS[type(entries[place])](self._uploader, entries[place])
                new = [item for item in made if (place, item.name) not in self._uploaded]
                uploads += [(place, item) for item in new]
            except Exception as error:  # the file cannot be read
                failures[place] = error
        self._silent = None
        uploads = self._without_superseded(uploads)
        calls = [functools.partial(self._upload, item, entries[place]) for place, item in uploads]
        # MLflow's client asks only once where a run's artifacts are, if the first upload is alone.
        alone = 0 if self._has_sent else 1
        outcomes = [*overlap(calls[:alone], 1), *overlap(calls[alone:], self._threads)]
        self._has_sent = True
        for (place, upload), failure in zip(uploads, outcomes, strict=True):
            if failure is None:
                self._uploaded.add((place, upload.name))
            else:
                failures.setdefault(place, failure)
        self._sent.update(place for place in waiting if place not in failures)
        self._handle_failures(entries, failures)
        self._sent.clear()
        self._uploaded.clear()

    def _handle_failures(self, entries: Sequence[Entry], failures: dict[int, Exception]) -> None:
        """Report entries that are refused; raise a failure of the whole store."""
        of_the_store: Exception | None = None
        # A server that refuses a large file may cut the connection before it has read the file.
        refuses = any(kind_of(failure) not in _OF_THE_STORE for failure in failures.values())
        for place, failure in failures.items():
            entry = entries[place]
            if _is_of_the_store(entry, failure) and not (refuses and _is_cut_off(failure)):
                of_the_store = of_the_store or failure
            else:
                self._on_refused(entry, failure, 1)
                self._sent.add(place)
        if of_the_store is not None:
            raise of_the_store

    def _without_superseded(self, uploads: list[tuple[int, Upload]]) -> list[tuple[int, Upload]]:
        """Leave out an upload if a later one has the same target: run at once, either could win."""
        last = {upload.target: upload for _, upload in uploads if upload.target}
        kept = []
        for place, upload in uploads:
            if upload.target and last[upload.target] is not upload:
                self._uploaded.add((place, upload.name))
            else:
                kept.append((place, upload))
        return kept

    def _upload(self, upload: Upload, entry: Entry) -> None:
        if self._silent is not None:  # each upload would wait for the same store
            raise self._silent
        try:
            # A server stores a file before it answers.
            with creating.sent_once(ANSWER_SECONDS):
                upload.call()
        except Exception as error:
            if is_silent(error) and _is_of_the_store(entry, error) and not _is_cut_off(error):
                self._silent = error
            raise


def _is_of_the_store(entry: Entry, error: Exception) -> bool:
    """Return whether an error is one of the whole store, not of this entry."""
    if isinstance(entry, Artifact) and is_of_this_file(entry, error):
        return False
    return kind_of(error) in _OF_THE_STORE


def _is_cut_off(error: Exception) -> bool:
    return any(words in str(error) for words in ("Connection reset", "Broken pipe", "aborted"))
