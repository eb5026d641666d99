"""The state of a run's delivery: small files in the journal's folder, which every process reads."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .copies import ArtifactCopies
from .entry_lines import from_line, to_line
from .json_files import read_object, write_object
from .records import Opened, SetAside, Trouble, Watched

OPENED = "mlflow.json"
DELIVERED = "delivered.json"
SET_ASIDE = "set_aside.json"
TROUBLE = "trouble.json"
WATCHED = "watched.json"
CREATE_REQUESTED = "asked"
ENDED = "ended"
FAILING = "failing"
ALIVE = "alive"
CHILDREN = "children"


class JournalState:
    """What is known of a run in MLflow and of its delivery.

    Args:
        folder: The journal's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copies = ArtifactCopies(folder)

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None until it is created."""
        try:
            return Opened(**read_object(self.folder / OPENED))
        except (OSError, ValueError, TypeError):
            return None

    @opened.setter
    def opened(self, found: Opened) -> None:
        write_object(self.folder / OPENED, asdict(found))

    @property
    def delivered(self) -> dict[str, int]:
        """How many bytes of each file of entries are delivered."""
        try:
            found = read_object(self.folder / DELIVERED)
        except (OSError, ValueError):
            return {}
        return {name: count for name, count in found.items() if isinstance(count, int)}

    @delivered.setter
    def delivered(self, positions: dict[str, int]) -> None:
        write_object(self.folder / DELIVERED, positions)

    @property
    def set_aside(self) -> list[SetAside]:
        """The entries that were refused, in that order, without damaged ones."""
        found = []
        for row in self._set_aside_rows():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = self.copies.to_absolute(from_line(json.dumps(row["entry"]).encode()))
                times = int(row["time"]), int(row["tries"])
                found.append(SetAside(entry, str(row["reason"]), *times, bool(row["may_pass"])))
        return found

    @set_aside.setter
    def set_aside(self, items: Sequence[SetAside]) -> None:
        if not items:
            (self.folder / SET_ASIDE).unlink(missing_ok=True)
            return
        rows = [
            {**vars(item), "entry": json.loads(to_line(self.copies.to_relative(item.entry)))}
            for item in items
        ]
        write_object(self.folder / SET_ASIDE, {"entries": rows})

    def count_set_aside(self) -> tuple[int, int]:
        """Count the entries that were refused, and those of them that may be accepted later."""
        rows = self._set_aside_rows()
        return len(rows), sum(bool(row.get("may_pass")) for row in rows)

    def refused_copies(self) -> set[str]:
        """Return the names of the copies of artifacts that were refused."""
        entries = [row.get("entry") for row in self._set_aside_rows()]
        return {
            str(entry["path"]).partition("/")[0]
            for entry in entries
            if isinstance(entry, dict) and "path" in entry
        }

    def _set_aside_rows(self) -> list[dict[str, Any]]:
        try:
            rows = read_object(self.folder / SET_ASIDE)["entries"]
        except (OSError, ValueError, KeyError):
            return []
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    @property
    def watched(self) -> Watched | None:
        """The files of ``artifacts.every``; None without that key."""
        try:
            found = read_object(self.folder / WATCHED)
            known = {Path(path): (int(size), int(time)) for path, size, time in found["known"]}
            return Watched([str(pattern) for pattern in found["patterns"]], known)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    @watched.setter
    def watched(self, files: Watched) -> None:
        rows = [(str(path), *state) for path, state in files.known.items()]
        write_object(self.folder / WATCHED, {"patterns": files.patterns, "known": rows})

    @property
    def trouble(self) -> dict[str, Trouble]:
        """Why lanes wait, by their names."""
        found = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            for lane, row in read_object(self.folder / TROUBLE).items():
                found[lane] = Trouble(str(row["reason"]), int(row["time"]))
        return found

    def note_trouble(self, lane: str, trouble: Trouble | None) -> None:
        """Write down why a lane waits, or with None that it no longer does."""
        known = self.trouble
        if trouble is None and lane not in known:
            return
        rows = {name: vars(item) for name, item in known.items() if name != lane}
        if trouble is not None:
            rows[lane] = vars(trouble)
        with contextlib.suppress(OSError):
            write_object(self.folder / TROUBLE, rows)

    @property
    def create_requested(self) -> bool:
        """Whether a server may have created the run, even if no answer came."""
        return (self.folder / CREATE_REQUESTED).exists()

    def note_create_requested(self) -> None:
        """Write down that a request to create the run is about to be sent."""
        with contextlib.suppress(OSError):
            (self.folder / CREATE_REQUESTED).touch()

    @property
    def ended(self) -> str | None:
        """The status with which the run has ended in MLflow; None if it is not known to have."""
        try:
            return (self.folder / ENDED).read_text(encoding="ascii") or None
        except (OSError, ValueError):
            return None

    @ended.setter
    def ended(self, status: str | None) -> None:
        with contextlib.suppress(OSError):
            if status is None:
                (self.folder / ENDED).unlink(missing_ok=True)
            else:
                (self.folder / ENDED).write_text(status, encoding="ascii")

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present, according to the pipeline's journal."""
        is_child = self.folder.parent.name == CHILDREN
        return ((self.folder.parents[1] if is_child else self.folder) / FAILING).exists()

    @is_failing.setter
    def is_failing(self, failing: bool) -> None:
        with contextlib.suppress(OSError):
            if failing:
                (self.folder / FAILING).touch()
            else:
                (self.folder / FAILING).unlink(missing_ok=True)

    def note_alive(self) -> None:
        """Write down that the pipeline is running now, in case its process is killed."""
        with contextlib.suppress(OSError):
            (self.folder / ALIVE).touch()
