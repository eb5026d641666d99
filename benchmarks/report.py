"""Outcomes as a table, a picture and JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from . import picture
from .measure import Check, Outcome

_JSON, _PICTURE = "results.json", "results.svg"
_LIBRARIES = ("kedro", "mlflow", "kedro-datasets", "pandas", "plotly", "sqlalchemy")


def write(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write ``results.json`` and ``results.md``.

    Workloads that were not measured this time keep the results that are there.
    """
    folder.mkdir(exist_ok=True)
    new = {outcome.name: _as_dict(outcome) for outcome in outcomes}
    found = {**_kept(folder), **new}
    workloads: dict[str, Any] = {name: found[name] for name in sorted(found, key=_number_of)}
    machine = _machine()
    content = {"machine": machine, "workloads": workloads}
    (folder / _JSON).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    checks = {name: _checks(found) for name, found in workloads.items()}
    parts = ["# Results", f"![Targets]({_PICTURE})", table(checks)]
    for name, found in workloads.items():
        parts.append(f"## {name}: {found['title']}")
        parts.append(details(found["medians"], found["notes"]))
    words = ", ".join(f"{name} {value}" for name, value in machine.items())
    parts.append(f"Measured with {words}.")
    (folder / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def draw(folder: Path) -> bool:
    """Draw ``results.svg`` of the results that are there; tell whether there was a browser for it.

    Without one the picture stays as it is, which is printed.
    """
    checks = {name: _checks(found) for name, found in _kept(folder).items()}
    try:
        picture.write(checks, folder / _PICTURE)
    except Exception as error:  # Kaleido has its own for each way in which a browser is missing
        print(
            f"{_PICTURE} is as it was: it could not be drawn ({type(error).__name__}), which takes "
            "Chrome or Chromium. Install one, for example with `.venv/bin/plotly_get_chrome`, "
            'then `make bench ARGS="--only="` draws the results that are there.',
            file=sys.stderr,
        )
        return False
    return True


def _kept(folder: Path) -> dict[str, Any]:
    file = folder / _JSON
    if not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["workloads"]
    return found


def table(checks: Mapping[str, Sequence[Check]]) -> str:
    """The targets, as a Markdown table."""
    rows = ["| | What | Target | Measured | Holds |", "|---|---|---|---|---|"]
    for name, of_workload in checks.items():
        for check in of_workload:
            sign = "≥" if check.at_least else "≤"
            target = f"{sign} {_number(check.limit)} {check.unit}".strip()
            measured = f"{_number(check.measured)} {check.unit}".strip()
            holds = "yes" if check.holds else "**no**"
            rows.append(f"| {name} | {check.what} | {target} | {measured} | {holds} |")
    return "\n".join(rows)


def details(medians: Mapping[str, Mapping[str, float]], notes: Sequence[str]) -> str:
    """What was measured of each variant, and what else is to be said, in Markdown."""
    rows = [
        "| Variant | Runs | CPU s | Wall s | Nodes' wall s | Peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for variant, found in medians.items():
        loop = f"{found['loop']:.2f}" if found["loop"] else ""
        rows.append(
            f"| {variant} | {found['n']} | {found['cpu']:.2f} | {found['wall']:.2f} | {loop} "
            f"| {found['peak_mb']:.0f} |"
        )
    return "\n".join(rows + [""] * bool(notes) + [f"- {note}" for note in notes])


def _number_of(name: str) -> int:
    return int(name.removeprefix("B"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _machine() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in _LIBRARIES}
    cores = str(os.cpu_count())
    return {"Python": platform.python_version(), "cores": cores, **libraries}


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    checks = [
        {**vars(check), "measured": round(check.measured, 4), "holds": check.holds}
        for check in outcome.checks
    ]
    return {
        "title": outcome.title,
        "checks": checks,
        "medians": outcome.samples.medians(),
        "notes": outcome.notes,
    }


def _checks(workload: Mapping[str, Any]) -> list[Check]:
    return [
        Check(**{name: value for name, value in found.items() if name != "holds"})
        for found in workload["checks"]
    ]
