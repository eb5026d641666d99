"""The code of two runs side by side: which files differ, and which of them may be a cause."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from .code_changes import CodeChanges
from .differences import Difference, Section
from .run_facts import RunFacts

COMMIT = "commit"
_SOURCE = "src"
_NO_CODE = (".md", ".rst", ".txt")
_PYTHON = (".py", "/")
"""How the names of untracked files end that may be imported; git names a new folder only."""
_PLUGIN = __name__.partition(".")[0]
_UNTRACKED = "a file that git does not track"


def compare_code(a: RunFacts, b: RunFacts, changes: CodeChanges) -> Section:
    """Compare the code of two runs file by file.

    Args:
        a: The facts of the first run.
        b: The facts of the second run.
        changes: What git knows of the difference between their code.
    """
    missing = " and ".join(name for name, run in (("A", a), ("B", b)) if run.code is None)
    if a.code is None or b.code is None:
        return Section("Code", missing=missing)
    notes = [f"commit {line}" for line in changes.commits]
    notes += [f"without commit {line}" for line in changes.commits_back]
    untracked = [name for name in a.code.untracked if name in b.code.untracked]
    if untracked:
        notes.append(f"not compared, as git does not track them: {', '.join(untracked[:5])}")
    packages = packages_of(a, b)
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


def packages_of(*runs: RunFacts) -> set[str]:
    """Return the packages that the functions of the nodes are in."""
    nodes = [item for run in runs for item in run.graph.get("nodes") or []]
    functions = [str(item.get("func")) for item in nodes if isinstance(item, dict)]
    return {name.partition(".")[0] for name in functions}


def _is_copy(file: str) -> bool:
    return f"/{_PLUGIN}/" in f"/{file}" or file.endswith(f"/{_PLUGIN}.md")
