"""``Comparison``: what differs between two runs, and what has probably caused other results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .code_changes import CodeChanges
from .run_facts import DataFacts, RunFacts

_NO_CAUSES = ("conf/", "docs/", "tests/", ".", "README", "CHANGELOG", "LICENSE")
"""How the names of files begin that change no result, or only by what is compared on its own."""
_PLUGIN = __name__.partition(".")[0]
COMMIT = "commit"
_UNTRACKED = "a file that git does not track"
LEAST_SECONDS = 0.05
LEAST_PART = 0.2
"""A node's duration differs if it differs by more than this part, and more seconds than above."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        name: What it is.
        before: What the first run has; None: nothing.
        after: What the second run has; None: nothing.
    """

    name: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Section:
    """The differences of one kind.

    Attributes:
        title: The kind, such as ``Parameters``.
        differences: What differs; empty: nothing, as far as known.
        missing: In which runs it is not recorded: ``A``, ``B``, both or none of them.
        notes: What else is to be said, one line each.
        is_cause: Whether the differences may explain other results.
    """

    title: str
    differences: Sequence[Difference] = ()
    missing: str = ""
    notes: Sequence[str] = ()
    is_cause: bool = True

    @property
    def differs(self) -> bool:
        """Whether anything is known to differ."""
        return bool(self.differences)


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
    # Kedro's parameters have their types; those in MLflow are texts, and all runs have them.
    has_both = a.parameters is not None and b.parameters is not None
    parameters = (a.parameters, b.parameters) if has_both else (a.logged_params, b.logged_params)
    causes = [
        _section("Data", a.data, b.data, _same_data, _data_text),
        _section("Loaded versions", a.loaded, b.loaded, text=_loaded_text),
        _code(a, b, changes),
        _section("Parameters", *parameters),
        _section("Catalog", a.catalog, b.catalog),
        _section("Pipeline", a.pipeline, b.pipeline),
        _section("Packages", a.packages, b.packages, text=_version),
        _section("Environment", a.environment, b.environment),
    ]
    status = Difference("status", _ended(a), _ended(b))
    outcome = [] if not a.status or not b.status or status.before == status.after else [status]
    metrics = _section("Metrics", a.metrics, b.metrics, _same_number)
    values = Section("Other logged values")
    if has_both:
        values = _section(values.title, _other_params(a), _other_params(b))
    ended = Section("Outcome", outcome)
    return Comparison(a, b, causes, metrics, _durations(a, b), ended, values)


def _other_params(run: RunFacts) -> dict[str, str]:
    """Return the parameters in MLflow that are none of Kedro's."""
    known = run.parameters or {}
    return {name: value for name, value in (run.logged_params or {}).items() if name not in known}


def _section(
    title: str,
    a: Mapping[str, Any] | None,
    b: Mapping[str, Any] | None,
    is_same: Callable[[Any, Any], bool] | None = None,
    text: Callable[[Any, Any], Any] = lambda value, _: value,
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


def _code(a: RunFacts, b: RunFacts, changes: CodeChanges) -> Section:
    """Compare the code; which commits it was is of interest only if files differ or are unknown."""
    missing = " and ".join(name for name, run in (("A", a), ("B", b)) if run.code is None)
    if a.code is None or b.code is None:
        return Section("Code", missing=missing)
    notes = [f"commit {line}" for line in changes.commits]
    notes += [f"without commit {line}" for line in changes.commits_back]
    untracked = [name for name in a.code.untracked if name in b.code.untracked]
    if untracked:
        notes.append(f"not compared, as git does not track them: {', '.join(untracked[:5])}")
    only = [Difference(name, _UNTRACKED) for name in a.code.untracked if name not in untracked]
    only += [
        Difference(name, None, _UNTRACKED) for name in b.code.untracked if name not in untracked
    ]
    left_out = sorted({*a.code.left_out, *b.code.left_out})
    if left_out:
        notes.append(f"not compared, as their changes were not recorded: {', '.join(left_out[:5])}")
    if changes.problem:
        notes.append(changes.problem)
    commits = Difference(COMMIT, a.code.short, b.code.short)
    if changes.files is None:
        is_same = commits.before == commits.after and not a.code.dirty
        return Section("Code", [*([] if is_same else [commits]), *only], notes=notes)
    files = [*_files(changes.files), *only]
    if not files:
        return Section("Code")
    files.sort(key=lambda item: is_configuration(item.name))
    listed = [*files, commits] if commits.before != commits.after else files
    is_cause = not all(is_configuration(item.name) for item in files)
    return Section("Code", listed, notes=notes, is_cause=is_cause)


def _files(changed: Mapping[str, str]) -> list[Difference]:
    """List changed files; those of this plugin's copy in a project are one."""
    others = {name: how for name, how in changed.items() if not _is_copy(name)}
    copied = len(changed) - len(others)
    found = [Difference(name, after=how) for name, how in others.items()]
    if copied:
        count = f"{copied:,} file{'s' if copied > 1 else ''} of the project's copy of the plugin"
        found.append(Difference(f"{_PLUGIN}/", after=count))
    return found


def is_configuration(file: str) -> bool:
    """Whether a file of the project changes results only by what is compared on its own."""
    return _is_copy(file) or file.startswith(_NO_CAUSES) or file.endswith((".md", ".rst"))


def _is_copy(file: str) -> bool:
    return f"/{_PLUGIN}/" in f"/{file}" or file.endswith(f"/{_PLUGIN}.md")


def _durations(a: RunFacts, b: RunFacts) -> Section:
    both = [name for name in a.durations if name in b.durations]
    found = [Difference(name, a.durations[name], b.durations[name]) for name in both]
    found = [item for item in found if _is_clear(item.before, item.after)]
    found.sort(key=lambda item: -abs(item.after - item.before))
    return Section("Durations", found, is_cause=False)


def _is_clear(before: float, after: float) -> bool:
    change = abs(after - before)
    return change > LEAST_SECONDS and change > LEAST_PART * min(before, after)
