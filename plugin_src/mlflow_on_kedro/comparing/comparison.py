"""``Comparison``: what differs between two runs, and what has probably caused other results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from .chosen_nodes import NODE, in_common
from .code_changes import CodeChanges
from .run_facts import DataFacts, RunFacts

_SOURCE = "src"
_NO_CODE = (".md", ".rst", ".txt")
_PYTHON = (".py", "/")
"""How the names of untracked files end that may be imported; git names a new folder only."""
_PLUGIN = __name__.partition(".")[0]
COMMIT = "commit"
OTHER_NODES = "Nodes that only one of them ran"
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
        is_cause: Whether it may explain other results.
        lines: The changed lines of a file, as ``git diff`` shows them.
    """

    name: str
    before: Any = None
    after: Any = None
    is_cause: bool = True
    lines: Sequence[str] = ()


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
    a, b, other_nodes = in_common(a, b)
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
    """Compare the code file by file."""
    missing = " and ".join(name for name, run in (("A", a), ("B", b)) if run.code is None)
    if a.code is None or b.code is None:
        return Section("Code", missing=missing)
    notes = [f"commit {line}" for line in changes.commits]
    notes += [f"without commit {line}" for line in changes.commits_back]
    untracked = [name for name in a.code.untracked if name in b.code.untracked]
    if untracked:
        notes.append(f"not compared, as git does not track them: {', '.join(untracked[:5])}")
    packages = _packages(a, b)
    only = [
        Difference(name, before, after, is_imported(name, packages) and name.endswith(_PYTHON))
        for code, before, after in ((a.code, _UNTRACKED, None), (b.code, None, _UNTRACKED))
        for name in code.untracked
        if name not in untracked
    ]
    left_out = sorted({*a.code.left_out, *b.code.left_out})
    if left_out:
        notes.append(f"not compared, as their changes were not recorded: {', '.join(left_out[:5])}")
    if changes.problem:
        notes.append(changes.problem)
    # Which commits it was is of interest only if the files are unknown.
    is_unknown = changes.files is None
    commits = Difference(COMMIT, a.code.short, b.code.short, is_cause=is_unknown)
    has_other_commit = commits.before != commits.after or (is_unknown and bool(a.code.dirty))
    files = [*_files(changes, packages), *only]
    if not files and not is_unknown:
        return Section("Code")
    listed = [*files, commits] if has_other_commit else files
    listed.sort(key=lambda item: not item.is_cause)
    return Section("Code", listed, notes=notes, is_cause=any(item.is_cause for item in listed))


def _files(changes: CodeChanges, packages: AbstractSet[str]) -> list[Difference]:
    """List changed files; those of this plugin's copy in a project are one."""
    changed = changes.files or {}
    others = {name: how for name, how in changed.items() if not _is_copy(name)}
    copied = len(changed) - len(others)
    found = []
    for name, how in others.items():
        is_cause = is_imported(name, packages) and name not in changes.comments_only
        text = f"{how}, comments only" if name in changes.comments_only else how
        lines = changes.lines.get(name, ()) if is_cause else ()
        found.append(Difference(name, None, text, is_cause, lines))
    if copied:
        count = f"{copied:,} file{'s' if copied > 1 else ''} of the project's copy of the plugin"
        found.append(Difference(f"{_PLUGIN}/", after=count, is_cause=False))
    return found


def is_imported(file: str, packages: AbstractSet[str] = frozenset()) -> bool:
    """Whether the pipeline may import or read a file of the project as code.

    Configuration is none: what it says is compared as parameters and catalog.

    Args:
        file: The file, from the project's root.
        packages: The packages that the functions of the nodes are in, which count wherever they
            lie.

    Example:
        >>> is_imported("src/wine/nodes.py"), is_imported("scratch.py"), is_imported("conf/a.yml")
        (True, False, False)
        >>> is_imported("lib/wine/nodes.py", {"wine"})
        True
    """
    folders = PurePosixPath(file).parts[:-1]
    is_code = folders[:1] == (_SOURCE,) or not packages.isdisjoint(folders)
    return is_code and not file.endswith(_NO_CODE) and not _is_copy(file)


def _packages(*runs: RunFacts) -> set[str]:
    nodes = [item for run in runs for item in run.graph.get("nodes") or []]
    functions = [str(item.get("func")) for item in nodes if isinstance(item, dict)]
    return {name.partition(".")[0] for name in functions}


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
