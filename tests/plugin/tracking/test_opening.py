"""Finding or creating the run in MLflow, and ending it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.mlflow_internals.tags import PARENT_RUN
from mlflow_on_kedro.tracking.opening import end_run, open_run


def header(**changed: Any) -> Header:
    """A run's header."""
    return Header(
        **{"journal": new_id(), "experiment": "demo", "start_ms": 5, "root": "/", **changed}
    )


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
        assert client.get_run(found.run_id).data.tags[PARENT_RUN] == "p"

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
