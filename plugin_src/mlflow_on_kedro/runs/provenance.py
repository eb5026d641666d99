"""The provenance of a run, as tags: versions, user, git and the orchestrator."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
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
from ..provenance import git_state as git
from ..provenance.git_state import GitState
from ..tracking import orchestrators
from ..tracking.hidden_tags import HIDDEN, RERUN_TOKEN_TAG
from ..tracking.user import USER_TAG, user_name
from ..utils import run_variables
from . import code_version

_T = TypeVar("_T")

PROJECT = "PROJECT"
"""MLflow's word for code that is a project."""
RERUN_TAG = "kedro.rerun_of"
"""The id of the run that a run repeats."""
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


def source_tags(root: Path, package: str | None, code: GitState) -> dict[str, str]:
    """Return MLflow's tags for user, source and git, and tags for the orchestrator.

    MLflow's client does not set these tags. Its fluent API does, but reads the git repository of
    ``sys.argv[0]``, which for the ``kedro`` command is not the project's.

    Args:
        root: The project's root.
        package: The project's package.
        code: The state of the project's code.
    """
    tags = {SOURCE_NAME: package or root.name, SOURCE_TYPE: PROJECT}
    user = user_name()
    if user is not None:
        tags[USER_TAG] = user
    return {**tags, **git_tags(code), **orchestrators.tags(), **_rerun_tags()}


def _rerun_tags() -> dict[str, str]:
    """Return tags for a run that `kedro mlflow rerun` has started."""
    rerun = run_variables.take_rerun()
    return {RERUN_TAG: rerun[0], RERUN_TOKEN_TAG: rerun[1]} if rerun is not None else {}


def git_tags(state: GitState) -> dict[str, str]:
    """Return tags for commit, branch and whether files differ from the commit."""
    known = {GIT_COMMIT: state.commit, GIT_BRANCH: state.branch, GIT_REPOSITORY: state.remote}
    tags = {tag: value for tag, value in known.items() if value}
    if state.is_dirty is not None:
        tags["kedro.git.dirty"] = str(state.is_dirty)
    return with_shown(tags)


def with_shown(tags: Mapping[str, _T]) -> dict[str, _T]:
    """Add tags that MLflow's UI shows for the commit and the branch.

    Example:
        >>> with_shown({"mlflow.source.git.branch": "main"})["kedro.git.branch"]
        'main'
    """
    return {**tags, **{_SHOWN[tag]: value for tag, value in tags.items() if tag in _SHOWN}}


def git_state(root: Path) -> GitState:
    """Read the state of the project's code.

    Outside a repository, or without git, it comes from CI's variables, if there are any.
    """
    found = git.read(root)
    if found.commit:
        return found
    given = code_version.from_environment()
    return replace(
        found,
        commit=given.get(GIT_COMMIT),
        branch=given.get(GIT_BRANCH),
        remote=given.get(GIT_REPOSITORY),
    )
