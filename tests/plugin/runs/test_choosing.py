"""Which run a pipeline logs to, by mlflow.yml, the active run and the environment."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Run
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.runs.choosing import RunChoice, choose, choose_here, decide
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.utils import environment


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (environment.MODE, environment.RUN_KEY):
        monkeypatch.delenv(name, raising=False)
    yield
    while mlflow.active_run() is not None:
        mlflow.end_run()


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


def request(tmp_path: Path, **sections: Any) -> RunRequest:
    """What is asked of MLflow; its arguments are sections of mlflow.yml."""
    return RunRequest(config=parse(sections), root=tmp_path, package="demo")


class TestDecide:
    """What is known before MLflow is asked."""

    def test_a_new_run(self, tmp_path: Path, store_uri: str) -> None:
        """A new run is of the package's experiment, and ended by its pipeline."""
        head, uri = decide(request(tmp_path, tracking={"uri": store_uri}), 7)
        assert uri == head.uri == store_uri
        assert (head.experiment, head.start_ms, head.root) == ("demo", 7, str(tmp_path))
        assert (head.run_id, head.parent, head.key, head.owned) == (None, None, None, True)

    def test_a_long_name(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A name for which a database has no room would keep the run from MLflow, so it is cut."""
        head, _ = decide(request(tmp_path, run={"name": "long" * 100}), 7)
        assert head.run_name == ("long" * 100)[:247] + "..."
        assert "The run's name is 400 characters long and was cut to 250." in caplog.text

    def test_no_credentials(self, tmp_path: Path) -> None:
        """The header, which is kept on disk, has no credentials; the URI that is used has them."""
        head, uri = decide(request(tmp_path, tracking={"uri": "http://me:hunter2@host"}), 7)
        assert uri == "http://me:hunter2@host"
        assert "hunter2" not in json.dumps(asdict(head))

    def test_offline(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Offline it is left to who delivers where; the environment's word is the last."""
        assert decide(request(tmp_path, tracking={"mode": "offline"}), 7)[0].uri is None
        monkeypatch.setenv(environment.MODE, "offline")
        assert decide(request(tmp_path), 7)[0].uri is None
        monkeypatch.setenv(environment.MODE, "online")
        assert decide(request(tmp_path, tracking={"mode": "offline"}), 7)[0].uri is not None

    def test_the_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """mlflow.yml's key goes before the environment's; a run's id before both."""
        monkeypatch.setenv(environment.RUN_KEY, "env")
        assert decide(request(tmp_path), 7)[0].key == "env"
        assert decide(request(tmp_path, run={"key": "file"}), 7)[0].key == "file"
        assert decide(request(tmp_path, run={"id": "a"}), 7)[0].key is None

    def test_an_active_run(self, tmp_path: Path, store_uri: str) -> None:
        """A run that is active is used and left open; nested, it becomes the parent."""
        mlflow.set_tracking_uri(store_uri)
        active = mlflow.start_run().info.run_id
        head, uri = decide(request(tmp_path), 7)
        assert (head.run_id, head.owned, head.parent, uri) == (active, False, None, store_uri)
        head, _ = decide(request(tmp_path, run={"nested": True}), 7)
        assert (head.run_id, head.owned, head.parent) == (None, True, active)
        head, _ = decide(request(tmp_path, tracking={"mode": "offline"}), 7)
        assert (head.run_id, head.owned, head.parent) == (None, True, None)


def test_a_misspelt_mode_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode that there is not is refused: a cluster's node must not wait for a network."""
    monkeypatch.setenv("MLFLOW_ON_KEDRO_MODE", "ofline")
    with pytest.raises(ConfigError, match=r"'MLFLOW_ON_KEDRO_MODE' must be one of online, offline"):
        _ = RunRequest().is_offline
