"""A finished run's own values."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import MemoryDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.pipeline_models.run_values import (
    is_stored_in_run,
    load_from_run,
    with_run_params,
)

PARAMETERS = {"params:m": {"depth": 3, "rate": 0.5, "on": True, "name": "x", "list": [1]}}


def values(logged: dict[str, str]) -> dict[str, Any]:
    """The parameters with what a run has logged."""
    found: dict[str, Any] = with_run_params(logged, PARAMETERS)["params:m"].load()
    return found


def test_what_the_run_had() -> None:
    """Each value is read as the type that it has in the project."""
    logged = {"m.depth": "7", "m.rate": "2", "m.on": "False", "m.name": "5", "other": "1"}
    found = values(logged)
    assert found == {"depth": 7, "rate": 2.0, "on": False, "name": "5", "list": [1]}
    assert [type(value) for value in found.values()] == [int, float, bool, str, list]
    assert values({"m.depth": "0.25"})["depth"] == 0.25


def test_what_it_did_not_log() -> None:
    """A parameter that the run has not logged is the project's."""
    assert values({}) == PARAMETERS["params:m"]


@pytest.mark.parametrize("logged", [{"m.depth": "many"}, {"m.on": "1"}, {"m.list": "[2]"}])
def test_what_cannot_be_read(logged: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit is said, and the project's value taken."""
    assert values(logged) == PARAMETERS["params:m"]
    ((name, text),) = logged.items()
    assert f"The run has the parameter '{name}' as {text!r}" in caplog.text


def test_datasets_of_a_run(store_uri: str, client: Any, tmp_path: Any) -> None:
    """An MLflow dataset loads what that run has saved, whatever lies on disk."""
    run_id = client.create_run("0").info.run_id
    values = {"a": MLflowDataset("json", dataset_name="a", saving_run_id=run_id)}
    values["m"] = MLflowDataset("m", dataset_name="m", saving_run_id=run_id)
    for name, value in {"a": [1], "m": 0.5}.items():
        values[name].bind(name, tmp_path, store_uri)
        values[name].save(value)
    later = {"a": MLflowDataset("json", dataset_name="a"), "m": MLflowDataset("m", None, "m")}
    for name, dataset in later.items():
        dataset.bind(name, tmp_path, store_uri, logs=False)
        dataset.save(7)
    found = load_from_run(run_id, store_uri, {**later, "plain": MemoryDataset(1)})
    assert {name: dataset.load() for name, dataset in found.items()} == {
        "a": [1],
        "m": 0.5,
        "plain": 1,
    }
    assert later["a"].load() == 7
    file = found["a"].file_dataset()  # type: ignore[attr-defined]
    assert file.load() == [1]


def test_which_are_of_a_run() -> None:
    """MLflow datasets are, others not."""
    assert is_stored_in_run(MLflowDataset("json"))
    assert is_stored_in_run(MLflowModelDataset("sklearn"))
    assert not is_stored_in_run(MemoryDataset())
