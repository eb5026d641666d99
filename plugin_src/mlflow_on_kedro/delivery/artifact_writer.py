"""Uploading artifacts and models of a run: several at once, and none takes others with it."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..journal.entries import Entry, File, Model, Page, PageFile, Register, Text, Trace
from ..journal.snapshot import Snapshot
from ..models import logged_models, registry
from ..models.pending_registrations import pending_registrations
from ..tracking import capabilities, creating, store
from ..tracking.artifact_names import goes_by_http, url_safe
from ..tracking.capabilities import Feature
from ..tracking.failures import Kind, is_of_this_file, is_silent, kind_of
from ..utils.overlap import overlap
from ..utils.plotly_page import with_plotly
from .batch_writer import OnRefused

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

STORING_SECONDS = 120
"""How long the answer to an upload is waited for."""
_HOLD_UP = (Kind.SILENT, Kind.BUSY, Kind.GONE)


@dataclass
class _Upload:
    """One file of an entry, or a whole model or text.

    Attributes:
        place: The entry's place among those that are sent.
        name: What tells it from the entry's other files.
        call: Uploads it.
        target: Its place among the artifacts; None: a place of its own.
    """

    place: int
    name: str
    call: Callable[[], None]
    target: str | None = None


class ArtifactWriter:
    """Uploads files, folders, texts and models to one run.

    Args:
        client: A client of the run's store.
        run_id: The run.
        artifact_uri: Where the run's artifacts are.
        on_refused: Called with an entry that is refused while others are taken, the answer, and how
            often the entry was tried.
        uri: The client's tracking URI.
        raising: Raise what is wrong with a model instead of uploading its files as they are.
        again: Another process may have tried before.
        threads: Uploads at once.
        originals: Whether files that a journal only names may be sent. One from elsewhere must not
            name what lies on this machine.
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
        self._client, self._run_id, self._uri = client, run_id, uri
        self._by_http = goes_by_http(artifact_uri)
        self._on_refused = on_refused
        self._raising, self._again, self._threads = raising, again, threads
        self._originals = originals
        # Of a call to :meth:`send` that failed half-way: entries and files that have arrived.
        self._sent: set[int] = set()
        self._uploaded: set[tuple[int, str]] = set()
        self._silent: Exception | None = None
        self._is_known = False
        self._renamed: set[str] = set()

    def send(self, entries: Sequence[Entry]) -> None:
        """Upload entries; after a failure the same call goes on where that one stopped.

        An entry that the store answers with a failure is refused at once: it may be sent again
        later, and meanwhile the others are.

        Raises:
            Exception: The store does not answer, or is busy; or the run was deleted.
        """
        failures: dict[int, Exception] = {}
        uploads: list[_Upload] = []
        waiting = [place for place in range(len(entries)) if place not in self._sent]
        for place in waiting:
            try:
                uploads += self._uploads(place, entries[place])
            except Exception as error:  # it cannot be read
                failures[place] = error
        self._silent = None
        uploads = self._without_superseded(uploads)
        calls = [
            functools.partial(self._upload, upload, entries[upload.place]) for upload in uploads
        ]
        # MLflow's client asks once where a run's artifacts are, if the first one asks alone.
        alone = 0 if self._is_known else 1
        outcomes = [*overlap(calls[:alone], 1), *overlap(calls[alone:], self._threads)]
        self._is_known = True
        for upload, failure in zip(uploads, outcomes, strict=True):
            if failure is None:
                self._uploaded.add((upload.place, upload.name))
            else:
                failures.setdefault(upload.place, failure)
        for place in waiting:
            if place not in failures:
                self._sent.add(place)
        waits: Exception | None = None
        # A server that refuses a large file may cut the connection before it has read the file.
        refuses = any(kind_of(failure) not in _HOLD_UP for failure in failures.values())
        for place, failure in failures.items():
            entry = entries[place]
            if _holds_up_all(entry, failure) and not (refuses and _is_cut_off(failure)):
                waits = waits or failure
            else:
                self._on_refused(entry, failure, 1)
                self._sent.add(place)
        if waits is not None:
            raise waits
        self._sent.clear()
        self._uploaded.clear()

    def _without_superseded(self, uploads: list[_Upload]) -> list[_Upload]:
        """Leave out a file where a later one goes to the same place: at once either could win."""
        last = {upload.target: upload for upload in uploads if upload.target}
        kept = []
        for upload in uploads:
            if upload.target and last[upload.target] is not upload:
                self._uploaded.add((upload.place, upload.name))
            else:
                kept.append(upload)
        return kept

    def _upload(self, upload: _Upload, entry: Entry) -> None:
        if self._silent is not None:  # each would wait as long for the same
            raise self._silent
        try:
            # A server stores what it was sent before it answers.
            with creating.sent_once(STORING_SECONDS):
                upload.call()
        except Exception as error:
            if is_silent(error) and _holds_up_all(entry, error) and not _is_cut_off(error):
                self._silent = error
            raise

    # -- what is uploaded ----------------------------------------------------------------------

    def _uploads(self, place: int, entry: Entry) -> list[_Upload]:
        if isinstance(entry, Register):
            call = functools.partial(self._register, entry)
            return [_Upload(place, "", call)]
        if isinstance(entry, PageFile):
            path = Path(entry.path)
            place_in_run = f"{entry.folder}/{path.name}" if entry.folder else path.name
            entry = Page(place_in_run, path.read_text(encoding="utf-8"))
        if isinstance(entry, Text):
            return [_Upload(place, "", functools.partial(self._log_text, entry), entry.path)]
        if isinstance(entry, Model):
            return [_Upload(place, "", functools.partial(self._log_model, entry))]
        if isinstance(entry, Trace):
            return [_Upload(place, "", functools.partial(self._send_trace, entry))]
        if not isinstance(entry, File):
            raise TypeError(f"no artifact: {entry!r}")
        source = self._source(entry)
        return [
            _Upload(
                place,
                str(path),
                functools.partial(self._log_unchanged, path, folder, source, entry.snapshot),
                f"{folder}/{path.name}" if folder else path.name,
            )
            for path, folder in _files_of(source, entry.folder, entry.snapshot)
            if (place, str(path)) not in self._uploaded
        ]

    def _source(self, entry: File) -> Path:
        """Where the content of an entry is.

        Raises:
            FileNotFoundError: It was not copied, and stays on the machine or in the project where
                the run was.
        """
        source = entry.source
        if not (self._originals or source == Path(entry.path)):
            raise FileNotFoundError(
                f"{source} was too large to be copied into the journal (`tracking.max_copy` in "
                "mlflow.yml), so it can only be delivered in the project that it is of"
            )
        return source

    def _log_unchanged(
        self, path: Path, folder: str, source: Path, snapshot: Snapshot | None
    ) -> None:
        """Upload a file that others may write to, and see that nobody does before or meanwhile."""
        name = "" if path == source else path.relative_to(source).as_posix()
        if snapshot is not None:
            snapshot.check(source, name)
        self._log_file(path, folder)
        if snapshot is not None:
            snapshot.check(source, name)

    def _log_text(self, entry: Text) -> None:
        content = with_plotly(entry.content) if isinstance(entry, Page) else entry.content
        with store.artifacts_at(self._uri):
            self._client.log_text(self._run_id, content, self._safe(entry.path))

    def _log_file(self, path: Path, folder: str) -> None:
        name = self._safe(path.name)
        with store.artifacts_at(self._uri), _named(path, name) as source:
            self._client.log_artifact(self._run_id, str(source), self._safe(folder) or None)

    def _safe(self, path: str) -> str:
        if not self._by_http:
            return path
        safe = url_safe(path)
        if safe != path and path not in self._renamed:
            self._renamed.add(path)
            logger.warning(
                "The artifact '%s' is logged as '%s': MLflow's server would change its name.",
                path,
                safe,
            )
        return safe

    def _log_model(self, entry: Model) -> None:
        entry = replace(entry, path=str(self._source(entry)))
        if entry.snapshot is not None:
            for name, _, _ in entry.snapshot.files:
                entry.snapshot.check(Path(entry.path), name)
        with store.artifacts_at(self._uri):
            logged_models.log(
                self._client, self._run_id, entry, again=self._again, raising=self._raising
            )
            if json.loads(entry.about).get("register_at_once"):  # a node has done so itself
                self._register(Register(entry.folder))

    def _send_trace(self, entry: Trace) -> None:
        from ..observability import saved_traces

        uri = self._uri or self._client.tracking_uri
        try:
            saved_traces.send(self._client, uri, self._run_id, entry)
        except Exception as error:
            instead = "traces of nodes are left out"
            if not capabilities.lacks(
                uri, Feature.TRACES, error, instead, lambda: self._client.get_run(self._run_id)
            ):
                raise

    def _register(self, entry: Register) -> None:
        for pending in pending_registrations(self._client, self._run_id):
            if pending.name == entry.model:
                registry.register(self._client, self._uri or "", pending)


def _holds_up_all(entry: Entry, error: Exception) -> bool:
    """Tell a store that no entry can reach now from one that has answered about this entry."""
    if isinstance(entry, File | Text) and is_of_this_file(entry, error):
        return False
    return kind_of(error) in _HOLD_UP


def _is_cut_off(error: Exception) -> bool:
    return any(words in str(error) for words in ("Connection reset", "Broken pipe", "aborted"))


def _files_of(
    path: Path, folder: str, snapshot: Snapshot | None = None
) -> Iterator[tuple[Path, str]]:
    """The files of an entry, and the artifact folder of each.

    Raises:
        FileNotFoundError: There is no such file or folder.
    """
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there any more")
        yield path, folder
        return
    if snapshot is not None and snapshot.original == str(path):
        files = [path / name for name, _, _ in snapshot.files]
    else:
        files = sorted(item for item in path.rglob("*") if item.is_file())
    for file in files:
        below = file.parent.relative_to(path).as_posix()
        place = str(PurePosixPath(folder, below))
        yield file, "" if place == "." else place


@contextlib.contextmanager
def _named(path: Path, name: str) -> Iterator[Path]:
    """A file under another name: MLflow uploads a file by the name that it has on disk."""
    if name == path.name:
        yield path
        return
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        renamed = Path(scratch) / name
        try:
            os.link(path, renamed)
        except OSError:
            shutil.copy2(path, renamed)
        yield renamed
