"""Runs of before have the tags of the plugin under names that MLflow's UI shows."""

from __future__ import annotations

from typing import Any

from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.tracking import parts, shared_run
from mlflow_on_kedro.tracking.hidden_tags import earlier, value
from mlflow_on_kedro.tracking.opening import open_run
from mlflow_on_kedro.tracking.resuming import resume


def test_value() -> None:
    """Today's name counts more."""
    tag = shared_run.JOURNAL_TAG
    assert value({earlier(tag): "old"}, tag) == "old"
    assert value({earlier(tag): "old", tag: "new"}, tag) == "new"
    assert value({}, tag) is None


def test_a_run_of_before_is_resumed(client: Any, tmp_path: Any) -> None:
    """The run of a journal is found by the tag that it had."""
    experiment = client.create_experiment("demo", tmp_path.as_uri())
    journal = "61dcc9f6d793b823ddf1051c"
    run = client.create_run(experiment, tags={"mlflow_on_kedro.journal": journal})
    client.set_terminated(run.info.run_id, "FAILED")
    header = Header("a" * 24, "demo", 1, str(tmp_path), resume=journal)
    found = resume(client, experiment, header)
    assert found is not None
    assert found.run_id == run.info.run_id


def test_a_shared_run_of_before_goes_on(client: Any, store_uri: str, tmp_path: Any) -> None:
    """It is found by its key, and ends with its last part, which began before."""
    experiment = client.create_experiment("demo", tmp_path.as_uri())
    header = Header("61dcc9f6d793b823ddf1051c", "demo", 1, str(tmp_path), key="k")
    tags = {
        "mlflow_on_kedro.key": "k",
        "mlflow_on_kedro.key_chosen": "true",
        f"mlflow_on_kedro.part.{header.journal}": parts.Part.from_header(header).tag,
    }
    run_id = client.create_run(experiment, tags=tags).info.run_id
    assert open_run(client, header, store_uri, tmp_path).run_id == run_id
    assert shared_run.end_part(client, run_id, header, "FINISHED", 2) == "FINISHED"
