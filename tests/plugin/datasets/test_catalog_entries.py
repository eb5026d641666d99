"""Entries of catalog.yml: what the plugin fills in before Kedro reads them."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.datasets.catalog_entries import complete_entry

URI = "sqlite:////project/mlflow.db"


class TestCompleteEntry:
    """What an MLflow dataset's catalog entry leaves out."""

    @pytest.mark.parametrize(
        ("given", "added"),
        [
            ({"dataset": "pkl"}, {"filepath": "data/mlflow/x.pkl"}),
            ({"dataset": "csv"}, {"filepath": "data/mlflow/x.csv"}),
            ({"dataset": "m"}, {"filepath": "data/mlflow/x.pkl"}),
            (
                {"dataset": {"type": "pandas.ParquetDataset"}},
                {"filepath": "data/mlflow/x.parquet"},
            ),
            ({"dataset": {"type": "pandas.CSVDataset", "filepath": "a.csv"}}, {}),
            ({"dataset": {"type": "partitions.PartitionedDataset", "path": "a"}}, {}),
            ({"dataset": None}, {}),
            ({}, {}),
            ({"dataset": "csv", "filepath": "mine.csv"}, {}),
            ({"dataset": "csv", "loading_run_id": "abc"}, {"loading_tracking_uri": URI}),
            (
                {"dataset": "csv", "loading_run_id": "abc", "loading_tracking_uri": "http://x"},
                {},
            ),
        ],
    )
    @pytest.mark.parametrize("name", ["MLflowDataset", "MLflowDataSet"])
    def test_mlflow_datasets(self, name: str, given: dict[str, Any], added: dict[str, str]) -> None:
        """An entry gets its name and its file; what the user gave stays."""
        entry = {"type": f"mlflow_on_kedro.{name}", **given}
        assert complete_entry("x", dict(entry), lambda: URI) == {
            **entry,
            "dataset_name": "x",
            **added,
        }

    def test_models(self) -> None:
        """A model's folder has its name; one of another run knows where the project tracks."""
        entry = {"type": "mlflow_on_kedro.MLflowModelDataset", "flavor": "sklearn"}
        completed = complete_entry("model", dict(entry), lambda: URI)
        assert completed == {**entry, "dataset_name": "model", "filepath": "data/mlflow/model"}
        other = complete_entry("model", {**entry, "run_id": "abc"}, lambda: URI)
        assert other["tracking_uri"] == URI

    def test_transcoding(self) -> None:
        """Both sides of a transcoded dataset share one name and one file."""
        entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"}
        sides = [complete_entry(name, dict(entry), lambda: URI) for name in ("x@pandas", "x@spark")]
        assert sides[0] == sides[1]
        assert sides[0]["dataset_name"] == "x"

    def test_factories(self) -> None:
        """A factory's placeholders are left for Kedro to fill in."""
        entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "pkl"}
        completed = complete_entry("{name}_model", dict(entry), lambda: URI)
        assert completed["dataset_name"] == "{name}_model"
        assert completed["filepath"] == "data/mlflow/{name}_model.pkl"

    @pytest.mark.parametrize("cls", [MLflowDataset, MLflowModelDataset])
    def test_the_full_type(self, cls: type[Any]) -> None:
        """The type that Kedro writes when a catalog is exported is completed, too."""
        completed = complete_entry(
            "x", {"type": f"{cls.__module__}.{cls.__qualname__}"}, lambda: URI
        )
        assert completed["dataset_name"] == "x"

    @pytest.mark.parametrize(
        "entry",
        [
            {"type": "pandas.CSVDataset", "filepath": "a.csv"},
            {"type": "MemoryDataset"},
            {"type": "my_package.MLflowDataset"},
            {"type": "mlflow.Dataset"},
            {"type": "mlflow_on_kedro.runs.run_dataset.RunDataset"},
            {"dataset": "csv"},
            {},
        ],
    )
    def test_other_datasets(self, entry: dict[str, Any]) -> None:
        """Any other entry stays as it is."""
        assert complete_entry("x", dict(entry), lambda: URI) == entry

    @pytest.mark.parametrize(
        ("kind", "meant"),
        [
            ("mlflow_on_kedro.MLFlowDataset", "MLflowDataset"),
            ("mlflow_on_kedro.MlflowDataset", "MLflowDataset"),
            ("mlflow_on_kedro.mlflowmodeldataset", "MLflowModelDataset"),
            ("mlflow_on_kedro.MLflowDatset", "MLflowDataset"),
            ("mlflow_on_kedro.ModelDataset", "MLflowModelDataset"),
            ("mlflow_on_kedro.io.MLflowDataset", "MLflowDataset"),
            ("mlflow_on_kedro.io.models.MlflowModelTrackingDataset", "MLflowModelDataset"),
            ("mlflow-on-kedro.MLflowDataset", "MLflowDataset"),
            ("MLflow_on_Kedro.MLflowDataset", "MLflowDataset"),
            ("MLflowDataset", "MLflowDataset"),
            ("MLflowModelDataset", "MLflowModelDataset"),
        ],
    )
    def test_another_spelling(self, kind: str, meant: str) -> None:
        """What the plugin has not is answered with the current name of what it has."""
        with pytest.raises(DatasetError, match=rf"Did you mean 'mlflow_on_kedro\.{meant}'\?"):
            complete_entry("x", {"type": kind}, lambda: URI)
