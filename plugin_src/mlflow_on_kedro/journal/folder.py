"""The journal of a run: what it logs, on local disk before it is delivered.

Each run has a folder below ``.mlflow_on_kedro/journal`` of its project:

========================  =========================================================================
``run.json``              what the run is: see :class:`~.records.Header`
``mlflow.json``           the run in MLflow, once created: see :class:`~.records.Opened`
``<process>.jsonl``       values (parameters, metrics, tags, ...), one a line, one file a process
``<process>.files``       artifacts and models, likewise
``files/``                artifacts, as they were when they were logged
``files/<name>.json``     which of them others may still change: see :class:`~.snapshot.Snapshot`
``log/``                  what its processes have logged and printed: see :mod:`~.log_file`
``delivered.json``        how many bytes of each of these files are in MLflow
``set_aside.json``        entries that were refused: see :class:`~.records.SetAside`
``trouble.json``          why a whole lane waits: see :class:`~.records.Trouble`
``watched.json``          the files of ``artifacts.every``: see :class:`~.records.Watched`
``asked``                 exists once a server was asked to create the run
``ended``                 the status with which the run has ended in MLflow, once it has
``failing``               exists while MLflow does not answer
``alive``                 its time is the last at which the pipeline is known to have run
``own/``                  what nodes themselves logged to MLflow while it did not answer
``children/``             a journal each: runs that nodes began then, and of ``run.children``
``lock``, ``sender.lock`` held by the pipeline's process, and by the one that delivers
========================  =========================================================================

The folder is removed once everything is delivered. It holds no credentials.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from ..utils.locks import Hold
from .entry_files import EntryFiles
from .json_files import read_object, write_object
from .records import FORMAT, Header
from .state import ALIVE, CHILDREN, OPENED, JournalState

FOLDER = "journal"
"""In a project's working folder: it has one folder for each run."""
HEADER = "run.json"
OWN = "own"
OF_DELIVERY = "delivery-"
"""The begin of the names of files with entries that delivery makes, also after the pipeline."""
LOCK = "lock"
SENDER_LOCK = "sender.lock"
LAST_MS = 250_000_000_000_000  # in the year 9892: Python has no dates much later
_ID = re.compile(r"[0-9a-f]{24}")


def new_id() -> str:
    """Return a name for a journal that no other journal has."""
    return secrets.token_hex(12)


def is_id(text: str) -> bool:
    """Return whether a text is the name of a journal, and not a path to anything else."""
    return _ID.fullmatch(text) is not None


def keep_out_of_git(folder: Path) -> None:
    """Have git ignore all that is in a folder.

    Raises:
        OSError: The file ``.gitignore`` cannot be written.
    """
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


class Journal(JournalState, EntryFiles):
    """One run's folder: what the run is, its locks, and the journals of runs below it.

    Args:
        folder: The folder, which :meth:`create` makes.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._header_file = str(folder / HEADER)
        self._holds: dict[str, Hold] = {}

    def __reduce__(self) -> tuple[type[Journal], tuple[Path]]:
        return Journal, (self.folder,)  # another process does not hold its locks

    @classmethod
    def create(cls, parent: Path, header: Header) -> Journal:
        """Make the folder of a run that begins, and hold it.

        Raises:
            OSError: The disk is full or read-only.
        """
        journal = cls(parent / header.journal)
        journal.folder.mkdir(parents=True)
        try:
            journal.hold()  # other processes find the journal by its header, so before that
            write_object(journal.folder / HEADER, asdict(header))
        except OSError:
            journal.release()
            shutil.rmtree(journal.folder, ignore_errors=True)
            raise
        with contextlib.suppress(OSError):
            keep_out_of_git(parent.parent)
        return journal

    def hold(self) -> None:
        """Lock the journal of a run that begins, or that is over, until :meth:`release`.

        Raises:
            BlockingIOError: Its run is in progress, or another process delivers it.
        """
        self._holds[LOCK] = Hold(self.folder / LOCK)

    def hold_sender(self) -> None:
        """Lock its delivery, until :meth:`release` or the process's end.

        A pipeline's process may have ended while the process that sends for it continues.

        Raises:
            BlockingIOError: Another process delivers it.
        """
        self._holds[SENDER_LOCK] = Hold(self.folder / SENDER_LOCK)

    def hold_all(self) -> None:
        """Take both locks of a run that is over, until :meth:`release`.

        Raises:
            BlockingIOError: Its run is in progress, or another process delivers it.
            OSError: The folder cannot be written to.
        """
        try:
            self.hold()
            self.hold_sender()
        except BlockingIOError:
            self.release()
            raise

    def release(self) -> None:
        """Release all locks."""
        while self._holds:
            self._holds.popitem()[1].release()

    @functools.cached_property
    def header(self) -> Header:
        """What the run is.

        Raises:
            ValueError: The file is damaged.
            OSError: It cannot be read.
        """
        file = self.folder / HEADER
        content = read_object(file)
        version = content.get("format", FORMAT)
        if isinstance(version, int) and version > FORMAT:  # checked first: its fields may differ
            raise ValueError(f"{self.folder} was written by a newer version of this plugin.")
        for name, kind in get_type_hints(Header).items():
            if name in content and not _is_instance(content[name], kind):
                raise ValueError(f"{file} is damaged: '{name}'.")
        try:
            header = Header(**content)
        except TypeError as error:
            raise ValueError(f"{file} is damaged: {error}") from None
        if not 0 <= header.start_ms < LAST_MS:
            raise ValueError(f"{file} is damaged: 'start_ms'.")
        return header

    def exists(self) -> bool:
        """Return whether the folder is on this machine, and not removed."""
        return os.path.isfile(self._header_file)  # noqa: PTH113 - called for each entry

    def last_alive_ms(self) -> int:
        """Return when the pipeline last ran, in milliseconds since the epoch; 0 if unknown."""
        names = [name for name in self.sizes() if not name.startswith(OF_DELIVERY)]
        files = [*(self.folder / name for name in names), *self.folder.glob(ALIVE)]
        return max((path.stat().st_mtime_ns // 1_000_000 for path in files), default=0)

    def waiting_files(self) -> list[Path]:
        """Return the files of artifacts that wait for delivery, without those refused."""
        own = [path for path in (self.folder / OWN).rglob("*") if path.is_file()]
        return [*own, *self.copies.files(without=self.refused_copies())]

    def children(self) -> list[Journal]:
        """Return the journals of the child runs, parents first."""
        found = [Journal(path.parent) for path in self.folder.glob(f"{CHILDREN}/*/{HEADER}")]
        return sorted(
            found, key=lambda item: (item.header.start_ms, item.folder.stat().st_ctime_ns)
        )

    def discard(self) -> None:
        """Release and remove the folder: everything is delivered."""
        # The header goes first: without it no process takes the rest for a journal.
        for name in (HEADER, OPENED):
            (self.folder / name).unlink(missing_ok=True)
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_instance(value: Any, kind: Any) -> bool:
    container = get_origin(kind)
    if container not in (dict, list):
        return isinstance(value, kind)
    if not isinstance(value, container):
        return False
    items = value.values() if isinstance(value, dict) else value
    return all(isinstance(item, str) for item in items)
