"""Datasets whose names give them one local file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.datasets.shared_files import check
from mlflow_on_kedro.errors import ConfigError


def made(name: str, filepath: str, **arguments: Any) -> MLflowDataset:
    """A dataset as the catalog makes it."""
    return MLflowDataset(
        **{"dataset": "csv", "filepath": filepath, "dataset_name": name, **arguments}
    )


def test_two_names() -> None:
    """They are refused where one of them is saved; who has one of them alone keeps its file."""
    datasets = {
        "a/b": made("a/b", "data/mlflow/a_b.csv"),
        "a_b": made("a_b", "data/mlflow/a_b.csv"),
    }
    for name, dataset in datasets.items():
        check({name: dataset}, {name})
    check(datasets, set())
    message = r"^'a/b' and 'a_b' in the catalog have the same local file, data/mlflow/a_b.csv"
    with pytest.raises(ConfigError, match=message):
        check(datasets, {"a_b"})


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("a_b", made("a_b", "data/mlflow/a_b.json", dataset="json")),
        ("a_b", made("a_b", "data/mine/a_b.csv")),
        ("a_b", made("a/b", "data/mlflow/a_b.csv")),
        ("a/b@pandas", made("a/b", "data/mlflow/a_b.csv")),
        ("A/B", made("A/B", "data/mlflow/A_B.csv")),
        ("chosen", made("chosen", "data/mlflow/a_b.csv")),
        ("a_b", made("a_b", "")),
    ],
)
def test_others(name: str, other: MLflowDataset) -> None:
    """Another kind, a place or a key that was chosen, and two forms of one dataset are right."""
    other.filepath = other.filepath or None
    check({"a/b": made("a/b", "data/mlflow/a_b.csv"), name: other}, {name}, ignores_case=False)


def test_case() -> None:
    """Where the file system ignores case, such names have one file, too."""
    datasets = {name: MLflowModelDataset(None, f"data/mlflow/{name}", name) for name in ("m", "M")}
    check(datasets, {"m"}, ignores_case=False)
    with pytest.raises(ConfigError, match="'M' and 'm' in the catalog"):
        check(datasets, {"m"}, ignores_case=True)


def test_a_pipeline(make_project: Callable[..., Any]) -> None:
    """Also of a dataset factory; it is said before there is a run."""
    nodes = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([node(lambda: ("1", "2"), None, ["a/b", "a_b"], name="make")])
    """
    entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "txt"}
    project = make_project(nodes, catalog={"a_b": entry, "{folder}/{name}": entry})
    with pytest.raises(ConfigError, match="'a/b' and 'a_b' in the catalog have the same"):
        project.session_run()
    assert project.runs() == []
