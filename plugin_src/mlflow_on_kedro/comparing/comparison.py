"""``Comparison``: what differs between two runs, and what has probably caused other results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .chosen_nodes import NODE, in_common
from .code_changes import CodeChanges
from .code_section import compare_code
from .differences import Difference, Section
from .run_facts import DataFacts, RunFacts

OTHER_NODES = "Nodes that only one of them ran"
LEAST_SECONDS = 0.05
LEAST_PART = 0.2
"""A node's duration differs if it differs by more than this part, and more seconds than above."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    Attributes:
        a: The facts of the first run.
        b: The facts of the second run.
        causes: What may explain other results, the likeliest kind first.
        metrics: The metrics that differ.
        durations: The nodes that took clearly more or less time.
        outcome: How the runs have ended, if differently.
        values: What nodes have logged as parameters of MLflow, as far as it differs.
    """

    a: RunFacts
    b: RunFacts
    causes: Sequence[Section]
    metrics: Section
    durations: Section
    outcome: Section
    values: Section

    @property
    def results(self) -> tuple[Section, ...]:
        """What has followed from the causes."""
        return self.outcome, self.metrics, self.values, self.durations

    @property
    def likely(self) -> list[Section]:
        """The kinds that differ and may be a cause, the likeliest first."""
        return [section for section in self.causes if section.differs and section.is_cause]


def compare(a: RunFacts, b: RunFacts, changes: CodeChanges) -> Comparison:
    """Compare two runs.

    Args:
        a: The facts of the first run.
        b: The facts of the second run.
        changes: What git knows of the difference between their code.
    """
    a, b, other_nodes = in_common(a, b)
    # Kedro's parameters have their types; those in MLflow are texts, and all runs have them.
    has_both = a.parameters is not None and b.parameters is not None
    parameters = (a.parameters, b.parameters) if has_both else (a.logged_params, b.logged_params)
    causes = [
        _section("Data", a.data, b.data, _same_data, _data_text),
        _section("Loaded versions", a.loaded, b.loaded, text=_loaded_text),
        compare_code(a, b, changes),
        _section("Parameters", *parameters),
        _section("Catalog", a.catalog, b.catalog),
        _section("Pipeline", a.pipeline, b.pipeline),
        _section("Packages", a.packages, b.packages, text=_version),
        _section("Environment", a.environment, b.environment),
    ]
    if other_nodes:
        is_only_cause = not any(section.differs and section.is_cause for section in causes)
        causes.append(_other_nodes(other_nodes, is_cause=is_only_cause))
    status = Difference("status", _ended(a), _ended(b))
    outcome = [] if not a.status or not b.status or status.before == status.after else [status]
    metrics = _section("Metrics", a.metrics, b.metrics, _same_number)
    values = Section("Other logged values")
    if has_both:
        values = _section(values.title, _other_params(a), _other_params(b))
    ended = Section("Outcome", outcome)
    return Comparison(a, b, causes, metrics, _durations(a, b), ended, values)


def _other_nodes(nodes: Mapping[str, str], *, is_cause: bool) -> Section:
    """List the nodes that only one of the runs was told to run."""
    found = [
        Difference(
            name.removeprefix(NODE), "ran" if run == "A" else None, "ran" if run == "B" else None
        )
        for name, run in nodes.items()
    ]
    return Section(OTHER_NODES, found, is_cause=is_cause)


def _other_params(run: RunFacts) -> dict[str, str]:
    """Return the parameters in MLflow that are none of Kedro's."""
    known = run.parameters or {}
    return {name: value for name, value in (run.logged_params or {}).items() if name not in known}


def _section(
    title: str,
    a: Mapping[str, Any] | None,
    b: Mapping[str, Any] | None,
    is_same: Callable[[Any, Any], bool] | None = None,
    text: Callable[[Any, Any], Any] = lambda value, _: "null" if value is None else value,
) -> Section:
    missing = " and ".join(name for name, values in (("A", a), ("B", b)) if values is None)
    if a is None or b is None:
        return Section(title, missing=missing)
    same = is_same or _same_value
    found = []
    for name in dict.fromkeys([*a, *b]):
        if name in a and name in b and same(a[name], b[name]):
            continue
        before, after = a.get(name), b.get(name)
        first = text(before, after) if name in a else None
        found.append(Difference(name, first, text(after, before) if name in b else None))
    return Section(title, found)


def _same_value(a: Any, b: Any) -> bool:
    # For Python 1 is True, too.
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _same_number(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _same_data(a: DataFacts, b: DataFacts) -> bool:
    return a.is_same(b)


def _data_text(data: DataFacts, other: DataFacts | None) -> str:
    rows = f", {data.rows:,} rows" if data.rows is not None else ""
    has_moved = data.place and (other is None or other.place != data.place)
    digest = data.sha256 or data.digest
    return f"digest {digest[:8]}{rows}{f', {data.place}' if has_moved else ''}"


def _loaded_text(version: Mapping[str, Any], _: Any) -> str:
    shown = ("uri", "version", "run_id", "asked_for", "model_id")
    found = [f"{key} {version[key]}" for key in shown if version.get(key)]
    return ", ".join(found) or str(dict(version))


def _version(line: str, _: Any) -> str:
    name, equals, version = line.partition("==")
    return version if equals and not name.startswith("#") else line.lstrip("# ")


def _ended(run: RunFacts) -> str:
    return f"{run.status} at the node {run.failed_node}" if run.failed_node else run.status


def _durations(a: RunFacts, b: RunFacts) -> Section:
    both = [name for name in a.durations if name in b.durations]
    found = [Difference(name, a.durations[name], b.durations[name]) for name in both]
    found = [item for item in found if _is_clear(item.before, item.after)]
    found.sort(key=lambda item: -abs(item.after - item.before))
    return Section("Durations", found, is_cause=False)


def _is_clear(before: float, after: float) -> bool:
    change = abs(after - before)
    return change > LEAST_SECONDS and change > LEAST_PART * min(before, after)
