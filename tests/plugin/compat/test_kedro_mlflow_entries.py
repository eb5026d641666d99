"""Catalog entries of kedro-mlflow as this plugin reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow_on_kedro.compat.kedro_mlflow.catalog_entries import RULES, translated
from mlflow_on_kedro.compat.kedro_names import current_type
from mlflow_on_kedro.datasets.catalog_entries import complete_entry

FIELD = sorted((Path(__file__).parent / "field").glob("catalog_*.yml"))

CSV = {"type": "pandas.CSVDataset", "filepath": "data/a.csv"}
PICKLE = {"type": "pickle.PickleDataset", "filepath": "a.pkl"}
IO = "kedro_mlflow.io"


def entry_of(text: str, name: str = "wines") -> dict[str, Any]:
    """An entry here, without its class."""
    change = translated(name, yaml.safe_load(text))
    assert change is not None
    assert not change.notes
    complete_entry(name, dict(change.entry), lambda: "sqlite:///mlflow.db")
    return {key: value for key, value in change.entry.items() if key != "type"}


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
def test_catalogs_of_the_field(path: Path) -> None:
    """Each entry of real projects is one of this plugin's classes, with arguments that it takes."""
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        change = translated(name, entry)
        assert change is not None
        assert change.entry["type"].startswith("mlflow_on_kedro.")
        assert not change.notes
        complete_entry(name, change.entry, lambda: "sqlite:///mlflow.db")


ARTIFACTS = f"""
- {{type: {IO}.artifacts.MlflowArtifactDataset, dataset: DATASET}}
- {{type: {IO}.artifacts.MlflowArtifactDataSet, data_set: DATASET}}
- {{type: {IO}.MlflowDataSet, data_set: DATASET}}
- {{type: {IO}.artifacts.mlflow_artifact_dataset.MlflowArtifactDataset, dataset: DATASET}}
"""


@pytest.mark.parametrize(
    "kind",
    [
        "pandas.CSVDataset",
        "pandas.CSVDataSet",
        "kedro_datasets.pandas.CSVDataSet",
        "kedro.extras.datasets.pandas.CSVDataSet",
    ],
)
def test_spellings(kind: str) -> None:
    """Whatever the version, the entry is the same."""
    text = ARTIFACTS.replace("DATASET", f"{{type: {kind}, filepath: data/a.csv}}")
    for entry in yaml.safe_load(text):
        change = translated("wines", entry)
        assert change is not None
        assert change.entry == {"type": "mlflow_on_kedro.MLflowDataset", "dataset": CSV}


@pytest.mark.parametrize(
    ("kind", "current"),
    [
        ("matplotlib.MatplotlibWriter", "matplotlib.MatplotlibDataset"),
        ("kedro.io.PartitionedDataSet", "partitions.PartitionedDataset"),
        ("PartitionedDataSet", "partitions.PartitionedDataset"),
        ("kedro.io.MemoryDataSet", "MemoryDataset"),
        ("my_package.MyDataSet", "my_package.MyDataSet"),
        ("my_package.io.MyDataSet", "my_package.io.MyDataSet"),
        ("csv", "csv"),
    ],
)
def test_names_of_kedro(kind: str, current: str) -> None:
    """Kedro's own classes get their present names; those of others stay."""
    assert current_type(kind) == current


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            "{type: A, dataset: {type: pickle.PickleDataSet, filepath: a.pkl, versioned: true}}",
            {"dataset": PICKLE, "versioned": True},
        ),
        (
            "{type: A, dataset: {type: pickle.PickleDataSet, filepath: a.pkl, versioned: false}}",
            {"dataset": PICKLE},
        ),
        (
            "{type: A, dataset: {type: pickle.PickleDataSet, filepath: a.pkl, layer: raw}}",
            {"dataset": PICKLE, "metadata": {"kedro-viz": {"layer": "raw"}}},
        ),
        (
            (
                "{type: A, layer: raw, run_id: ab, artifact_path: x, dataset: "
                "{type: pickle.PickleDataSet, filepath: a.pkl}}"
            ),
            {
                "dataset": PICKLE,
                "artifact_path": "x",
                "metadata": {"kedro-viz": {"layer": "raw"}},
                "loading_run_id": "ab",
                "saving_run_id": "ab",
            },
        ),
        (
            "{type: A, data_set: {type: PartitionedDataSet, path: p, dataset: pandas.CSVDataSet}}",
            {
                "dataset": {
                    "type": "partitions.PartitionedDataset",
                    "path": "p",
                    "dataset": "pandas.CSVDataset",
                }
            },
        ),
        ("{type: M, key: f1}", {"dataset": "m", "dataset_name": "f1"}),
        (
            "{type: M, save_args: {mode: append}, load_args: {step: 2}}",
            {"dataset": "m", "load_args": {"step": 2}, "save_args": {"mode": "append"}},
        ),
        (
            "{type: M, save_args: {mode: append, step: 3}}",
            {"dataset": "m", "save_args": {"step": 3}},
        ),
        ("{type: H}", {"dataset": "m", "load_args": {"mode": "list"}}),
        (
            "{type: H, load_args: {mode: dict}, save_args: {mode: history}, run_id: ab}",
            {
                "dataset": "m",
                "load_args": {"mode": "dict"},
                "loading_run_id": "ab",
                "saving_run_id": "ab",
            },
        ),
        ("{type: S}", {"dataset": "m"}),
        ("{type: S, prefix: ''}", {"dataset": "m", "prefix": ""}),
        ("{type: S, prefix: p, layer: null}", {"dataset": "m", "prefix": "p"}),
        (
            "{type: T, flavor: mlflow.sklearn, save_args: {registered_model_name: r}}",
            {"flavor": "sklearn", "name": "model", "save_args": {"registered_model_name": "r"}},
        ),
        (
            "{type: T, flavor: mlflow.pyfunc, pyfunc_workflow: python_model, save_args: {name: x}}",
            {"flavor": "pyfunc", "name": "x"},
        ),
        (
            "{type: T, flavor: my.flavor, artifact_path: a, run_id: ab}",
            {"flavor": "my.flavor", "name": "a", "run_id": "ab"},
        ),
        (
            "{type: T, flavor: mlflow.sklearn, load_args: {model_uri: 'models:/m/1', k: v}}",
            {"flavor": "sklearn", "model_uri": "models:/m/1", "load_args": {"k": "v"}},
        ),
        (
            "{type: L, flavor: mlflow.sklearn, filepath: f, log_args: {a: b}, layer: models}",
            {
                "flavor": "sklearn",
                "filepath": "f",
                "metadata": {"kedro-viz": {"layer": "models"}},
            },
        ),
        ("{type: R, model_name: n}", {"model_uri": "models:/n/latest", "pyfunc": True}),
        (
            "{type: R, model_name: n, stage_or_version: 2, flavor: mlflow.sklearn}",
            {"model_uri": "models:/n/2", "flavor": "sklearn"},
        ),
        (
            "{type: R, model_name: n, alias: best, pyfunc_workflow: python_model}",
            {"model_uri": "models:/n@best", "pyfunc": True},
        ),
        (
            "{type: A, dataset: {type: L, flavor: mlflow.sklearn, filepath: data/models/m}}",
            {"flavor": "sklearn", "filepath": "data/models/m", "name": "m"},
        ),
        (
            (
                "{type: PartitionedDataSet, path: p, filename_suffix: .csv, data_set: "
                "{type: A, artifact_path: x, data_set: {type: pandas.CSVDataSet}}}"
            ),
            {
                "artifact_path": "x",
                "dataset": {
                    "type": "partitions.PartitionedDataset",
                    "path": "p",
                    "filename_suffix": ".csv",
                    "dataset": {"type": "pandas.CSVDataset"},
                },
            },
        ),
        ("{type: CachedDataset, dataset: {type: M}}", {"dataset": "m"}),
    ],
)
def test_arguments(text: str, entry: dict[str, Any]) -> None:
    """Each argument of each class, and datasets inside of others."""
    names = {
        "A": "artifacts.MlflowArtifactDataset",
        "M": "metrics.MlflowMetricDataset",
        "H": "metrics.MlflowMetricHistoryDataset",
        "S": "metrics.MlflowMetricsHistoryDataset",
        "T": "models.MlflowModelTrackingDataset",
        "L": "models.MlflowModelLocalFileSystemDataset",
        "R": "models.MlflowModelRegistryDataset",
    }
    for short, name in names.items():
        text = text.replace(f"type: {short},", f"type: {IO}.{name},")
        text = text.replace(f"type: {short}}}", f"type: {IO}.{name}}}")
    assert entry_of(text) == entry


class TestPrefix:
    """Names of metrics stay as they were."""

    TEXT = f"{{type: {IO}.metrics.MlflowMetricsHistoryDataset}}"

    def test_none_in_the_catalog(self) -> None:
        """kedro-mlflow's hook set the catalog's name, which is the default here, too."""
        assert entry_of(self.TEXT) == {"dataset": "m"}

    def test_none_in_a_dataset_factory(self) -> None:
        """Of which that hook did not know, so the names were bare."""
        assert entry_of(self.TEXT, "{kind}_metrics") == {"dataset": "m", "prefix": ""}


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        (
            {"type": f"{IO}.metrics.MlflowMetricDataset", "save_args": {"timestamp": 3}},
            "'wines': save_args of a metric has no timestamp",
        ),
        (
            {
                "type": f"{IO}.models.MlflowModelSaverDataSet",
                "flavor": "mlflow.sklearn",
                "filepath": "m",
                "versioned": True,
            },
            "'wines' is not versioned: each run in MLflow has its own model",
        ),
        (
            {
                "type": f"{IO}.models.MlflowModelLoggerDataSet",
                "flavor": "mlflow.sklearn",
                "artifact_path": "models/best",
            },
            "'wines': MLflow allows no model name 'models/best': it is 'models_best'",
        ),
    ],
)
def test_notes(entry: dict[str, Any], note: str) -> None:
    """What cannot be translated is said."""
    change = translated("wines", entry)
    assert change is not None
    assert list(change.notes) == [note]
    complete_entry("wines", change.entry, lambda: "sqlite:///mlflow.db")


def test_entries_of_others() -> None:
    """They are left alone, with what is inside of them."""
    partitions = {"type": "partitions.PartitionedDataset", "path": "p", "dataset": dict(CSV)}
    for entry in (CSV, partitions, {"type": "MemoryDataset"}, {"filepath": "x"}):
        assert translated("wines", entry) is None


def test_an_unknown_class() -> None:
    """The message names the nearest one."""
    entry = {"type": f"{IO}.metrics.MlflowMetricDatset"}
    with pytest.raises(ValueError, match="Did you mean 'MlflowMetricDataset'") as raised:
        translated("wines", entry)
    assert all(name in str(raised.value) for name in RULES)
