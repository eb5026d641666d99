"""Records which versions have passed `make matrix`, and writes the manual's page on them.

`python -m manual.compatibility NAME` records that the combination of that name (see versions.py)
has passed with the versions that are installed, and writes the page anew. A session of noxfile.py
calls it when its tests have passed. Without a name it prints the installed versions.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from manual.versions import COMBINATIONS, Combination

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"
RESULTS = Path(__file__).with_name("compatibility.json")

_MADE = "<!-- `make matrix` writes all below, from manual/compatibility.json. -->"
_PACKAGES = ("kedro", "mlflow", "kedro-datasets", "pandas", "plotly")
_TITLES = {"python": "Python", "kedro": "Kedro", "mlflow": "MLflow"}

Row = dict[str, str]


def record(name: str) -> None:
    """Record that a combination has passed, in this environment, today.

    Args:
        name: The combination's name.
    """
    date = dt.datetime.now(dt.timezone.utc).date().isoformat()
    rows = {**results(), name: {**installed(), "date": date}}
    ordered = {each.name: rows[each.name] for each in COMBINATIONS if each.name in rows}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8", newline="\n")
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


def installed() -> Row:
    """Return the versions of Python and of the libraries in this environment."""
    packages = {name: metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}


def results() -> dict[str, Row]:
    """Read the recorded versions of each combination that has passed."""
    return dict(json.loads(RESULTS.read_text(encoding="utf-8")))


def page() -> str:
    """Make the page: what it begins with stays; then what has passed, and what has not run."""
    begin, _, _ = PAGE.read_text(encoding="utf-8").partition(_MADE)
    rows = results()
    passed = [each for each in COMBINATIONS if each.name in rows]
    parts = [begin.strip(), _MADE]
    if passed:
        parts += [
            "## Versions that have passed",
            "\n".join(_versions(rows.values())),
            "## What was tested together",
            "\n".join(_table(rows[each.name] for each in passed)),
        ]
    parts += _not_run([each for each in COMBINATIONS if each.name not in rows])
    return "\n\n".join(parts) + "\n"


def _versions(rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    yield "| | Versions |"
    yield "|---|---|"
    for name in ("python", *_PACKAGES):
        minors = {_minor(row[name]) for row in rows}
        ordered = sorted(minors, key=lambda minor: [int(part) for part in minor.split(".")])
        yield f"| {_TITLES.get(name, name)} | {', '.join(ordered)} |"


def _minor(version: str) -> str:
    return ".".join(re.findall(r"\d+", version)[:2])


def _table(rows: Iterable[Row]) -> Iterator[str]:
    names = ("python", *_PACKAGES)
    yield f"| {' | '.join(_TITLES.get(name, name) for name in names)} | Passed on |"
    yield "|" + "---|" * (len(names) + 1)
    for row in rows:
        versions = " | ".join(row[name] for name in names)
        yield f"| {versions} | {row['date']} |"


def _not_run(combinations: list[Combination]) -> Iterator[str]:
    if combinations:
        yield "## Not run"
        yield "Nothing is claimed of these, until their tests have passed:"
        yield "\n".join(
            f"- `{each.name}`: Python {each.python} with {', '.join(each.libraries)}"
            for each in combinations
        )


if __name__ == "__main__":
    if sys.argv[1:]:
        record(sys.argv[1])
    else:
        print(json.dumps(installed(), indent=1))
