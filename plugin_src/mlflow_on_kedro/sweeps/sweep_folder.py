"""A sweep's folder: what it was told to do, and the result of each combination that has ended.

A sweep that was killed goes on from here, without asking MLflow.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..tracking.store import working_folder
from ..utils.locks import Hold
from ..utils.replacing import write_text
from .combination import Result

FOLDER = "sweeps"
_FINISHED = "finished"
_SPEC = "sweep.json"
_UNSAFE = re.compile(r"[^\w\-]+")


class SweepFolder:
    """The folder of one sweep, ``.mlflow_on_kedro/sweeps/<id>`` in the project.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, root: Path, name: str | None) -> SweepFolder:
        """Make the folder of a new sweep.

        Args:
            root: The project's root.
            name: The sweep's name in mlflow.yml, if it has one.

        Raises:
            ConfigError: It cannot be made.
        """
        begin = _UNSAFE.sub("_", name or "sweep")[:40]
        now = f"{datetime.now():%Y%m%d-%H%M%S}"  # noqa: DTZ005 - the user's own clock
        path = working_folder(root) / FOLDER / f"{begin}-{now}-{secrets.token_hex(2)}"
        try:
            (path / "results").mkdir(parents=True)
        except OSError as error:
            raise ConfigError(
                f"The sweep keeps its state in {path}, which cannot be made: {error.strerror}."
            ) from None
        return cls(path)

    @classmethod
    def last(cls, root: Path, name: str | None) -> SweepFolder:
        """Return the folder of the last sweep.

        Args:
            root: The project's root.
            name: Of the sweeps of that name in mlflow.yml; None: of all.

        Raises:
            ConfigError: There is none.
        """
        place = working_folder(root) / FOLDER
        found: list[tuple[float, SweepFolder]] = []
        for path in place.glob(f"*/{_SPEC}"):
            folder = cls(path.parent)
            with contextlib.suppress(OSError, ValueError):
                if name is None or folder.spec.get("name") == name:
                    found.append((path.stat().st_mtime, folder))
        if not found:
            which = f"the sweep '{name}'" if name else "a sweep"
            raise ConfigError(f"There is nothing to resume: {which} has not run in this project.")
        return max(found, key=lambda pair: pair[0])[1]

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self.path.name

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder in a block, so that no other process goes on with the sweep.

        Raises:
            ConfigError: Another process runs the sweep.
        """
        try:
            lock = Hold(self.path / "lock")
        except BlockingIOError:
            raise ConfigError(f"The sweep {self.id} is running, in another process.") from None
        try:
            yield
        finally:
            lock.release()

    @property
    def spec(self) -> dict[str, Any]:
        """What the sweep was told to do.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is damaged.
        """
        content = json.loads((self.path / _SPEC).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"{self.path / 'sweep.json'} is damaged.")  # noqa: TRY004 - as JSON's own
        return content

    def write_spec(self, content: Mapping[str, Any]) -> None:
        """Write what the sweep was told to do."""
        write_text(self.path / _SPEC, json.dumps(content, indent=2, default=str))

    def remove_finished(self) -> None:
        """Remove the folders of the other sweeps that have finished."""
        for finished in self.path.parent.glob(f"*/{_FINISHED}"):
            if finished.parent != self.path:
                shutil.rmtree(finished.parent, ignore_errors=True)

    def remove_unused(self) -> None:
        """Remove the folder of a sweep that could not begin."""
        if not (self.path / _SPEC).exists():
            shutil.rmtree(self.path, ignore_errors=True)

    def note_finished(self) -> None:
        """Note that all combinations have finished: the next sweep may remove the folder."""
        (self.path / _FINISHED).touch()

    def add(self, result: Result) -> None:
        """Keep the result of a combination; a later one replaces that of an earlier try."""
        text = json.dumps(asdict(result), default=str)
        write_text(self.path / "results" / f"{result.key}.json", text)

    def results(self) -> dict[str, Result]:
        """Return the results by their keys, without damaged ones."""
        found: dict[str, Result] = {}
        for path in sorted((self.path / "results").glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found[path.stem] = Result(**json.loads(path.read_text(encoding="utf-8")))
        return found

    def finished(self) -> dict[str, Result]:
        """Return the results of the combinations that need not run again, by their keys."""
        return {key: one for key, one in self.results().items() if one.is_finished}

    def log_file(self, key: str) -> Path:
        """Return the file with what a combination has printed and logged."""
        return self.path / f"{key}.log"

    def files(self, key: str) -> Path:
        """Return the folder with a combination's own files."""
        return self.path / key
