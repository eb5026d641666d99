"""The experiment of a run: created, found, restored, tagged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.errors import DeletedExperimentError
from mlflow_on_kedro.tracking.experiments import experiment_id, tag_texts


def test_created_then_found(client: Any, tmp_path: Path) -> None:
    """A missing experiment is created where it was asked for, and found from then on."""
    first = experiment_id(client, "demo", (tmp_path / "artifacts").as_uri())
    assert experiment_id(client, "demo", "file:///elsewhere") == first
    found = client.get_experiment(first)
    assert (found.name, found.artifact_location) == ("demo", f"file://{tmp_path}/artifacts")


def test_restored(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A deleted experiment is restored, with a warning that names it."""
    first = experiment_id(client, "demo", None)
    client.delete_experiment(first)
    assert experiment_id(client, "demo", None) == first
    assert client.get_experiment(first).lifecycle_stage == "active"
    assert "'demo' was deleted" in caplog.text


def test_restored_by_two_at_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another process restores it in between, it is used."""
    first = experiment_id(client, "demo", None)
    client.delete_experiment(first)
    restore = client.restore_experiment
    monkeypatch.setattr(client, "restore_experiment", lambda one: (restore(one), restore(one)))
    assert experiment_id(client, "demo", None) == first
    assert client.get_experiment(first).lifecycle_stage == "active"


def test_created_by_two_at_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another process creates it in between, that one is used."""
    create = client.create_experiment

    def slower(*args: Any, **options: Any) -> Any:
        create(*args, **options)
        return create(*args, **options)

    monkeypatch.setattr(client, "create_experiment", slower)
    found = experiment_id(client, "demo", None)
    assert client.get_experiment(found).name == "demo"


def test_a_name_that_mlflow_refuses(client: Any) -> None:
    """MLflow's own refusal of a name is passed on."""
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException):
        experiment_id(client, "x" * 600, None)


def test_found_without_creating(client: Any) -> None:
    """An experiment that is there costs one call."""
    experiment_id(client, "demo", None)
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(client, name)

    experiment_id(Counting(), "demo", None)  # type: ignore[arg-type]
    assert calls == ["get_experiment_by_name"]


def test_not_restored(client: Any) -> None:
    """A deleted experiment that is not to be restored is an error that says how to go on."""
    first = experiment_id(client, "demo", None)
    client.delete_experiment(first)
    with pytest.raises(DeletedExperimentError) as caught:
        experiment_id(client, "demo", None, restore=False)
    assert f"`mlflow experiments restore --experiment-id {first}`" in caught.value.message
    assert client.get_experiment(first).lifecycle_stage == "deleted"


def test_tags(client: Any) -> None:
    """Tags are set when it is created, later where they are missing; others keep their value."""
    first = experiment_id(client, "demo", None, {"team": "wine"})
    assert client.get_experiment(first).tags["team"] == "wine"
    client.set_experiment_tag(first, "team", "beer")
    experiment_id(client, "demo", None, {"team": "wine", "phase": "two"})
    tags = client.get_experiment(first).tags
    assert (tags["team"], tags["phase"]) == ("beer", "two")


def test_a_tag_that_mlflow_refuses(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and the run goes on."""
    first = experiment_id(client, "demo", None)
    assert experiment_id(client, "demo", None, {"x" * 300: "long"}) == first
    assert "did not take the experiment's tag" in caplog.text


def test_tag_texts() -> None:
    """Tags are written as MLflow takes them, without credentials."""
    tags = {"a b?": 1, "url": "http://me:hunter2@host", "long": "x" * 6000}
    assert tag_texts(tags) == {"a b_": "1", "url": "http://***@host", "long": "x" * 5000}


def test_the_limit_is_mlflows() -> None:
    """No MLflow allows less."""
    from mlflow.utils import validation

    assert validation.MAX_EXPERIMENT_TAG_VAL_LENGTH >= 5000
