"""Which run a pipeline logs to, by mlflow.yml, the active run and the environment."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Run
from mlflow_on_kedro.tracking.choosing import RunChoice, choose, choose_here
from mlflow_on_kedro.utils import environment


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(environment.RUN_KEY, raising=False)


@pytest.mark.parametrize(
    ("run", "active", "given", "expected"),
    [
        ({}, None, None, RunChoice()),
        ({}, None, "env", RunChoice(run_id="env")),
        ({"resume": True}, None, "env", RunChoice(run_id="env")),
        ({"resume": True}, None, None, RunChoice(resumes=True)),
        ({}, "active", "env", RunChoice(run_id="active", joins=True)),
        ({"id": "file"}, "active", "env", RunChoice(run_id="file")),
        ({"key": "k"}, None, "env", RunChoice(key="k")),
        ({"nested": True}, None, "env", RunChoice(given_parent="env")),
        ({"nested": True}, None, None, RunChoice()),
        ({"nested": True}, "active", "env", RunChoice(parent="active")),
        ({"nested": True, "key": "k"}, None, "env", RunChoice(given_parent="env", key="k")),
        ({"parent": "file"}, "active", "env", RunChoice(given_parent="file")),
        ({"parent": "file", "nested": True}, None, None, RunChoice(given_parent="file")),
    ],
    ids=str,
)
def test_choose(
    run: dict[str, Any], active: str | None, given: str | None, expected: RunChoice
) -> None:
    """What mlflow.yml names comes first, then what is active, then MLFLOW_RUN_ID."""
    assert choose(Run(**run), active, given) == expected


def test_a_run_before_a_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLFLOW_RUN_ID names one run, so it comes before what an orchestrator has in common."""
    monkeypatch.setenv(environment.RUN_KEY, "k")
    assert choose(Run(), None, "env") == RunChoice(run_id="env")
    assert choose(Run(), None, None) == RunChoice(key="k")


@pytest.mark.parametrize(
    ("sections", "uri", "active", "said"),
    [
        ({}, None, None, None),
        ({"run": {"nested": True}}, None, None, None),
        ({"run": {"id": "a"}}, None, None, "`run.id` is given"),
        ({"run": {"parent": "a"}}, None, None, "`run.parent` is given"),
        ({"run": {"key": "a"}}, None, None, "`run.key` is given"),
        ({"run": {"nested": True}}, None, "active", "a run is active"),
        ({"tracking": {"uri": "http://here"}}, "http://here", None, None),
        (
            {"tracking": {"uri": "http://here"}},
            "no address:at all",
            None,
            "`tracking.uri` is another MLflow than MLFLOW_TRACKING_URI",
        ),
        (
            {"tracking": {"uri": "http://here"}},
            "http://there",
            None,
            "`tracking.uri` is another MLflow than MLFLOW_TRACKING_URI",
        ),
    ],
    ids=str,
)
def test_used_up(
    sections: dict[str, Any],
    uri: str | None,
    active: str | None,
    said: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """MLFLOW_RUN_ID stands for one run, as in MLflow; where another one is meant, that is said."""
    monkeypatch.setenv("MLFLOW_RUN_ID", "env")
    if uri is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with caplog.at_level(logging.INFO, "mlflow_on_kedro"):
        choice = choose_here(parse(sections), tmp_path, active)
    assert "MLFLOW_RUN_ID" not in os.environ
    assert ("env" in {choice.run_id, choice.given_parent}) is (said is None)
    assert [record.getMessage() for record in caplog.records] == (
        [f"MLFLOW_RUN_ID (env) is not used: {said}."] if said else []
    )


def test_kept_for_the_users_own_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pipeline that logs to an active run does not use it up."""
    monkeypatch.setenv("MLFLOW_RUN_ID", "env")
    assert choose_here(parse({}), tmp_path, "active").joins
    assert os.environ["MLFLOW_RUN_ID"] == "env"
