"""What git knows of the difference between the code of two runs.

The code of a run is a commit and a recorded diff. Both are put into a tree of git's in a temporary
folder, so that two runs compare file by file: what the one had as changes, the other may have as a
commit. Nothing is changed in the repository or in its files.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..provenance import git_state
from ..utils.printable import one_line
from ..utils.secrets import mask_secrets
from .run_facts import CodeFacts

MOST_COMMITS = 20
MOST_READ = 20
"""Of how many changed Python files the lines are read."""
_MOST_BYTES = 1_000_000
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SECONDS = 60.0
_FILE_OF_DIFF = re.compile(r'^diff --git "?a/.*? "?b/(?P<name>.*?)"?$', re.MULTILINE)


@dataclass(frozen=True)
class CodeChanges:
    """The difference between the code of two runs.

    Attributes:
        files: Files of the project that differ -> how, such as ``+3 -1``; None: unknown.
        commits: The commits that only the second run has, the newest first, each in one line.
        commits_back: The commits that only the first run has.
        problem: Why less is known; "" for nothing.
        lines: The changed lines of Python files, without secrets.
        comments_only: Python files in which only comments, empty lines or the layout differ.
    """

    files: Mapping[str, str] | None = None
    commits: Sequence[str] = ()
    commits_back: Sequence[str] = ()
    problem: str = ""
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    comments_only: frozenset[str] = frozenset()


def read(root: Path, a: CodeFacts | None, b: CodeFacts | None) -> CodeChanges:
    """Find how the code of two runs differs.

    Args:
        root: The project's root, in a repository that should have the commits.
        a: The code of the first run.
        b: The code of the second run.
    """
    if a is None or b is None:
        return CodeChanges()
    if a.commit == b.commit and a.diff is not None and a.diff == b.diff:
        return CodeChanges(files={})
    missing = [code.commit for code in (a, b) if not has_commit(root, code.commit)]
    if missing:
        unknown = " and ".join(one_line(commit, 12) for commit in dict.fromkeys(missing))
        return CodeChanges(
            _of_diffs(a, b) if a.commit == b.commit else None,
            problem=f"the commit {unknown} is not in this repository (`git fetch` may get it)",
        )
    commits, back = _log(root, a.commit, b.commit), _log(root, b.commit, a.commit)
    with tempfile.TemporaryDirectory() as folder:
        objects = _Objects(root, Path(folder))
        trees = [objects.tree(code) for code in (a, b)]
        if None not in trees:
            pair = (str(trees[0]), str(trees[1]))
            found = objects.changed(*pair, b.root)
            python = [name for name in found or {} if name.endswith(".py")][:MOST_READ]
            lines = {name: objects.changed_lines(*pair, name) for name in python}
            same = frozenset(name for name in python if objects.means_the_same(*pair, name))
            return CodeChanges(found, commits, back, lines=lines, comments_only=same)
    problem = "the recorded changes are not complete, or git cannot apply them"
    files = _of_diffs(a, b) if a.commit == b.commit else None
    return CodeChanges(files, commits, back, problem)


def has_commit(root: Path, commit: str) -> bool:
    """Whether the repository of a folder has a commit.

    Args:
        root: The folder.
        commit: What should be a commit's hash; it may come from a server.
    """
    if not _COMMIT.fullmatch(commit):
        return False
    return git_state.run(root, "cat-file", "-e", f"{commit}^{{commit}}")[0] == 0


def files_of_diff(diff: str) -> list[str]:
    r"""Return the files that a diff changes, from the repository's top.

    Example:
        >>> files_of_diff("diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n")
        ['x.py']
    """
    return [match["name"] for match in _FILE_OF_DIFF.finditer(diff)]


def _of_diffs(a: CodeFacts, b: CodeFacts) -> dict[str, str] | None:
    """Compare the recorded changes of the same commit by their texts."""
    if a.diff is None or b.diff is None:
        return None
    parts = [_parts(code) for code in (a, b)]
    names = sorted({*parts[0], *parts[1]})
    return {name: "changed" for name in names if parts[0].get(name) != parts[1].get(name)}


def _parts(code: CodeFacts) -> dict[str, str]:
    found = re.split(r"^(?=diff --git )", code.diff or "", flags=re.MULTILINE)
    prefix = f"{code.root}/" if code.root else ""
    return {name.removeprefix(prefix): part for part in found for name in files_of_diff(part)[:1]}


def _log(root: Path, older: str, newer: str) -> list[str]:
    words = ("log", "--oneline", "--no-color", "--no-decorate", f"--max-count={MOST_COMMITS}")
    code, text, _ = git_state.run(root, *words, f"{older}..{newer}", "--", ".")
    lines = text.decode("utf-8", "replace").splitlines() if code == 0 else []
    return [one_line(line, 100) for line in lines]


@dataclass(frozen=True)
class _Objects:
    """Trees of git's in a temporary folder, beside the objects of the repository."""

    root: Path
    folder: Path
    _variables: dict[str, str] = field(default_factory=dict)

    def tree(self, code: CodeFacts) -> str | None:
        """Return the tree of a commit with a recorded diff; None: git cannot make it."""
        if code.diff is None or code.is_cut:
            return None
        if not code.diff:
            return f"{code.commit}^{{tree}}"
        diff = self.folder / "code.diff"
        diff.write_bytes(code.diff.encode("utf-8", "surrogateescape"))
        variables = {**self._with_objects(), "GIT_INDEX_FILE": str(self.folder / "index")}
        _, top, _ = git_state.run(self.root, "rev-parse", "--show-toplevel")
        place = Path(os.fsdecode(top.rstrip(b"\n"))) if top else self.root
        for words in (
            ("read-tree", code.commit),
            ("apply", "--cached", "--whitespace=nowarn", str(diff)),
        ):
            if git_state.run(place, *words, seconds=_SECONDS, variables=variables)[0] != 0:
                return None
        failed, tree, _ = git_state.run(place, "write-tree", seconds=_SECONDS, variables=variables)
        return None if failed else tree.decode().strip()

    def changed(self, a: str, b: str, project: str) -> dict[str, str] | None:
        """Return the files below a folder that differ between two trees; None: git failed."""
        words = ("diff-tree", "-r", "--numstat", "-z", "--no-renames", a, b, "--", ".")
        code, text, _ = git_state.run(
            self.root, *words, seconds=_SECONDS, variables=self._with_objects()
        )
        if code != 0:
            return None
        prefix = f"{project}/" if project else ""
        found = {}
        for row in text.decode("utf-8", "replace").split("\0"):
            if row.count("\t") >= 2:  # noqa: PLR2004 - lines added, lines removed, the name
                added, removed, name = row.split("\t", 2)
                counts = "binary" if added == "-" else f"+{added} -{removed}"
                found[name.removeprefix(prefix)] = counts
        return found

    def changed_lines(self, a: str, b: str, file: str) -> list[str]:
        """Return the changed lines of a file of the project, as ``git diff`` shows them."""
        options = ("--no-ext-diff", "--no-color", "--no-renames", "-U0")
        text = self._read("diff", *options, a, b, "--", f":(literal){file}").partition("\n@@")[2]
        lines = (line.rstrip("\r") for line in text.split("\n")[1:])
        return [mask_secrets(line) for line in lines if line.startswith(("+", "-"))]

    def means_the_same(self, a: str, b: str, file: str) -> bool:
        """Whether Python reads the same from both texts of a file of the project."""
        try:
            first, second = (ast.dump(ast.parse(self._text(tree, file))) for tree in (a, b))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return first == second

    def _text(self, tree: str, file: str) -> str:
        text = self._read("cat-file", "blob", f"{tree.removesuffix('^{tree}')}:./{file}")
        if not text:  # it is not in both trees, or is empty in one
            raise ValueError(file)
        return text

    def _read(self, *words: str) -> str:
        _, text, _ = git_state.run(
            self.root, *words, seconds=_SECONDS, most=_MOST_BYTES, variables=self._with_objects()
        )
        return text.decode("utf-8", "replace")

    def _with_objects(self) -> dict[str, str]:
        if not self._variables:
            _, place, _ = git_state.run(self.root, "rev-parse", "--git-path", "objects")
            there = (self.root / os.fsdecode(place.rstrip(b"\n"))).resolve()
            own = self.folder / "objects"
            own.mkdir()
            # Git reads the list of folders as quoted words if they begin with a quotation mark.
            self._variables.update(
                GIT_OBJECT_DIRECTORY=str(own), GIT_ALTERNATE_OBJECT_DIRECTORIES=str(there)
            )
        return self._variables
