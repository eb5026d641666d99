"""The project as it was in a run, in a git worktree."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.comparing.run_facts import CodeFacts, DataFacts, RunFacts
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.rerunning.worktree import Worktree

from tests.git_calls import git

PART = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with ignored data and configuration."""
    files = {
        "wine/.gitignore": ".mlflow_on_kedro/\ndata/**\n!data/**/\n!.gitkeep\nlocal/\n",
        "wine/nodes.py": "x = 1\n",
        "wine/data/raw/.gitkeep": "",
        "wine/data/raw/wine.csv": "1\n",
        "wine/data/model.pkl": "output",
        "wine/conf/base/parameters.yml": "a: 1\n",
        "wine/conf/local/credentials.yml": "secret",
        "wine/src/notes.py": "untracked",
        "outside.txt": "not of the project",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "wine/.gitignore", "wine/nodes.py", "wine/data", "wine/conf")
    git(tmp_path, "commit", "-qm", "First")
    return tmp_path / "wine"


def facts(root: Path, diff: str | None = "", **code: Any) -> RunFacts:
    """The facts of a run of the present commit."""
    commit = git(root, "rev-parse", "HEAD")
    data = {
        "wines": DataFacts("d", place="data/raw/wine.csv"),
        "s3": DataFacts("e", place="s3://x"),
    }
    known = {"commit": commit, "root": "wine", "diff": diff, "untracked": ["src/notes.py"], **code}
    catalog = {
        "state_after": {"type": "json.JSONDataset", "filepath": "data/state.json"},
        "{name}_part": {"type": "json.JSONDataset", "filepath": "data/parts/{name}.json"},
    }
    nodes = [{"func": "wine.fit", "outputs": ["state_after", "new_part", "memory"]}]
    return RunFacts(
        run_id="ab",
        data=data,
        code=CodeFacts(**known),
        catalog={"state_after.filepath": "data/state.json"},
        catalog_whole=catalog,
        graph={"nodes": nodes},
    )


def test_content(root: Path) -> None:
    """It has commit, recorded changes, data that was read and ignored configuration; no outputs."""
    run = facts(root, PART.format("wine/new.py"))
    (root / "nodes.py").write_text("x = 2\n")
    git(root, "commit", "-qam", "Two")
    made = Worktree.create(root, run, "ab-1")
    assert made.root == root.resolve() / ".mlflow_on_kedro/worktrees/ab-1/wine"
    assert (made.root / "nodes.py").read_text() == "x = 1\n"
    assert (made.root / "new.py").read_text() == "x\n"
    assert (made.root / "data/raw/wine.csv").read_text() == "1\n"
    assert (made.root / "conf/local/credentials.yml").read_text() == "secret"
    assert (made.root / "src/notes.py").read_text() == "untracked"
    assert not (made.root / "data/model.pkl").exists()
    assert (made.root / ".mlflow_on_kedro/journal").resolve() == (
        root / ".mlflow_on_kedro/journal"
    ).resolve()
    assert made.missing(run) == []
    assert git(made.root, "status", "--porcelain").split("\n") == [
        "?? wine/new.py",
        "?? wine/src/",
    ]
    assert not made.has_pending()
    made.remove()
    assert not made.top.exists()
    assert (root / "data/raw/wine.csv").read_text() == "1\n"
    assert (root / "conf/local/credentials.yml").read_text() == "secret"
    assert (root / ".mlflow_on_kedro/journal").is_dir()
    assert "worktrees" not in git(root, "worktree", "list")


DAMAGED = {"{a}_part": {"type": "json.JSONDataset", "filepath": "data/{b}.json"}}
WRITTEN = ("reports/plot.txt", "data/state.json", "data/parts/new.json")


@pytest.mark.parametrize("changes", [{}, {"catalog": None}, {"catalog_whole": DAMAGED}])
def test_what_the_pipeline_writes(root: Path, changes: dict[str, Any]) -> None:
    """What it writes stays in the worktree, also where it has read that file or folder before."""
    for name in WRITTEN:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("before")
    (root / "conf/more").mkdir()
    (root / "conf/more/catalog.yml").write_text("untracked")
    run = facts(root, untracked=["reports/", "wine/more.py", "conf/more/"])
    data = [*(run.data or {}).values(), *map(_data, ("data/state.json", "data/parts", "data/none"))]
    (root / "wine").mkdir()
    (root / "wine/more.py").write_text("code")
    run = replace(run, data={str(number): one for number, one in enumerate(data)}, **changes)
    made = Worktree.create(root, run, "ab-1")
    assert made.missing(run) == ["data/none"]
    assert not (made.root / "reports").exists()
    assert (made.root / "wine/more.py").read_text() == "code"
    assert (made.root / "conf/more/catalog.yml").read_text() == "untracked"
    assert (made.root / "data/raw/wine.csv").is_symlink() == (not changes)
    assert [(made.root / name).read_text() for name in WRITTEN[1:]] == ["before", "before"]
    for name in WRITTEN:
        (made.root / name).parent.mkdir(exist_ok=True)
        (made.root / name).write_text("after")
    made.remove()
    assert not made.top.exists()
    assert {(root / name).read_text() for name in WRITTEN} == {"before"}


def _data(place: str) -> DataFacts:
    return DataFacts("d", place=place)


def test_changed_data(root: Path) -> None:
    """Data that git tracks are those that the run has read, if the project still has them."""
    git(root, "add", "-f", "data/raw/wine.csv")
    git(root, "commit", "-qm", "Data")
    (root / "data/raw/wine.csv").write_text("2\n")
    sha256 = hashlib.sha256(b"2\n").hexdigest()
    run = facts(root)
    run = replace(run, data={"wines": DataFacts("d", sha256, "data/raw/wine.csv")})
    made = Worktree.create(root, run, "ab-1")
    assert (made.root / "data/raw/wine.csv").read_text() == "2\n"
    made.remove()
    (root / "data/raw/wine.csv").write_text("3\n")
    made = Worktree.create(root, run, "ab-2")
    assert (made.root / "data/raw/wine.csv").read_text() == "1\n"
    made.remove()


def test_pending(root: Path) -> None:
    """What a rerun could not deliver is in the project's journal, and keeps the worktree."""
    made = Worktree.create(root, facts(root), "ab-1")
    header = Header(new_id(), "demo", start_ms=5, root=str(made.root))
    journal = Journal.create(made.root / ".mlflow_on_kedro/journal", header)
    journal.release()
    assert made.has_pending()
    made.remove()
    assert list((root / ".mlflow_on_kedro/journal" / header.journal).iterdir())
    assert ".mlflow_on_kedro" not in git(root, "status", "--porcelain")


@pytest.mark.parametrize(
    "name", ["../evil.txt", "{root}/evil.txt", ".git/hooks/post-checkout", "../.git/config"]
)
def test_changes_outside(root: Path, name: str) -> None:
    """Recorded changes of files outside of the worktree, or of git's own, are refused."""
    with pytest.raises(MLflowOnKedroError, match="git cannot apply the changes"):
        Worktree.create(root, facts(root, PART.format(name.format(root=root))), "ab-1")
    assert not list(root.rglob("evil*"))
    assert list((root / ".mlflow_on_kedro/worktrees").iterdir()) == []


@pytest.mark.parametrize(
    "place", ["../outside.txt", "/etc/hostname", "data/../../outside.txt", "C:\\x", "", "."]
)
def test_links_outside(root: Path, place: str) -> None:
    """Nothing outside of the project is linked."""
    run = facts(root, untracked=[place])
    made = Worktree.create(root, run, "ab-1")
    assert all(link.resolve().is_relative_to(root.resolve()) for link in made.links)
    assert not (made.top / "outside.txt").exists()
    made.remove()


def test_hooks_do_not_run(root: Path) -> None:
    """The repository's hooks are not called."""
    hook = root.parent / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {root}/called\n")
    hook.chmod(0o755)
    Worktree.create(root, facts(root), "ab-1").remove()
    assert not (root / "called").exists()


def test_unknown_code(root: Path) -> None:
    """What is missing is said with what to do."""
    with pytest.raises(MLflowOnKedroError, match="`git fetch` may get it"):
        Worktree.create(root, facts(root, commit="0" * 40, remote="https://host/x"), "x")
    with pytest.raises(MLflowOnKedroError, match="they were not recorded"):
        Worktree.create(root, facts(root, None), "x")
    with pytest.raises(MLflowOnKedroError, match="has recorded no git commit"):
        Worktree.create(root, RunFacts(), "x")
