"""The version of the code where there is no git, as in a container: from CI's variables."""

from __future__ import annotations

import re

from ..mlflow_internals import tags
from ..utils import environment
from ..utils.secrets import mask_urls

# Commit, branch and repository. Dockerfiles often use Jenkins' names, too.
VARIABLES = (
    ("GIT_COMMIT", "GIT_BRANCH", "GIT_URL"),
    ("GITHUB_SHA", "GITHUB_REF_NAME", ""),
    ("CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PROJECT_URL"),
    ("BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME", "BUILD_REPOSITORY_URI"),
    ("BITBUCKET_COMMIT", "BITBUCKET_BRANCH", "BITBUCKET_GIT_HTTP_ORIGIN"),
    ("CIRCLE_SHA1", "CIRCLE_BRANCH", "CIRCLE_REPOSITORY_URL"),
    ("CODEBUILD_RESOLVED_SOURCE_VERSION", "", "CODEBUILD_SOURCE_REPO_URL"),
    ("GIT_SHA", "", ""),
    ("COMMIT_SHA", "BRANCH_NAME", ""),
)
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


def from_environment() -> dict[str, str]:
    """Return MLflow's tags for commit, branch and repository; empty if no variable has them."""
    for commit, branch, url in VARIABLES:
        found = (environment.value(commit) or "").strip()
        if _COMMIT.fullmatch(found):
            found_tags = {
                tags.GIT_COMMIT: found,
                tags.GIT_BRANCH: environment.value(branch),
                tags.GIT_REPOSITORY: _repository(commit, url),
            }
            return {tag: mask_urls(value) for tag, value in found_tags.items() if value}
    return {}


def _repository(commit: str, url: str) -> str | None:
    if commit == "GITHUB_SHA":
        server, name = (environment.value(f"GITHUB_{key}") for key in ("SERVER_URL", "REPOSITORY"))
        return f"{server}/{name}" if server and name else None
    return environment.value(url)
