"""Catalog entries of PipelineX as this plugin writes them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from mlflow_on_kedro.compat.pipelinex.catalog_entries import RULES, translated
from mlflow_on_kedro.datasets.catalog_entries import complete_entry

OURS = "mlflow_on_kedro.MLflowDataset"

# In the form of its README and examples.
CATALOG = """
model:
  type: pipelinex.MLflowDataSet
  dataset: pkl
pred_df:
  type: pipelinex.extras.datasets.mlflow.MLflowDataSet
  dataset: csv
  filepath: data/load/pred.csv
  layer: output
score:
  type: pipelinex.mlflow_on_kedro.datasets.mlflow.mlflow_dataset.MLflowDataSet
  dataset: m
  dataset_name: best_score
report:
  type: pipelinex.MLflowDataSet
  dataset: {type: kedro.extras.datasets.json.JSONDataSet, filepath: data/load/report.json}
ratios:
  type: pipelinex.MLflowDataSet
  dataset: {type: pipelinex.CSVLocalDataSet, filepath: data/load/ratios.csv}
earlier:
  type: MLflowDataSet
  dataset: pkl
  loading_tracking_uri: sqlite:///old.db
  loading_run_id: 0123456789abcdef0123456789abcdef
  caching: false
  copy_mode: assign
  file_caching: false
"{name}_memory":
  type: pipelinex.MLflowDataSet
"""


def change_of(text: str) -> tuple[dict[str, Any], list[str]]:
    """An entry of PipelineX's here, and its notes."""
    change = translated("x", yaml.safe_load(text))
    assert change is not None
    return change.entry, list(change.notes)


def test_mlflow_datasets() -> None:
    """Only the class changes, and what Kedro itself has renamed since; the dataset takes it all."""
    catalog = yaml.safe_load(CATALOG)
    found = {}
    for name, entry in catalog.items():
        change = translated(name, entry)
        assert change is not None
        assert not change.notes
        assert translated(name, change.entry) is None
        found[name] = change.entry
        complete_entry(name, dict(change.entry), lambda: "sqlite:///mlflow.db")
    expected = {name: {**entry, "type": OURS} for name, entry in catalog.items()}
    del expected["pred_df"]["layer"]
    expected["pred_df"]["metadata"] = {"kedro-viz": {"layer": "output"}}
    expected["report"]["dataset"]["type"] = "json.JSONDataset"
    expected["ratios"]["dataset"]["type"] = "pandas.CSVDataset"
    assert found == expected


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            "{type: pipelinex.CSVLocalDataSet, filepath: a.csv, save_args: {index: true}}",
            {"type": "pandas.CSVDataset", "filepath": "a.csv", "save_args": {"index": True}},
        ),
        (
            "{type: CachedDataSet, dataset: {type: pipelinex.MLflowDataSet, dataset: pkl}}",
            {"type": OURS, "dataset": "pkl"},
        ),
        (
            "{type: PartitionedDataSet, path: p, dataset: pipelinex.CSVLocalDataSet}",
            {
                "type": "partitions.PartitionedDataset",
                "path": "p",
                "dataset": "pandas.CSVDataset",
            },
        ),
        (
            (
                "{type: PartitionedDataSet, path: p, dataset: "
                "{type: pipelinex.extras.datasets.pandas.CSVLocalDataSet, load_args: {sep: ;}}}"
            ),
            {
                "type": "partitions.PartitionedDataset",
                "path": "p",
                "dataset": {"type": "pandas.CSVDataset", "load_args": {"sep": ";"}},
            },
        ),
    ],
)
def test_other_datasets(text: str, entry: dict[str, Any]) -> None:
    """A dataset of PipelineX that Kedro has under another name is Kedro's, also inside others."""
    assert change_of(text) == (entry, [])


@pytest.mark.parametrize(
    ("text", "entry", "note"),
    [
        (
            "{type: pipelinex.EfficientCSVLocalDataSet, filepath: a.csv, margin: 9.0}",
            {"type": "pandas.CSVDataset", "filepath": "a.csv"},
            "dtype",
        ),
        (
            "{type: pipelinex.FixedWidthCSVDataSet, filepath: a.csv, num_decimal_places: 3}",
            {"type": "pandas.CSVDataset", "filepath": "a.csv"},
            "float_format",
        ),
        (
            "{type: pipelinex.MLflowDataSet, dataset: {type: my.Set, transforms: [{=: io.B}]}}",
            {"type": OURS, "dataset": {"type": "my.Set", "transforms": [{"=": "io.B"}]}},
            "no objects",
        ),
    ],
)
def test_notes(text: str, entry: dict[str, Any], note: str) -> None:
    """What behaves otherwise than before is said."""
    found, (said,) = change_of(text)
    assert found == entry
    assert said.startswith("'x': ")
    assert note in said


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("{type: pipelinex.APIDataSet, url: http://x}", "api.APIDataset"),
        ("{type: pipelinex.ImagesLocalDataSet, path: p}", "pillow.ImageDataset"),
        ("{type: pipelinex.extras.datasets.pandas.HistgramDataSet, filepath: p}", "figure"),
        ("{type: pipelinex.MLflowDataSet, dataset: {type: pipelinex.APIDataSet}}", "APIDataset"),
        ("{type: pipelinex.MyOwnDataSet}", "one of your own"),
    ],
)
def test_without_counterpart(text: str, todo: str) -> None:
    """What has no counterpart is an error that says what to do instead."""
    with pytest.raises(ValueError, match=f"has no counterpart: .*{todo}"):
        translated("x", yaml.safe_load(text))


def test_others() -> None:
    """An entry without anything of PipelineX is left alone, whatever Kedro has renamed since."""
    for kind in ("pandas.CSVDataSet", "my_pipelinex.MLflowDataSet", "CSVLocalDataSet", OURS):
        assert translated("x", {"type": kind, "filepath": "a.csv"}) is None
    assert translated("x", {}) is None


def test_each_class_has_a_way() -> None:
    """Each class of PipelineX has one here or in Kedro, or a note."""
    assert all(rule.type or rule.note for rule in RULES.values())
