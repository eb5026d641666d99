"""The copy of the plugin in a project's source folder: compared, replaced, removed."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import MLflowOnKedroError
from ..tracking.store import working_folder
from ..utils import replacing
from ..utils.installation import PACKAGE
from . import record as records
from .record import Record, digest
from .sources import Source

_BACKUPS = "copies"
OLD_DATA = 'mlflow_on_kedro = ["mlflow.yml", "py.typed"]'
DATA = 'mlflow_on_kedro = ["mlflow.yml", "py.typed", "config/*.json", "timeline/assets/*"]'
"""In pyproject.toml, which files of the copy `kedro package` takes: of version 0.1.0, and now."""


@dataclass(frozen=True)
class Copy:
    """The copy of the plugin in a project, which may not be there.

    Attributes:
        root: The project's root.
        source: Its source folder, ``src``.
    """

    root: Path
    source: Path

    @property
    def folder(self) -> Path:
        """The folder of the copy."""
        return self.source / PACKAGE

    @property
    def exists(self) -> bool:
        """Whether the project has a copy."""
        return (self.folder / "__init__.py").is_file()

    @property
    def record(self) -> Record:
        """What the record beside the copy says; without one, the version that the copy says."""
        path = self.source / records.FILE
        if path.is_file():
            return Record.from_text(path.read_text(encoding="utf-8"))
        return Record(records.version_of(self.folder), "an unknown place")

    @property
    def lacks_data(self) -> bool:
        """Whether `kedro package` would not take all files: pyproject.toml lists those of 0.1.0."""
        path = self.root / "pyproject.toml"
        return path.is_file() and OLD_DATA.encode() in path.read_bytes()

    @property
    def is_edited(self) -> bool | None:
        """Whether the copy was edited; None: its record is too old to say."""
        before = self.record.digest
        return digest(self.folder) != before if before else None

    def differences(self, source: Source) -> list[str]:
        """List the files that are not as in another version, as ``M``, ``A`` or ``D`` and a path.

        Args:
            source: The other version.
        """
        mine, other = records.files(self.folder), records.files(source.folder)
        kinds = {
            name: "A" if name not in mine else "D" if name not in other else "M"
            for name in sorted({*mine, *other})
            if mine.get(name) != other.get(name)
        }
        return [f"{kind} {name}" for name, kind in kinds.items()]

    def replace(self, source: Source) -> Path | None:
        """Write another version, and its record.

        Args:
            source: The other version.

        Returns:
            Where the copy lies that was there before; None: there was none.

        Raises:
            MLflowOnKedroError: A file cannot be written; if the folder itself cannot be replaced,
                it is as it was.
        """
        try:
            with replacing.beside(self.folder) as new:
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(source.folder, new, ignore=ignored)
                backup = self._back_up()
                replacing.replace_folder(new, self.folder)
            self._list_data()
            text = source.record.to_text()
            (self.source / records.FILE).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise MLflowOnKedroError(f"{self.folder} cannot be replaced: {error}.") from None
        return backup

    def remove(self) -> Path | None:
        """Remove the copy and its record; return where the copy lies now.

        Raises:
            MLflowOnKedroError: A file cannot be moved; the copy is as it was.
        """
        try:
            with replacing.beside(self.folder) as old:
                backup = self._back_up()
                replacing.move(self.folder, old)
                try:
                    (self.source / records.FILE).unlink(missing_ok=True)
                except OSError:
                    replacing.move(old, self.folder)
                    raise
        except OSError as error:
            raise MLflowOnKedroError(f"{self.folder} cannot be removed: {error}.") from None
        return backup

    def _list_data(self) -> None:
        """Have `kedro package` take all files, where pyproject.toml lists those of 0.1.0."""
        if self.lacks_data:
            path = self.root / "pyproject.toml"
            path.write_bytes(path.read_bytes().replace(OLD_DATA.encode(), DATA.encode()))

    def _back_up(self) -> Path | None:
        """Copy the folder and its record to the project's working folder."""
        if not self.folder.exists():
            return None
        now = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
        version = re.sub(r"[^\w.+-]", "_", self.record.version)
        backup = working_folder(self.root) / _BACKUPS / f"{version}-{now}"
        backup.mkdir(parents=True)
        if (self.source / records.FILE).is_file():
            shutil.copy(self.source / records.FILE, backup)
        shutil.copytree(self.folder, backup / PACKAGE)
        return backup / PACKAGE
