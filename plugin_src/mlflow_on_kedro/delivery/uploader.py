"""What is uploaded for each kind of artifact, and how."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..journal.entries import (
    Artifact,
    Entry,
    File,
    Model,
    Page,
    PageFile,
    Prompt,
    Register,
    Text,
    Trace,
)
from ..journal.snapshot import Snapshot, files_below
from ..models import logged_models, registry
from ..models.pending_registrations import pending_registrations
from ..prompts import delivered_prompts
from ..timeline.plotly_js import with_plotly
from ..tracking import capabilities, store
from ..tracking.artifact_names import goes_by_http, url_safe
from ..tracking.capabilities import Feature

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

EntryT = TypeVar("EntryT", bound=Entry)
MakeUploads: TypeAlias = "Callable[[Uploader, EntryT], list[Upload]]"


@dataclass(frozen=True)
class Upload:
    """One file of an entry, or a whole model or text.

    Attributes:
        call: Uploads it.
        name: What distinguishes it from the entry's other files.
        target: Its path among the artifacts; None: no other upload has the same.
    """

    call: Callable[[], None]
    name: str = ""
    target: str | None = None


class Uploader:
    """Makes the uploads of files, texts, models and traces to one run.

    Args:
        client: A client of the run's store.
        run_id: The run.
        artifact_uri: Where the run's artifacts are stored.
        uri: The client's tracking URI.
        raising: Raise what is wrong with a model instead of uploading its files unchanged.
        again: Another process may have uploaded the same before.
        originals: Whether files that a journal only refers to may be sent. A journal from elsewhere
            must not refer to files of this machine.
    """

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        artifact_uri: str,
        uri: str | None,
        *,
        raising: bool,
        again: bool,
        originals: bool,
    ) -> None:
        self._client, self._run_id, self._uri = client, run_id, uri
        self._by_http = goes_by_http(artifact_uri)
        self._raising, self._again, self._originals = raising, again, originals
        self._renamed: set[str] = set()

    # -- one method for each kind of entry -------------------------------------------------------

    def text(self, entry: Text) -> list[Upload]:
        """Upload a text."""
        return self._text(entry, lambda: entry.content)

    def page(self, entry: Page) -> list[Upload]:
        """Upload a page, with plotly.js."""
        return self._text(entry, lambda: with_plotly(entry.content))

    def page_file(self, entry: PageFile) -> list[Upload]:
        """Upload a page from a file, with plotly.js."""
        return self._text(entry, lambda: with_plotly(entry.source.read_text(encoding="utf-8")))

    def file(self, entry: File) -> list[Upload]:
        """Upload a file, or each file of a folder."""
        source = self._source(entry)
        return [
            Upload(
                functools.partial(self._log_unchanged, path, folder, source, entry.snapshot),
                str(path),
                f"{folder}/{path.name}" if folder else path.name,
            )
            for path, folder in _files_of(source, entry.folder, entry.snapshot)
        ]

    def model(self, entry: Model) -> list[Upload]:
        """Create a logged model."""
        return [Upload(functools.partial(self._log_model, entry))]

    def trace(self, entry: Trace) -> list[Upload]:
        """Send a trace."""
        return [Upload(functools.partial(self._send_trace, entry))]

    def registration(self, entry: Register) -> list[Upload]:
        """Register one of the run's models."""
        return [Upload(functools.partial(self._register, entry.model))]

    def prompt(self, entry: Prompt) -> list[Upload]:
        """Register a prompt, if it is not there yet, and link it to the run."""
        return [Upload(functools.partial(self._send_prompt, entry))]

    # -- uploading -------------------------------------------------------------------------------

    def _text(self, entry: Artifact, content: Callable[[], str]) -> list[Upload]:
        def upload() -> None:
            with store.artifacts_at(self._uri):
                self._client.log_text(self._run_id, content(), self._safe(entry.place))

        return [Upload(upload, target=entry.place)]

    def _source(self, entry: File) -> Path:
        """Return where the content of an entry is.

        Raises:
            FileNotFoundError: It was not copied, and is on the machine or in the project of the
                run.
        """
        source = entry.source
        if not (self._originals or source == Path(entry.path)):
            raise FileNotFoundError(
                f"{source} was too large to be copied into the journal (`tracking.max_copy` in "
                "mlflow.yml), so it can only be delivered in the project of its run"
            )
        return source

    def _log_unchanged(
        self, path: Path, folder: str, source: Path, snapshot: Snapshot | None
    ) -> None:
        """Upload a file; check before and after that no process has changed it."""
        name = "" if path == source else path.relative_to(source).as_posix()
        if snapshot is not None:
            snapshot.check(source, name)
        safe = self._safe(path.name)
        with store.artifacts_at(self._uri), _renamed(path, safe) as file:
            self._client.log_artifact(self._run_id, str(file), self._safe(folder) or None)
        if snapshot is not None:
            snapshot.check(source, name)

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
            if json.loads(entry.about).get("register_at_once"):  # as the node's own call did
                self._register(entry.folder)

    def _send_trace(self, entry: Trace) -> None:
        from ..observability import saved_traces

        uri = self._uri or self._client.tracking_uri
        instead = "traces of nodes are left out"
        with self._pass_over_lack(uri, Feature.TRACES, instead):
            saved_traces.send(self._client, uri, self._run_id, entry)

    def _send_prompt(self, entry: Prompt) -> None:
        uri = self._uri or self._client.tracking_uri
        if not capabilities.has(uri, Feature.PROMPTS):
            return
        instead = "the prompts that runs have used are not listed there"
        with self._pass_over_lack(uri, Feature.PROMPTS, instead):
            delivered_prompts.send(self._client, uri, self._run_id, entry)

    def _pass_over_lack(
        self, uri: str, feature: Feature, instead: str
    ) -> contextlib.AbstractContextManager[None]:
        return capabilities.pass_over_lack(
            uri, feature, instead, lambda: self._client.get_run(self._run_id)
        )

    def _register(self, model: str) -> None:
        for pending in pending_registrations(self._client, self._run_id):
            if pending.name == model:
                registry.register(self._client, self._uri or "", pending)


def _files_of(path: Path, folder: str, snapshot: Snapshot | None) -> Iterator[tuple[Path, str]]:
    """Yield the files of an entry, and the artifact folder of each.

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
        files = [path / name for name in files_below(path)]
    for file in files:
        below = file.parent.relative_to(path).as_posix()
        place = str(PurePosixPath(folder, below))
        yield file, "" if place == "." else place


@contextlib.contextmanager
def _renamed(path: Path, name: str) -> Iterator[Path]:
    """Give a file another name for a while: MLflow uploads a file under its name on disk."""
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
