"""The versioned files of tracking datasets: one folder a dataset, and in it one a session."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dataset_types import Kind, kind_of
from .sessions import is_session_id

DATA_FOLDER = "data/09_tracking"
"""Where Kedro's documentation puts tracking datasets."""
# Of a folder that no catalog explains: what tracking datasets and plots write.
_SUFFIXES = frozenset({".json", ".png", ".jpg", ".jpeg", ".svg", ".pdf", ".html"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")


@dataclass(frozen=True)
class TrackedFiles:
    """The files of one dataset: ``<path>/<session>/<name of path>``.

    Attributes:
        name: The dataset's name.
        path: ``filepath`` of the catalog: a folder, because the dataset is versioned.
        kind: How Kedro-Viz showed it; None: the content tells.
    """

    name: str
    path: Path
    kind: Kind | None = None

    def file(self, session: str) -> Path | None:
        """Return the file, or folder of figures, that a session has saved; None if it has not."""
        file = self.path / session / self.path.name
        return file if file.exists() else None

    def sessions(self) -> list[str]:
        """Return the ids of the sessions that have saved it."""
        if not self.path.is_dir():
            return []
        names = [item.name for item in self.path.iterdir() if is_session_id(item.name)]
        return sorted(name for name in names if self.file(name) is not None)


def in_catalog(catalog: Mapping[str, Any], root: Path) -> tuple[list[TrackedFiles], list[str]]:
    """Find the files of the datasets in catalog.yml that Kedro-Viz showed.

    Args:
        catalog: The content of catalog.yml; dataset factories are matched with the files there.
        root: The project's root.

    Returns:
        The datasets, and a message for each one whose files are not on this machine.
    """
    found, problems = [], []
    for name, entry in catalog.items():
        kind = kind_of(entry.get("type")) if isinstance(entry, Mapping) else None
        if kind is None or (kind == "plot" and not entry.get("versioned")):
            continue
        filepath = str(entry.get("filepath", ""))
        if _REMOTE.match(filepath) and not filepath.startswith("file://"):
            problems.append(
                f"'{name}' is left out: its files are not on this machine. Copy them here, and "
                "name their folder with --data."
            )
            continue
        path = filepath.removeprefix("file://")
        found += [TrackedFiles(*item, kind) for item in _resolved(name, path, root)]
    return found, problems


def in_folder(folder: Path) -> Iterator[TrackedFiles]:
    """Find all versioned JSON files, figures and pages below a folder; names are the files'."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_dir():
            files = TrackedFiles(path.stem, path, None if path.suffix == ".json" else "plot")
            if files.sessions():
                yield files


def kind_of_content(content: Any) -> Kind:
    """Return the kind of a JSON file that no catalog explains.

    Example:
        >>> kind_of_content({"f1": 0.5}), kind_of_content({"columns": ["a"]})
        ('metrics', 'json')
        >>> kind_of_content({"data": [], "layout": {}})
        'plot'
    """
    if isinstance(content, Mapping) and {"data", "layout"} <= content.keys():
        return "plot"
    is_numbers = isinstance(content, Mapping) and all(
        isinstance(x, float) for x in content.values()
    )
    return "metrics" if is_numbers and content else "json"


def read_json(file: Path) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: It cannot be read; the message says why.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _resolved(name: str, filepath: str, root: Path) -> list[tuple[str, Path]]:
    """Return the names and paths of a catalog entry: of a factory, those that have files."""
    parts = _PLACEHOLDER.split(filepath)
    if len(parts) == 1:
        return [(name, root / filepath)]
    if Path(filepath).is_absolute():
        return []
    # Kedro's placeholders match any text; here each stands for a part of one path.
    seen: set[str] = set()
    pattern = "".join(
        _group(part, seen) if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    found = []
    for path in sorted(root.glob(_PLACEHOLDER.sub("*", filepath))):
        match = re.fullmatch(pattern, path.relative_to(root).as_posix())
        if match is not None:
            found.append((_filled(name, match.groupdict()), path))
    return found


def _group(placeholder: str, seen: set[str]) -> str:
    if placeholder in seen:
        return f"(?P={placeholder})"
    seen.add(placeholder)
    return f"(?P<{placeholder}>[^/]+)"


def _filled(name: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda part: values.get(part[1], part[0]), name)
