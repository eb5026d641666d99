"""The provenance of a run, as tags: versions, user and git."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from mlflow_on_kedro.runs import provenance


class TestVersions:
    """Versions of what ran."""

    def test_versions(self) -> None:
        """Python, Kedro and MLflow, as they are installed."""
        assert provenance.version_tags() == {
            "mlflow.kedro.python_version": platform.python_version(),
            "kedro.version": metadata.version("kedro"),
            "mlflow.kedro.mlflow_version": metadata.version("mlflow"),
        }

    def test_a_missing_distribution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A package that is there under another distribution's name is left out."""

        def version(name: str) -> str:
            raise metadata.PackageNotFoundError(name)

        monkeypatch.setattr(provenance.metadata, "version", version)
        assert set(provenance.version_tags()) == {"mlflow.kedro.python_version"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A real git repository with one commit, and a project in a folder of it."""
    root = tmp_path / "repository"
    project = root / "project"
    project.mkdir(parents=True)
    (project / "a.txt").write_text("a")
    git(root, "init", "--initial-branch=trunk")
    git(root, "add", ".")
    git(root, "-c", "user.name=me", "-c", "user.email=me@host", "commit", "-m", "first")
    return project


def git(folder: Path, *words: str) -> str:
    """Run git, without the developer's own configuration."""
    environment = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *words],  # noqa: S607 - as the plugin does
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


class TestGit:
    """Commit, branch and state, of real repositories."""

    def test_clean(self, repository: Path) -> None:
        """A clean repository has commit and branch."""
        assert provenance.git_tags(provenance.git_state(repository)) == {
            "mlflow.source.git.commit": git(repository, "rev-parse", "HEAD"),
            "mlflow.source.git.branch": "trunk",
            "kedro.git.commit": git(repository, "rev-parse", "HEAD"),
            "kedro.git.branch": "trunk",
            "kedro.git.dirty": "False",
        }

    @pytest.mark.parametrize("name", ["a.txt", "new.txt"])
    def test_dirty(self, repository: Path, name: str) -> None:
        """A changed file, or a new one, makes it dirty."""
        (repository / name).write_text("changed")
        assert provenance.git_tags(provenance.git_state(repository))["kedro.git.dirty"] == "True"

    def test_what_is_ignored(self, repository: Path) -> None:
        """Ignored files and what lies outside of the project make nothing dirty."""
        (repository.parent / ".gitignore").write_text("*.db\n")
        (repository / "mlflow.db").write_text("x")
        assert provenance.git_tags(provenance.git_state(repository))["kedro.git.dirty"] == "False"

    def test_no_branch(self, repository: Path) -> None:
        """A detached commit has no branch."""
        git(repository, "checkout", "--detach")
        assert set(provenance.git_tags(provenance.git_state(repository))) == {
            "mlflow.source.git.commit",
            "kedro.git.commit",
            "kedro.git.dirty",
        }

    def test_the_remote(self, repository: Path) -> None:
        """The remote's address is there, without credentials."""
        git(repository, "remote", "add", "origin", "https://me:hunter2@host/a/b.git")
        tags = provenance.git_tags(provenance.git_state(repository))
        assert tags["mlflow.source.git.repoURL"] == "https://***@host/a/b.git"

    def test_no_repository(self, tmp_path: Path) -> None:
        """Outside of a repository there is nothing."""
        assert provenance.git_tags(provenance.git_state(tmp_path)) == {}

    def test_no_commit(self, tmp_path: Path) -> None:
        """A repository without a commit has nothing."""
        git(tmp_path, "init")
        assert provenance.git_tags(provenance.git_state(tmp_path)) == {}

    def test_no_git(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without git there is nothing, and nothing is raised."""
        monkeypatch.setenv("PATH", "")
        assert provenance.git_tags(provenance.git_state(repository)) == {}


class TestSource:
    """MLflow's own tags."""

    def test_tags(self, repository: Path) -> None:
        """They have MLflow's names, and are of the project's folder, not of the current one."""
        from mlflow.utils import mlflow_tags

        tags = provenance.source_tags(repository, "package", provenance.git_state(repository))
        assert tags[mlflow_tags.MLFLOW_SOURCE_NAME] == "package"
        assert tags[mlflow_tags.MLFLOW_SOURCE_TYPE] == "PROJECT"
        assert tags[mlflow_tags.MLFLOW_USER] == getpass.getuser()
        assert tags[mlflow_tags.MLFLOW_GIT_COMMIT] == git(repository, "rev-parse", "HEAD")
        assert tags[mlflow_tags.MLFLOW_GIT_BRANCH] == "trunk"

    def test_without_a_package(self, tmp_path: Path) -> None:
        """Outside of a project the folder's name is the source."""
        assert (
            provenance.source_tags(tmp_path, None, provenance.git_state(tmp_path))[
                "mlflow.source.name"
            ]
            == tmp_path.name
        )

    @pytest.mark.parametrize("error", [OSError, KeyError, ImportError])
    def test_no_user(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        """A user without a name, as in some containers, is left out."""

        def getuser() -> str:
            raise error("no such user")

        monkeypatch.setattr(getpass, "getuser", getuser)
        assert "mlflow.user" not in provenance.source_tags(
            tmp_path, None, provenance.git_state(tmp_path)
        )
