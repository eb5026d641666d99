"""The version of the code where there is no git."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow_on_kedro.runs import code_version, provenance

COMMIT = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567"
NAMES = ("mlflow.source.git.commit", "mlflow.source.git.branch", "mlflow.source.git.repoURL")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({"GIT_COMMIT": COMMIT}, {NAMES[0]: COMMIT}),
        ({"COMMIT_SHA": "0f1e2d3"}, {NAMES[0]: "0f1e2d3"}),
        (
            {
                "GITHUB_SHA": COMMIT,
                "GITHUB_REF_NAME": "main",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "wine/demo",
            },
            dict(zip(NAMES, (COMMIT, "main", "https://github.com/wine/demo"), strict=True)),
        ),
        (
            {"CI_COMMIT_SHA": COMMIT, "CI_PROJECT_URL": "https://me:hunter2@lab/x"},
            {NAMES[0]: COMMIT, NAMES[2]: "https://***@lab/x"},
        ),
        ({"GIT_COMMIT": "$(git rev-parse HEAD)", "CI_COMMIT_SHA": COMMIT}, {NAMES[0]: COMMIT}),
        ({"GIT_COMMIT": "unknown", "GIT_BRANCH": "main"}, {}),
    ],
    ids=str,
)
def test_from_environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    expected: dict[str, str],
) -> None:
    """What CI says counts outside a repository, if it is a commit; no password is told."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert code_version.from_environment() == expected
    tags = provenance.git_tags(provenance.git_state(tmp_path))
    assert expected.items() <= tags.items()
    assert tags.get("kedro.git.commit") == expected.get("mlflow.source.git.commit")
