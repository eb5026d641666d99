"""run.resume: which run is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.runs import last_runs
from mlflow_on_kedro.runs.choosing import decide
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.tracking import resuming, shared_run
from mlflow_on_kedro.tracking.opening import open_run


def header(**changed: Any) -> Header:
    """A run's header."""
    return Header(
        **{"journal": new_id(), "experiment": "demo", "start_ms": 5, "root": "/", **changed}
    )


class TestBegin:
    """What a run's header says."""

    def test_asked_for(self, tmp_path: Path, store_uri: str) -> None:
        """The earlier run is in the header if it is to go on, and if nothing else names the run."""
        earlier = new_id()
        last_runs.write(tmp_path, "a", earlier)

        def begin(**run: Any) -> Header:
            config = parse({"tracking": {"uri": store_uri}, "run": run})
            return decide(RunRequest(config=config, root=tmp_path, series="a"), 5)[0]

        assert begin().resume is None
        assert begin(resume=True).resume == earlier
        assert begin(resume=True, key="job").resume is None
        assert begin(resume=True, id="abc").resume is None


class TestOpenRun:
    """What MLflow is asked, when the run is delivered."""

    @pytest.mark.parametrize("status", ["FAILED", "KILLED"])
    def test_unsuccessful(
        self, client: Any, store_uri: str, tmp_path: Path, messages: list[str], status: str
    ) -> None:
        """A failed or killed run is RUNNING again; what made it fail is its history."""
        first = header()
        opened = open_run(client, first, store_uri, tmp_path)
        for tag, text in ((resuming.ERROR_TAG, "E: a\nb"), ("kedro.failed_node", "fit")):
            client.set_tag(opened.run_id, tag, text)
        client.set_terminated(opened.run_id, status)
        second = header(resume=first.journal, run_name="another")
        assert open_run(client, second, store_uri, tmp_path) == opened
        run = client.get_run(opened.run_id)
        assert run.info.status == "RUNNING"
        assert not {resuming.ERROR_TAG, "kedro.failed_node"} & run.data.tags.keys()
        assert run.data.tags[resuming.RESUMED_TAG] == f"{status} in the node fit: E: a b"
        name = f"{opened.name} ({opened.run_id})"
        assert messages == [
            f"Going on with the run {name}, which was {status} in the node fit: E: a b."
        ]
        client.set_terminated(opened.run_id, "FAILED")
        third = header(resume=second.journal)
        assert open_run(client, third, store_uri, tmp_path) == opened
        history = client.get_run(opened.run_id).data.tags[resuming.RESUMED_TAG]
        assert history == f"{status} in the node fit: E: a b\nFAILED"

    @pytest.mark.parametrize("status", ["FINISHED", "RUNNING"])
    def test_others(
        self, client: Any, store_uri: str, tmp_path: Path, messages: list[str], status: str
    ) -> None:
        """A run that finished, or that runs, is left alone, which is said."""
        first = header(run_name="mine")
        opened = open_run(client, first, store_uri, tmp_path)
        client.update_run(opened.run_id, status=status)
        second = open_run(client, header(resume=first.journal), store_uri, tmp_path)
        assert second.run_id != opened.run_id
        assert client.get_run(opened.run_id).info.status == status
        assert messages == [
            f"`run.resume`: the last run of this pipeline, mine, is {status}, so a new one begins."
        ]

    def test_not_there(
        self, client: Any, store_uri: str, tmp_path: Path, messages: list[str]
    ) -> None:
        """Nor is a run gone on with that was deleted, or is of another store or experiment."""
        first = header()
        opened = open_run(client, first, store_uri, tmp_path)
        client.set_terminated(opened.run_id, "FAILED")
        client.delete_run(opened.run_id)
        second = open_run(client, header(resume=first.journal), store_uri, tmp_path)
        assert second.run_id != opened.run_id
        assert messages[-1].startswith("`run.resume`: MLflow does not have the last run of this")
        assert client.get_run(opened.run_id).info.lifecycle_stage == "deleted"

    @pytest.mark.parametrize("name", ["' OR 1", "../x", ""])
    def test_an_odd_header(self, client: Any, store_uri: str, tmp_path: Path, name: str) -> None:
        """A journal from elsewhere that names no journal makes a new run."""
        client.create_experiment("demo")
        opened = open_run(client, header(resume=name), store_uri, tmp_path)
        assert client.get_run(opened.run_id).info.status == "RUNNING"

    def test_again(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """A try that was cut off after any of its steps is taken up where it ended."""
        first = header()
        opened = open_run(client, first, store_uri, tmp_path)
        client.set_terminated(opened.run_id, "FAILED")
        second = header(resume=first.journal)
        client.set_tag(opened.run_id, shared_run.JOURNAL_TAG, second.journal)
        assert open_run(client, second, store_uri, tmp_path, again=True) == opened
        assert client.get_run(opened.run_id).info.status == "RUNNING"
        assert open_run(client, second, store_uri, tmp_path, again=True) == opened
        (run,) = client.search_runs([opened.experiment_id])
        assert run.data.tags[resuming.RESUMED_TAG] == "FAILED"
