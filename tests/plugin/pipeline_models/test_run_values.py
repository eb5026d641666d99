"""A finished run's own values."""

from __future__ import annotations

from typing import Any

from kedro.io import MemoryDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.pipeline_models.run_values import (
    is_stored_in_run,
    load_from_run,
)


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
