"""What differs from the commit, as a diff that `git apply` takes, without secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from mlflow_on_kedro.provenance import code_diff, git_state


def git(folder: Path, *words: str) -> str:
    """Run git."""
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],  # noqa: S607 - as the plugin does
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository."""
    root = tmp_path / "repository" / "sub" / "project"
    root.mkdir(parents=True)
    (root / "nodes.py").write_text("def double(n):\n    return n * 2\n")
    (root / "größe.py").write_text("x = 1\n")
    (root / "picture.png").write_bytes(b"\x00\x01")
    (root.parents[1] / "other.py").write_text("y = 1\n")
    git(root, "init", "-q", "-b", "main", str(root.parents[1]))
    git(root, "add", str(root.parents[1]))
    git(root, "commit", "-q", "-m", "x")
    return root


def test_it_can_be_applied(project: Path, tmp_path: Path) -> None:
    """Whatever git's configuration is, the diff makes the same files of the commit."""
    for key, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "color.ui": "always",
        "diff.external": "false",
        "diff.relative": "true",
        "diff.renames": "copies",
    }.items():
        git(project, "config", key, value)
    (project / "nodes.py").rename(project / "renamed.py")
    (project / "größe.py").write_text("x = 'ß'\r\nno end of line")
    (project.parents[1] / "other.py").write_text("y = 2\n")
    git(project, "add", "-A", ".")
    found = code_diff.read(project)
    assert found == code_diff.CodeDiff(found.text)
    assert "other.py" not in found.text  # outside of the project
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(project.parents[1]), str(copy))
    (copy / "code.diff").write_bytes(found.text.encode())
    git(copy, "apply", "code.diff")
    assert (copy / "sub/project/größe.py").read_bytes() == (project / "größe.py").read_bytes()
    assert not (copy / "sub/project/nodes.py").exists()
    assert (copy / "sub/project/renamed.py").exists()


def test_what_is_left_out(project: Path) -> None:
    """Binary files, other encodings and files of secrets are named only; the rest applies."""
    (project / "picture.png").write_bytes(b"\x00\x02")
    (project / "nodes.py").write_bytes("x = 'ß'\n".encode("latin-1"))
    (project / "größe.py").write_text("x = 2\n")
    (project / ".env").write_text("A=hunter2\n")
    (project / "credentials.yml").write_text("me: hunter2\n")
    git(project, "add", "-A", ".")
    found = code_diff.read(project)
    reasons = {name.rpartition("/")[2]: reason for name, reason in found.left_out.items()}
    assert reasons == {
        ".env": "by its name it holds secrets",
        "credentials.yml": "by its name it holds secrets",
        "nodes.py": "not UTF-8",
        "picture.png": "binary",
    }
    assert "hunter2" not in found.text
    assert "# Not in this file: sub/project/picture.png (binary).\n" in found.text
    git(project, "checkout", "-q", "-f", "HEAD")
    (project / "code.diff").write_text(found.text)
    git(project, "apply", "code.diff")
    assert (project / "größe.py").read_text() == "x = 2\n"


@pytest.mark.parametrize(
    "name",
    ["data/01_raw/names.txt", "people.csv", "notebooks/look at.ipynb", "src/p/größen.TSV"],
)
def test_data_is_left_out(project: Path, name: str) -> None:
    """Rows of tables, and what the cells of a notebook have shown, are not logged."""
    file = project / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("before\n")
    git(project, "add", "-A", ".")
    git(project, "commit", "-q", "-m", "y")
    file.write_text("Ann Smith\n")
    found = code_diff.read(project)
    assert list(found.left_out.values()) == ["it may hold data"]
    assert "Ann" not in found.text


def test_secrets() -> None:
    """Secrets in lines are masked; expressions of Python and names in a catalog are none."""
    part = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -0,0 +1 @@\n{1}\n"
    lines = {
        "nodes.py": '+key = find(x, token=None, password="hunter2")',
        "conf/base/parameters.yml": "+  api_key: hunter2",
        "conf/base/catalog.yml": "   credentials: s3",
        "conf/base/catalog_old.yml": "-  password: hunter2",
        "deploy.sh": "-login --password=hunter2",
    }
    diff = "".join(part.format(name, line) for name, line in lines.items())
    found = code_diff.from_git(diff.encode())
    assert found.is_masked
    assert "hunter2" not in found.text
    for line in (
        '+key = find(x, token=None, password="***")\n',
        "+  api_key: '***'\n",
        "   credentials: s3\n",
        "-  password: '***'\n",
    ):
        assert line in found.text


def test_too_large(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files beyond the limit are named; a diff that is far too large is not even read."""
    (project / "nodes.py").write_text("x = 1\n" * 1000)
    (project / "größe.py").write_text("x = 2\n")
    monkeypatch.setattr(code_diff, "MOST_BYTES", 2000)
    found = code_diff.read(project)
    assert found.is_cut
    assert found.left_out == {"sub/project/nodes.py": "too large"}
    assert "+x = 2" in found.text
    monkeypatch.setattr(code_diff, "_MOST_READ", 300)
    found = code_diff.read(project)
    assert found.is_cut
    assert "sub/project/nodes.py" in found.left_out


def test_git_fails(project: Path) -> None:
    """What git has said is kept."""
    shutil.rmtree(project.parents[1] / ".git" / "objects")
    assert code_diff.read(project).problem


@pytest.mark.skipif(os.name != "posix", reason="a script as git")
@pytest.mark.parametrize(
    ("script", "found"),
    [
        # More than a pipe takes.
        ("yes warning | head -c 300000 >&2\necho out", (0, b"out\n", "warning")),
        ("yes warning | head -c 300000 >&2\nexit 3", (3, b"", "warning")),
        # What it has started keeps the pipe.
        ("sleep 30 &\nsleep 30", (1, b"", "git has not answered within 3 seconds")),
    ],
)
def test_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: tuple[int, bytes, str]
) -> None:
    """Neither many warnings nor another process that keeps a pipe makes the plugin wait."""
    (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    begin = time.monotonic()
    assert git_state.run(tmp_path, "status", seconds=3) == found
    assert time.monotonic() - begin < 20


def test_line_ends(project: Path) -> None:
    """Git does not warn of each file whose line ends it would change."""
    git(project, "config", "core.autocrlf", "true")
    (project / "nodes.py").write_bytes(b"x = 1\n")
    code, diff, problem = git_state.run(project, *code_diff._GIT)
    assert (code, problem) == (0, "")
    assert b"+x = 1" in diff


class TestState:
    """What git says of the code."""

    def test_of_a_project_in_a_repository(self, project: Path) -> None:
        """Commit, branch, the project's folder, and what differs in it."""
        (project.parent / "elsewhere.txt").write_text("x")
        found = git_state.read(project)
        assert found.commit == git(project, "rev-parse", "HEAD").strip()
        assert (found.branch, found.root, found.is_dirty) == ("main", "sub/project", False)
        for n in range(git_state.MOST_NAMES + 2):
            (project / f"new {n:03}.txt").write_text("x")
        found = git_state.read(project)
        assert (found.changed, found.is_dirty) == (False, True)
        assert found.untracked[0] == "new 000.txt"
        assert (len(found.untracked), found.untracked_more) == (git_state.MOST_NAMES, 2)
        (project / "nodes.py").unlink()
        assert git_state.read(project).changed

    def test_worktree_and_shallow_clone(self, project: Path, tmp_path: Path) -> None:
        """A worktree, a shallow clone and a submodule are repositories, too."""
        top = project.parents[1]
        git(project, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
        git(tmp_path, "clone", "-q", "--depth=1", top.as_uri(), "shallow")
        git(tmp_path, "init", "-q", "outer")
        allow = ("-c", "protocol.file.allow=always")
        git(tmp_path / "outer", *allow, "submodule", "add", "-q", top.as_uri(), "inner")
        commit = git_state.read(project).commit
        for folder in ("tree", "shallow", "outer/inner"):
            found = git_state.read(tmp_path / folder / "sub" / "project")
            assert (found.commit, found.is_dirty) == (commit, False)

    def test_why_there_is_none(self, tmp_path: Path) -> None:
        """Git's own words say why there is no commit."""
        found = git_state.read(tmp_path)
        assert found.commit is None
        assert "not a git repository" in str(found.problem)
