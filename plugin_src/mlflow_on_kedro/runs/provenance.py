"""The provenance of a run, as tags: versions, user, git and the orchestrator."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from ..mlflow_internals.tags import (
    GIT_BRANCH,
    GIT_COMMIT,
    GIT_REPOSITORY,
    SOURCE_NAME,
    SOURCE_TYPE,
)
from ..tracking import orchestrators
from ..tracking.hidden_tags import HIDDEN
from ..tracking.user import USER_TAG, user_name
from ..utils.secrets import mask_urls
from . import code_version

_T = TypeVar("_T")

PROJECT = "PROJECT"
"""MLflow's word for code that is a project."""
_SHOWN = {GIT_COMMIT: "kedro.git.commit", GIT_BRANCH: "kedro.git.branch"}
"""MLflow's own tags are not shown among the tags of its UI, so the plugin repeats them."""


def version_tags() -> dict[str, str]:
    """Return tags with the versions of Kedro and, not shown in MLflow's UI, Python and MLflow."""
    tags = {f"{HIDDEN}python_version": platform.python_version()}
    for name, tag in (("kedro", "kedro.version"), ("mlflow", f"{HIDDEN}mlflow_version")):
        try:
            tags[tag] = metadata.version(name)
        except metadata.PackageNotFoundError:  # mlflow-skinny has the same module
            continue
    return tags


def source_tags(root: Path, package: str | None) -> dict[str, str]:
    """Return MLflow's tags for user, source and git, and tags for the orchestrator.

    MLflow's client does not set these tags. Its fluent API does, but reads the git repository of
    ``sys.argv[0]``, which for the ``kedro`` command is not the project's.
    """
    tags = {SOURCE_NAME: package or root.name, SOURCE_TYPE: PROJECT}
    user = user_name()
    if user is not None:
        tags[USER_TAG] = user
    return {**tags, **git_tags(root), **orchestrators.tags()}


def git_tags(root: Path) -> dict[str, str]:
    """Return tags for commit, branch and whether files differ from the commit.

    Outside a repository, or without git, they come from CI's variables, if there are any.
    """
    return with_shown(_git_tags(root))


def with_shown(tags: Mapping[str, _T]) -> dict[str, _T]:
    """Add tags that MLflow's UI shows for the commit and the branch.

    Example:
        >>> with_shown({"mlflow.source.git.branch": "main"})["kedro.git.branch"]
        'main'
    """
    return {**tags, **{_SHOWN[tag]: value for tag, value in tags.items() if tag in _SHOWN}}


def _git_tags(root: Path) -> dict[str, str]:
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return code_version.from_environment()
    tags = {GIT_COMMIT: commit}
    branch = _git(root, "rev-parse", "--abbrev-ref", "HEAD")
    if branch and branch != "HEAD":
        tags[GIT_BRANCH] = branch
    url = _git(root, "config", "--get", "remote.origin.url")
    if url:
        tags[GIT_REPOSITORY] = mask_urls(url)
    changes = _git(root, "status", "--porcelain", "--", ".")
    if changes is not None:
        tags["kedro.git.dirty"] = str(bool(changes))
    return tags


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - the user's own git, wherever it is
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
