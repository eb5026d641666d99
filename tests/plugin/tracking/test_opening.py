"""What run a pipeline logs to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.tracking.opening import PARENT_TAG, RunRequest, end_run, open_run
from mlflow_on_kedro.utils import environment


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (environment.MODE, environment.RUN_KEY):
        monkeypatch.delenv(name, raising=False)
    yield
    while mlflow.active_run() is not None:
        mlflow.end_run()


def request(tmp_path: Path, **sections: Any) -> RunRequest:
    """What is asked of MLflow; its arguments are sections of mlflow.yml."""
    return RunRequest(config=parse(sections), root=tmp_path, package="demo")


def header(**changed: Any) -> Header:
    """A run's header."""
    return Header(
        **{"journal": new_id(), "experiment": "demo", "start_ms": 5, "root": "/", **changed}
    )


class TestBegin:
    """What is known before MLflow is asked."""

    def test_a_new_run(self, tmp_path: Path, store_uri: str) -> None:
        """A new run is of the package's experiment, and ended by its pipeline."""
        head, uri = request(tmp_path, tracking={"uri": store_uri}).begin(7)
        assert uri == head.uri == store_uri
        assert (head.experiment, head.start_ms, head.root) == ("demo", 7, str(tmp_path))
        assert (head.run_id, head.parent, head.key, head.owned) == (None, None, None, True)

    def test_no_credentials(self, tmp_path: Path) -> None:
        """The header, which is kept on disk, has no credentials; the URI that is used has them."""
        head, uri = request(tmp_path, tracking={"uri": "http://me:hunter2@host"}).begin(7)
        assert uri == "http://me:hunter2@host"
        assert "hunter2" not in json.dumps(asdict(head))

    def test_offline(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Offline it is left to who delivers where; the environment's word is the last."""
        assert request(tmp_path, tracking={"mode": "offline"}).begin(7)[0].uri is None
        monkeypatch.setenv(environment.MODE, "offline")
        assert request(tmp_path).begin(7)[0].uri is None
        monkeypatch.setenv(environment.MODE, "online")
        assert request(tmp_path, tracking={"mode": "offline"}).begin(7)[0].uri is not None

    def test_the_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """mlflow.yml's key goes before the environment's; a run's id before both."""
        monkeypatch.setenv(environment.RUN_KEY, "env")
        assert request(tmp_path).begin(7)[0].key == "env"
        assert request(tmp_path, run={"key": "file"}).begin(7)[0].key == "file"
        assert request(tmp_path, run={"id": "a"}).begin(7)[0].key is None

    def test_an_active_run(self, tmp_path: Path, store_uri: str) -> None:
        """A run that is active is used and left open; nested, it becomes the parent."""
        mlflow.set_tracking_uri(store_uri)
        active = mlflow.start_run().info.run_id
        head, uri = request(tmp_path).begin(7)
        assert (head.run_id, head.owned, head.parent, uri) == (active, False, None, store_uri)
        head, _ = request(tmp_path, run={"nested": True}).begin(7)
        assert (head.run_id, head.owned, head.parent) == (None, True, active)
        head, _ = request(tmp_path, tracking={"mode": "offline"}).begin(7)
        assert (head.run_id, head.owned, head.parent) == (None, True, None)


class TestOpenRun:
    """Finding or creating it."""

    def test_again(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """To try again gives the same run."""
        head = header(run_name="mine")
        first = open_run(client, head, store_uri, tmp_path)
        assert open_run(client, head, store_uri, tmp_path, again=True) == first
        info = client.get_run(first.run_id).info
        assert (info.run_name, info.start_time, info.status) == ("mine", 5, "RUNNING")

    def test_a_parent(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A run has its parent."""
        found = open_run(client, header(parent="p"), store_uri, tmp_path)
        assert client.get_run(found.run_id).data.tags[PARENT_TAG] == "p"

    def test_continued(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A run that is continued is running again, also one that was deleted."""
        run_id = client.create_run(client.create_experiment("demo")).info.run_id
        client.set_terminated(run_id, "FAILED")
        client.delete_run(run_id)
        assert open_run(client, header(run_id=run_id), store_uri, tmp_path).run_id == run_id
        info = client.get_run(run_id).info
        assert (info.status, info.lifecycle_stage) == ("RUNNING", "active")

    def test_no_such_run(self, client: Any, tmp_path: Path) -> None:
        """An id that is none is said, with the store's address but not its password."""
        uri = "http://me:hunter2@host"
        with pytest.raises(
            ConfigError, match=r"is 'none', but MLflow at http://\*\*\*@host has no"
        ):
            open_run(client, header(run_id="none"), uri, tmp_path)

    def test_no_such_parent(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A parent that is none is said, before there is a run without one."""
        with pytest.raises(ConfigError, match=r"`run.parent` \(or MLFLOW_RUN_ID .* is 'none', but"):
            open_run(client, header(given_parent="none"), store_uri, tmp_path)
        assert client.get_experiment_by_name("demo") is None

    def test_no_such_experiment(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """An experiment's id that is none is said, with the variable that has it."""
        with pytest.raises(
            ConfigError, match=r"MLFLOW_EXPERIMENT_ID is '77', but MLflow at sqlite"
        ):
            open_run(client, header(experiment_id="77"), store_uri, tmp_path)

    def test_not_its_own(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A run that somebody else has open is neither begun nor ended."""
        run_id = client.create_run(client.create_experiment("demo")).info.run_id
        head = header(run_id=run_id, owned=False)
        found = open_run(client, head, store_uri, tmp_path)
        assert end_run(client, head, found, "FAILED", 9) == "FAILED"
        assert client.get_run(run_id).info.status == "RUNNING"

    def test_the_end(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A run ends as and when its pipeline did."""
        head = header()
        found = open_run(client, head, store_uri, tmp_path)
        assert end_run(client, head, found, "KILLED", 9) == "KILLED"
        info = client.get_run(found.run_id).info
        assert (info.status, info.end_time) == ("KILLED", 9)


def test_a_misspelt_mode_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode that there is not is refused: a cluster's node must not wait for a network."""
    monkeypatch.setenv("MLFLOW_ON_KEDRO_MODE", "ofline")
    with pytest.raises(ConfigError, match=r"'MLFLOW_ON_KEDRO_MODE' must be one of online, offline"):
        _ = RunRequest().offline
