"""Projects of kedro-mlflow that run as they are, with what was in MLflow before."""

from __future__ import annotations

import copy
import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from kedro.io import DatasetError
from mlflow_on_kedro.config import project
from mlflow_on_kedro.errors import ConfigError

from tests.plugin.migrating import content_of, migrate

FIELD = Path(__file__).parents[1] / "compat" / "field"

# A node for each dataset, which returns what the dataset saves.
PIPELINE = """
import functools
import json
from pathlib import Path

import pandas as pd
from kedro.pipeline import node, pipeline
from matplotlib.figure import Figure
from sklearn.linear_model import LinearRegression

MODEL = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
TABLE = pd.DataFrame({"w3": [1.0, 2.0], "w4": [3.0, 4.0]})
VALUES = {
    "model": MODEL,
    "pickle": {"a": 1},
    "pandas": TABLE,
    "plotly": TABLE,
    "json": {"a": 1},
    "text": "a text",
    "matplotlib": Figure(),
    "some_package": {"a": 1},
    "metric": 0.5,
    "history": [0.5, 0.25],
    "history-dict": {0: 0.5, 2: 0.25},
    "metrics": {"mae": {"step": 0, "value": 0.5}, "rmse": [{"step": 1, "value": 0.25}]},
}


def value_of(kind, options):
    return VALUES[kind]


def create_pipeline():
    kinds = json.loads((Path(__file__).parent / "kinds.json").read_text())
    return pipeline(
        [
            node(functools.partial(value_of, kind), "params:options", name, name=f"make_{name}")
            for name, kind in kinds.items()
        ]
    )
"""


def kind_of(entry: dict[str, Any]) -> str | None:
    """What a dataset saves; None for one that only loads."""
    cls = entry["type"].rpartition(".")[2].replace("DataSet", "Dataset")
    if "Metrics" in cls:
        return "metrics"
    if "MetricHistory" in cls:
        return "history"
    if "Metric" in cls:
        return "metric"
    if "Model" in cls:
        return None if "run_id" in entry or "Registry" in cls else "model"
    inner = entry.get("dataset") or entry.get("data_set")
    return "model" if "kedro_mlflow" in inner["type"] else str(inner["type"]).partition(".")[0]


def one_of_each(catalog: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of a catalog that differ in more than names and files."""
    seen = set()
    for name, entry in catalog.items():
        inner = entry.get("dataset") or entry.get("data_set") or {}
        kind = (entry["type"], *sorted(entry), inner.get("type"), *sorted(inner))
        if kind not in seen:
            seen.add(kind)
            yield name, entry


def apart(entry: dict[str, Any], number: str) -> dict[str, Any]:
    """An entry with names and files that no other catalog of the field has."""
    entry = copy.deepcopy(entry)
    for name in ("key", "prefix"):
        if entry.get(name):
            entry[name] = f"{number}_{entry[name]}"
    for one in (entry, entry.get("dataset"), entry.get("data_set")):
        if one and one.get("filepath"):
            path = PurePosixPath(one["filepath"])
            one["filepath"] = f"data/{number}/{number}_{path.name}"
        if one and one.get("plotly_args"):  # its words were replaced, too
            one["plotly_args"] = {"type": "bar", "fig": {"x": "w3", "y": "w4"}}
        if one and one.get("flavor") in {"mlflow.spark", "mlflow.catboost"}:
            one["flavor"] = "mlflow.sklearn"  # what the tests' environment has
    if entry.get("save_args", {}).get("registered_model_name"):
        entry["save_args"]["registered_model_name"] += f"_{number}"
    return entry


@pytest.fixture
def _some_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of a project's own dataset, under its old spelling."""
    from kedro_datasets.pickle import PickleDataset

    class ModelDataSet(PickleDataset):
        """A dataset of the project's own."""

    module: Any = types.ModuleType("some_package.datasets")
    module.ModelDataSet = ModelDataSet
    monkeypatch.setitem(sys.modules, "some_package", types.ModuleType("some_package"))
    monkeypatch.setitem(sys.modules, "some_package.datasets", module)


@pytest.fixture
def field(make_project: Callable[..., Any]) -> Any:
    """A project with the field's catalogs, and their kinds."""
    catalog = {}
    for path in sorted(FIELD.glob("catalog_*.yml")):
        number = path.stem[-2:]
        for name, entry in one_of_each(yaml.safe_load(path.read_text(encoding="utf-8"))):
            catalog[f"{name}_of_{number}"] = apart(entry, number)
    kinds = {name: kind for name, entry in catalog.items() if (kind := kind_of(entry))}
    made = make_project(
        PIPELINE,
        catalog=catalog,
        parameters={"options": {"a": {"b": 1}}},
        mlflow="server: {mlflow_tracking_uri: 'sqlite:///mlflow.db'}\n"
        "tracking: {experiment: {name: before}}\n",
    )
    made.write(f"src/{made.package}/kinds.json", json.dumps(kinds))
    return made, catalog, kinds


@pytest.mark.usefixtures("_some_package")
def test_catalogs_of_the_field(field: Any, messages: list[str]) -> None:
    """The entries of the field's catalogs save what they mean, all in one run."""
    made, catalog, kinds = field
    made.session_run()
    (run,) = made.runs("before")
    assert run.info.run_name == "__default__"
    assert run.data.params == {"options": "{'a': {'b': 1}}"}
    assert {name for name in run.data.metrics if "time/" not in name} == _metrics(catalog, kinds)
    files = made.artifacts(run.info.run_id)
    assert _artifacts(catalog, kinds) <= files
    models = made.client.search_logged_models([run.info.experiment_id])
    assert len(models) == sum(kind == "model" for kind in kinds.values())
    line = f"conf/base/mlflow.yml and {len(catalog)} catalog entries."
    assert [text for text in messages if "kedro-mlflow" in text] == [
        (
            f"Written for kedro-mlflow, and read as it is: {line} "
            "`kedro mlflow migrate` rewrites it for this plugin."
        )
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("_some_package")
def test_catalogs_of_the_field_migrated(field: Any, messages: list[str]) -> None:
    """After `kedro mlflow migrate` the run has what it had before."""
    made, _, _ = field
    made.session_run()
    (before,) = made.runs("before")
    result = migrate(made, "--yes")
    assert result.exit_code == 0, result.output
    assert "kedro_mlflow" not in (made.root / "conf/base/catalog.yml").read_text(encoding="utf-8")
    messages.clear()
    made.session_run()
    after = next(run for run in made.runs("before") if run.info.run_id != before.info.run_id)
    assert content_of(made, after) == content_of(made, before)
    assert not [text for text in messages if "kedro-mlflow" in text]


def _metrics(catalog: dict[str, Any], kinds: dict[str, str]) -> set[str]:
    """The names of metrics under kedro-mlflow."""
    found = set()
    for name, kind in kinds.items():
        entry = catalog[name]
        if kind in {"metric", "history"}:
            found.add(entry.get("key", name))
        elif kind == "metrics":
            prefix = entry.get("prefix", name)
            found |= {f"{prefix}.{key}" if prefix else key for key in ("mae", "rmse")}
    return found


def _artifacts(catalog: dict[str, Any], kinds: dict[str, str]) -> set[str]:
    """The artifacts under kedro-mlflow, but those whose file two entries have."""
    paths = []
    for name, kind in kinds.items():
        inner = catalog[name].get("dataset") or catalog[name].get("data_set")
        if inner and kind != "model":
            folder = catalog[name].get("artifact_path")
            file = PurePosixPath(inner["filepath"]).name
            paths.append(f"{folder}/{file}" if folder else file)
    return {path for path in paths if paths.count(path) == 1}


SMALL = """
from kedro.pipeline import node, pipeline

def make(options):
    scores = {"mae": {"step": 0, "value": 0.5}}
    return 0.5, scores, [0.5, 0.25], "a report", {"a": "one", "b": "two"}

def read(losses):
    assert losses == [0.5, 0.25]

def create_pipeline():
    return pipeline([
        node(
            make, "params:options", ["f1", "scores", "losses", "report", "parts"], name="make"
        ),
        node(read, "losses", None, name="read"),
    ])
"""
CATALOG = {
    "f1": {"type": "kedro_mlflow.io.metrics.MlflowMetricDataset"},
    "{name}ores": {"type": "kedro_mlflow.io.metrics.MlflowMetricsHistoryDataset"},
    "losses": {"type": "kedro_mlflow.io.metrics.MlflowMetricHistoryDataset"},
    "report": {
        "type": "kedro_mlflow.io.artifacts.MlflowArtifactDataSet",
        "data_set": {
            "type": "text.TextDataSet",
            "filepath": "data/report.txt",
            "versioned": True,
            "layer": "reporting",
        },
    },
    "parts": {
        "type": "PartitionedDataSet",
        "path": "data/parts",
        "filename_suffix": ".txt",
        "data_set": {
            "type": "kedro_mlflow.io.artifacts.MlflowArtifactDataSet",
            "data_set": {"type": "text.TextDataSet"},
        },
    },
}


def test_a_folder_and_missing_credentials(
    make_project: Callable[..., Any], messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What MLflow no longer takes is said, with what happens instead; the run goes on."""
    monkeypatch.setattr("mlflow_on_kedro.config.uri_schemes.mlflow_version", lambda: "3.17.0")
    made = make_project(SMALL, catalog=CATALOG, parameters={"options": 1}, new_store=True)
    made.write("conf/base/mlflow.yml", "run: {tags: {a: b}}\n")
    made.write(
        "conf/local/mlflow.yml",
        """
        mlflow_tracking_uri: mlruns
        credentials: nobody
        experiment: {name: old, create: true}
        hooks: {node: {flatten_dict_params: true}}
        """,
    )
    (made.root / "mlruns").mkdir()
    made.session_run()
    (run,) = made.runs("old")
    metrics = {name for name in run.data.metrics if "time/" not in name}
    assert metrics == {"f1", "mae", "losses"}
    assert run.data.tags["a"] == "b"
    files = {path for path in made.artifacts(run.info.run_id) if path.endswith(".txt")}
    assert files - {"kedro/requirements.txt"} == {"report.txt", "parts/a.txt", "parts/b.txt"}
    assert any("--source mlruns --target sqlite:///mlflow.db" in text for text in messages)
    assert any("'credentials' is 'nobody'" in text for text in messages)


def test_the_later_file_wins(make_project: Callable[..., Any]) -> None:
    """A key of an environment's file wins over the base, under whichever plugin's name."""
    made = make_project(SMALL, mlflow="tracking: {uri: 'http://base'}\nexperiment: {name: base}\n")
    made.write("conf/local/mlflow.yml", "server: {mlflow_tracking_uri: 'http://local'}\n")
    made.write("conf/old/mlflow.yml", "server: {mlflow_tracking_uri: 'http://old'}\n")
    config = project.read(made.context())
    assert (config.tracking.uri, config.experiment.name) == ("http://local", "base")
    made.write("conf/base/mlflow.yml", "server: {mlflow_tracking_uri: 'http://base'}\n")
    made.write("conf/local/mlflow.yml", "tracking: {uri: 'http://local'}\n")
    assert project.read(made.context()).tracking.uri == "http://local"
    assert project.read(made.context("old")).tracking.uri == "http://old"


def test_mistakes(make_project: Callable[..., Any]) -> None:
    """They name the file and the key, or the dataset."""
    made = make_project(SMALL, mlflow="server: {uri: x}\ntracking: {run: {nam: y}}\n")
    with pytest.raises(
        ConfigError, match=r"2 unknown keys:\n.*'server.uri'.*\n.*'tracking.run.nam'"
    ):
        made.context()
    made.write("conf/base/mlflow.yml", "mlflow_tracking_uri: ${uri}\n")
    with pytest.raises(ConfigError, match=r"write \$\{globals:uri\}"):
        made.context()
    made.write("conf/base/mlflow.yml", "")
    made.write("conf/base/catalog.yml", "a: {type: kedro_mlflow.io.Artifact}\n")
    with pytest.raises(ConfigError, match=r"catalog.yml: 'a': kedro-mlflow has no"):
        made.context()


def test_the_context(make_project: Callable[..., Any]) -> None:
    """``context.mlflow`` has kedro-mlflow's names."""
    made = make_project(
        SMALL,
        mlflow="tracking: {experiment: {name: wines}, params: {long_params_strategy: fail}}\n",
    )
    mlflow = made.context().mlflow
    assert mlflow.server.mlflow_tracking_uri == made.uri
    assert mlflow.server.mlflow_registry_uri is None
    assert mlflow.server._mlflow_client.search_experiments()
    assert mlflow.tracking.experiment.name == "wines"
    assert mlflow.tracking.experiment._experiment.name == "wines"
    assert mlflow.tracking.run.id is None
    assert mlflow.tracking.params.dict_params.flatten is False
    assert mlflow.tracking.params.long_params_strategy == "fail"
    assert mlflow.tracking.disable_tracking.pipelines == []
    with pytest.raises(AttributeError, match=r"has no 'tracking.run.nam'"):
        _ = mlflow.tracking.run.nam


def test_saving_to_a_run_id(make_project: Callable[..., Any]) -> None:
    """A model of another run is loaded, never written, which is said before anything runs."""
    model = {"type": "kedro_mlflow.io.models.MlflowModelLoggerDataSet", "flavor": "mlflow.sklearn"}
    made = make_project(
        SMALL, catalog={**CATALOG, "f1": {**model, "run_id": "ab"}}, parameters={"options": 1}
    )
    with pytest.raises((ConfigError, DatasetError), match="'f1'"):
        made.session_run()
