"""What git knows of the difference between the code of two runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow_on_kedro.comparing import code_changes
from mlflow_on_kedro.comparing.run_facts import CodeFacts

from tests import git_calls
from tests.git_calls import commit_all

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Calls git in a repository with a project in a subfolder and one commit."""
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine/nodes.py").write_text("x = 1\n")
    commit_all(tmp_path, "First")
    return functools.partial(git_calls.git, tmp_path)


def code(git: Git, diff: str = "") -> CodeFacts:
    """The code that is checked out."""
    return CodeFacts(git("rev-parse", "HEAD"), root="wine", diff=diff, dirty=bool(diff))


def test_commits(tmp_path: Path, git: Git) -> None:
    """Files and commits are those of the project; other folders of the repository do not count."""
    a = code(git)
    (tmp_path / "wine/nodes.py").write_text("x = 2\n")
    git("commit", "-qam", "Two")
    (tmp_path / "other.txt").write_text("x")
    git("add", ".")
    git("commit", "-qm", "Elsewhere")
    b = code(git)
    found = code_changes.read(tmp_path / "wine", a, b)
    assert found.files == {"nodes.py": "+1 -1"}
    assert found.lines == {"nodes.py": ["-x = 1", "+x = 2"]}
    assert not found.comments_only
    assert [line.split()[1] for line in found.commits] == ["Two"]
    back = code_changes.read(tmp_path / "wine", b, a)
    assert [line.split()[1] for line in back.commits_back] == ["Two"]


def test_changes_that_became_a_commit(tmp_path: Path, git: Git) -> None:
    """A run with changes has the same code as a run of the commit of these changes."""
    (tmp_path / "wine/nodes.py").write_text("x = 2\n")
    a = code(git, git("diff", "HEAD") + "\n")
    objects = sorted((tmp_path / ".git/objects").rglob("*"))
    git("commit", "-qam", "Two")
    b = code(git)
    assert code_changes.read(tmp_path / "wine", a, b).files == {}
    assert code_changes.read(tmp_path / "wine", b, replace(b, diff=None, dirty=True)).problem
    git("reset", "-q", "--hard", a.commit)
    before = sorted((tmp_path / ".git/objects").rglob("*"))
    code_changes.read(tmp_path / "wine", a, code(git))
    assert sorted((tmp_path / ".git/objects").rglob("*")) == before
    assert objects


def test_comments(tmp_path: Path, git: Git) -> None:
    """A file in which only comments have changed is known; a new or broken one is not such."""
    (tmp_path / "wine/broken.py").write_text("x = (\n")
    commit_all(tmp_path, "Broken")
    a = code(git)
    (tmp_path / "wine/nodes.py").write_text("# One.\nx = 1  # or more\n")
    (tmp_path / "wine/broken.py").write_text("x = ((\n")
    (tmp_path / "wine/new.py").write_text("# new\n")
    commit_all(tmp_path, "Comments")
    found = code_changes.read(tmp_path / "wine", a, code(git))
    assert found.comments_only == {"nodes.py"}
    assert set(found.files or ()) == {"nodes.py", "broken.py", "new.py"}


@pytest.mark.parametrize("commit", ["0" * 40, "--output=/tmp/x", "HEAD", ""])
def test_unknown_commit(tmp_path: Path, git: Git, commit: str) -> None:
    """A commit that is not here is said; what is none is not given to git."""
    found = code_changes.read(tmp_path / "wine", code(git), CodeFacts(commit, diff=""))
    assert found.files is None
    assert "is not in this repository" in found.problem


def test_same_commit_elsewhere(tmp_path: Path) -> None:
    """Recorded changes on the same commit are compared by their texts where git is not."""
    part = (
        "diff --git a/wine/{0} b/wine/{0}\n--- a/wine/{0}\n+++ b/wine/{0}\n@@ -1 +1 @@\n-1\n+{1}\n"
    )
    a = CodeFacts("4f1c" * 10, root="wine", diff=part.format("x.py", 2) + part.format("y.py", 2))
    b = replace(a, diff=part.format("x.py", 3) + part.format("y.py", 2))
    assert code_changes.read(tmp_path, a, b).files == {"x.py": "changed"}
    assert code_changes.read(tmp_path, a, a).files == {}
    assert code_changes.read(tmp_path, a, None).files is None
