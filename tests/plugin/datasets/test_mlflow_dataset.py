"""MLflowDataset: every kind and argument in pipelines that really run, and used alone."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from kedro.runner import ThreadRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset
from mlflow_on_kedro import ConfigError, MLflowDataSet, MLflowDataset
from mlflow_on_kedro.datasets.extension_names import suffix_of
from mlflow_on_kedro.datasets.extensions import EXTENSIONS

TYPE = "mlflow_on_kedro.MLflowDataset"
KINDS = [kind for kind in EXTENSIONS if kind != "images"]  # a folder: test_images.py

# Every kind in one pipeline: `make_<kind>` returns a value, `use_<kind>` says whether it came back.
ALL_KINDS = """
    from functools import partial

    import pandas as pd
    from kedro.pipeline import node, pipeline
    from matplotlib.figure import Figure
    from mlflow_on_kedro.datasets.extensions import EXTENSIONS
    from PIL import Image
    from plotly import graph_objects as go

    FRAME = pd.DataFrame({"name": ["Zoë", "東京"], "n": [1, 2], "x": [0.5, -1e-9]})
    TEXT = "naïve 東京\\n🍣\\n"
    NESTED = {"train": {"size": 32, "shuffle": True}, "name": "rbf", "empty": {}, "list": [1, "é"]}

    def drawing():
        figure = Figure(figsize=(2, 1), dpi=100)
        figure.subplots().set_title("Fläche")
        return figure

    def same(value, loaded):
        return value.equals(loaded) if isinstance(value, pd.DataFrame) else value == loaded

    def is_drawing(value, loaded):
        return getattr(loaded, "size", None) == (200, 100) or isinstance(loaded, Figure)

    def is_picture(value, loaded):
        return loaded.size == (8, 4)

    def is_svg(value, loaded):
        return isinstance(loaded, Figure) or "</svg>" in loaded

    def is_page(value, loaded):
        return isinstance(loaded, go.Figure) or "<html" in loaded

    def is_plot(value, loaded):
        return loaded == value or loaded.size == (600, 500)

    PAIR = ([0, 1, 1], [0, 1, 0])
    PICTURE = Image.new("RGB", (8, 4), (255, 0, 0))
    CHART = go.Figure(go.Bar(x=[1, 2], y=[3, 4]))
    TABLE = (FRAME, same)
    KINDS = {
        "json": (NESTED, same), "csv": TABLE, "xls": TABLE, "xlsx": TABLE, "parquet": TABLE,
        "pq": TABLE, "feather": TABLE, "jsonl": TABLE, "png": (PICTURE, is_picture),
        "jpg": (PICTURE, is_picture), "jpeg": (PICTURE, is_picture), "img": (drawing(), is_drawing),
        "matplotlib": (drawing(), is_drawing), "svg": (drawing(), is_svg), "html": (CHART, is_page),
        "plotly": (CHART, same), "pkl": (NESTED, same), "pickle": ({1: {2}}, same),
        "yml": (NESTED, same), "yaml": (NESTED, same), "table": TABLE, "dict": (NESTED, same),
        "figure": (drawing(), is_svg), "confusion_matrix": (PAIR, is_plot), "roc": (PAIR, is_plot),
        "precision_recall": (PAIR, is_plot), "calibration": (PAIR, is_plot),
        "residuals": (PAIR, is_plot), "p": ("rbf", same), "m": (0.5, same), "a": (NESTED, same),
        "config": TABLE, "none": (NESTED, same),
    }
    for kind in EXTENSIONS:
        if kind != "images":
            KINDS.setdefault(kind, (TEXT, same))

    def make(kind):
        return KINDS[kind][0]

    def use(kind, loaded):
        value, check = KINDS[kind]
        return bool(check(value, loaded))

    def create_pipeline(**_):
        nodes = []
        for kind in KINDS:
            nodes.append(node(partial(make, kind), None, f"{kind}_data", name=f"make_{kind}"))
            nodes.append(node(partial(use, kind), f"{kind}_data", f"{kind}_ok", name=f"use_{kind}"))
        return pipeline(nodes)
"""

SPECIAL = {"config": {"type": "pandas.ParquetDataset"}, "none": None}

# Chains of nodes around one dataset, `data`, which the catalog of a test describes.
ONE_DATASET = """
    from kedro.pipeline import node, pipeline

    SEEN = []

    def make(value):
        return value

    def use(data):
        SEEN.append(data)
        return repr(data)

    def create_pipeline(**_):
        return pipeline([
            node(make, "params:value", "data", name="make"),
            node(use, "data", "seen", name="use"),
        ])
"""


def catalog_of_all_kinds(**more: Any) -> dict[str, Any]:
    """A catalog with a dataset of every kind."""
    return {
        f"{kind}_data": {"type": TYPE, "dataset": SPECIAL.get(kind, kind), **more}
        for kind in [*KINDS, "p", "m", "a", *SPECIAL]
    }


def seen(project: Any) -> list[Any]:
    """What the node `use` has got so far."""
    return list(importlib.import_module(f"{project.package}.nodes").SEEN)


def loaded(outputs: Any) -> dict[str, Any]:
    """The values of what a session's run returned."""
    return {name: dataset.load() for name, dataset in outputs.items()}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default places are below the test's own folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def one_dataset(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project around one dataset, `data`, and its value."""

    def make(value: Any, mlflow: Any = None, **entry: Any) -> Any:
        return make_project(
            ONE_DATASET,
            catalog={"data": {"type": TYPE, **entry}},
            parameters={"value": value},
            mlflow={"catalog": {"auto": False, "parameters": "none"}, **(mlflow or {})},
        )

    return make


# -- every kind --------------------------------------------------------------------------------


def test_every_kind_in_a_run_in_a_later_one_and_from_mlflow(
    make_project: Callable[..., Any],
) -> None:
    """Each value reaches the next node, a later session, and one that has MLflow only."""
    project = make_project(ALL_KINDS, catalog=catalog_of_all_kinds())
    kinds = [*KINDS, "p", "m", "a", *SPECIAL]
    outputs = loaded(project.session_run())
    assert outputs == {f"{kind}_ok": True for kind in kinds}

    run = project.run
    assert run.info.status == "FINISHED"
    artifacts = {path for path in project.artifacts(run.info.run_id) if "_data" in path}
    assert artifacts == {f"{kind}_data{suffix_of(kind)}" for kind in KINDS} | {
        "config_data.parquet"
    }
    data = run.data
    assert data.params["p_data"] == "rbf"
    assert data.metrics["m_data"] == 0.5
    assert data.metrics["a_data.train.size"] == 32
    assert {key: text for key, text in data.params.items() if key.startswith("a_data")} == {
        "a_data.train.shuffle": "True",
        "a_data.name": "rbf",
        "a_data.empty": "{}",
        "a_data.list": "[1, 'é']",
    }
    assert not {key for key in [*data.params, *data.metrics] if key.startswith("none_data")}
    files = {path.name for path in (project.root / "data" / "mlflow").iterdir()}
    assert artifacts <= files

    lasting = [kind for kind in kinds if kind != "none"]
    users = [f"use_{kind}" for kind in lasting]
    assert loaded(project.session_run(node_names=users)) == {f"{kind}_ok": True for kind in lasting}

    shutil.rmtree(project.root / "data")
    from_run = yaml.safe_dump(catalog_of_all_kinds(loading_run_id=run.info.run_id))
    project.write("conf/reload/catalog.yml", from_run)
    again = loaded(project.session_run(node_names=users, env="reload"))
    assert again == {f"{kind}_ok": True for kind in lasting}
    assert not (project.root / "data").exists()


def test_every_kind_in_parallel_processes(make_project: Callable[..., Any]) -> None:
    """With ParallelRunner each value reaches a node in another process, and MLflow."""
    catalog = catalog_of_all_kinds()
    del catalog["none_data"]  # what is in memory only reaches no other process, as in Kedro
    project = make_project(
        ALL_KINDS.replace('"config": TABLE, "none": (NESTED, same),', '"config": TABLE,'),
        catalog={**catalog, "{kind}_ok": {"type": "json.JSONDataset", "filepath": "{kind}.json"}},
        # No other hook may be needed to deliver what the datasets log.
        mlflow={"time": {"enabled": False}, "catalog": {"enabled": False}},
    )
    result = project.kedro("run", "--runner", "ParallelRunner")
    assert result.returncode == 0, result.stderr + result.stdout
    kinds = [*KINDS, "p", "m", "a", "config"]
    answers = {kind: (project.root / f"{kind}.json").read_text() for kind in kinds}
    assert answers == dict.fromkeys(kinds, "true")
    run = project.run
    assert {path for path in project.artifacts(run.info.run_id) if "_data" in path} == {
        f"{kind}_data{suffix_of(kind)}" for kind in KINDS
    } | {"config_data.parquet"}
    assert run.data.params["p_data"] == "rbf"
    assert run.data.params["a_data.name"] == "rbf"
    assert run.data.metrics["m_data"] == 0.5
    assert run.data.metrics["a_data.train.size"] == 32


@pytest.mark.parametrize("arguments", [{}, {"caching": False}], ids=["caching", "no caching"])
@pytest.mark.parametrize("how", [{"runner": ThreadRunner(max_workers=2)}, {"is_async": True}])
def test_threads(
    one_dataset: Callable[..., Any], how: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """ThreadRunner and asynchronous loading and saving give the node its value."""
    project = one_dataset({"f1": 0.5}, dataset="m", **arguments)
    if "is_async" in how:
        from kedro.runner import SequentialRunner

        how = {"runner": SequentialRunner(is_async=True)}
    project.session_run(**how)
    assert seen(project) == [{"f1": 0.5}]
    assert project.run.data.metrics["data.f1"] == 0.5


def test_a_dataset_object_is_the_backend(make_project: Callable[..., Any]) -> None:
    """A Kedro dataset made in Python stores the value where it wants, and that file is logged."""
    settings = """
        from kedro_datasets.json import JSONDataset
        from mlflow_on_kedro import AddCatalogDictHook, MLflowDataset, mlflow_hooks

        BACKEND = JSONDataset(filepath="kept/here.json")
        HOOKS = (*mlflow_hooks(), AddCatalogDictHook({"data": MLflowDataset(dataset=BACKEND)}))
    """
    project = make_project(ONE_DATASET, parameters={"value": [1, "é"]}, settings=settings)
    project.session_run()
    assert (project.root / "kept" / "here.json").exists()
    run_id = project.run.info.run_id
    assert "here.json" in project.artifacts(run_id)
    reader = MLflowDataset(
        dataset=JSONDataset(filepath="elsewhere/here.json"),
        dataset_name="data",
        loading_run_id=run_id,
        loading_tracking_uri=project.uri,
    )
    assert reader.load() == [1, "é"]
    assert not (project.root / "elsewhere").exists()


def test_unknown_kind_lists_the_known_ones() -> None:
    """The nearest known extension comes first."""
    with pytest.raises(DatasetError, match=r"'cvs' is not a known extension.*first: csv"):
        MLflowDataset(dataset="cvs")


def test_wrong_value_for_m_fails_the_node_with_a_clear_message(
    one_dataset: Callable[..., Any],
) -> None:
    """A text for `dataset: m` stops the pipeline, names the dataset, and writes no file."""
    project = one_dataset("high", dataset="m")
    with pytest.raises(DatasetError, match=r"'data' is saved with `dataset: m`.*it is a str"):
        project.session_run()
    assert not (project.root / "data").exists()
    assert project.run.info.status == "FAILED"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("a", {"a": {"b": [1, {"c": None}]}, "é": {}, "": ""}),
        ("a", []),
        ("p", {"nested": {"list": [1, 2]}}),
        ("p", ""),
        ("m", {"loss": [1.0, 0.5], "acc": {"top 1": 0.5}}),
        ("m", []),
    ],
)
def test_file_gives_back_exactly_what_was_saved(
    one_dataset: Callable[..., Any], kind: str, value: Any
) -> None:
    """`p`, `m` and `a` have a local file too, from which a later session loads the very value."""
    project = one_dataset(value, dataset=kind)
    project.session_run()
    project.session_run(from_nodes=["use"])
    assert seen(project) == [value, value]


# -- where the file is -------------------------------------------------------------------------


def test_default_place_is_in_the_project_whatever_the_current_folder(
    one_dataset: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """data/mlflow/<name>.<extension> below the root, and nothing where the user stands."""
    project = one_dataset(3, dataset="json")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    project.session_run()
    assert (project.root / "data" / "mlflow" / "data.json").read_text() == "3"
    assert not list(elsewhere.iterdir())


def test_given_place_is_used(one_dataset: Callable[..., Any]) -> None:
    """A relative `filepath` counts from the root; the artifact has the file's name."""
    project = one_dataset(3, dataset="json", filepath="data/06_models/best.json")
    project.session_run()
    assert (project.root / "data" / "06_models" / "best.json").exists()
    assert not (project.root / "data" / "mlflow" / "data.json").exists()
    assert "best.json" in project.artifacts(project.run.info.run_id)


def test_pathlib_place_and_given_name(tmp_path: Path, store_uri: str, client: Any) -> None:
    """`filepath` may be a Path, and `dataset_name` is the name in MLflow."""
    mlflow.set_tracking_uri(store_uri)
    dataset = MLflowDataset("m", tmp_path / "x.pkl", "accuracy")
    with mlflow.start_run(experiment_id="0") as run:
        dataset.save(0.5)
    assert (tmp_path / "x.pkl").exists()
    assert client.get_run(run.info.run_id).data.metrics == {"accuracy": 0.5}


def test_name_in_mlflow(one_dataset: Callable[..., Any]) -> None:
    """`dataset_name` names the metric and, with the default place, the file."""
    project = one_dataset(0.5, dataset="m", dataset_name="accuracy")
    project.session_run()
    assert project.run.data.metrics["accuracy"] == 0.5
    assert (project.root / "data" / "mlflow" / "accuracy.pkl").exists()


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"artifact_path": "models/best"}, "models/best/data.json"),
        ({"artifact_path": "数据//x/"}, "数据/x/data.json"),
        ({}, "data.json"),
    ],
)
def test_artifact_path_is_a_folder_among_the_artifacts(
    one_dataset: Callable[..., Any], arguments: dict[str, str], path: str
) -> None:
    """What is logged there loads back from there."""
    project = one_dataset([1], dataset="json", **arguments)
    project.session_run()
    run_id = project.run.info.run_id
    assert path in project.artifacts(run_id)
    reader = MLflowDataset(
        "json",
        dataset_name="data",
        loading_run_id=run_id,
        loading_tracking_uri=project.uri,
        **arguments,
    )
    assert reader.load() == [1]


# -- saving elsewhere --------------------------------------------------------------------------


def test_saving_elsewhere_leaves_the_pipelines_own_run_whole(
    make_project: Callable[..., Any],
    store_template: Path,
    client_of: Callable[[str], Any],
    tmp_path: Path,
) -> None:
    """Several datasets share one FINISHED run on another server; the own run has all the rest."""
    other = tmp_path / "other.db"
    shutil.copy(store_template, other)
    elsewhere = {
        "saving_tracking_uri": f"sqlite:///{other.as_posix()}",
        "saving_experiment_name": "shared",
    }
    project = make_project(
        """
        from kedro.pipeline import node, pipeline

        def one(): return 0.5
        def two(x): return {"x": x}
        def three(x): return [x]
        def four(x): return 0.75

        def create_pipeline(**_):
            return pipeline([
                node(one, None, "score"), node(two, "score", "report"),
                node(three, "report", "model"), node(four, "model", "own"),
            ])
        """,
        catalog={
            "score": {"type": TYPE, "dataset": "m", **elsewhere},
            "report": {"type": TYPE, "dataset": "a", **elsewhere},
            "model": {"type": TYPE, "dataset": "json", "artifact_path": "m", **elsewhere},
            "own": {"type": TYPE, "dataset": "m"},
        },
    )
    project.session_run()
    own = project.run
    assert own.info.status == "FINISHED"
    assert own.data.metrics["own"] == 0.75
    assert "system/time/pipeline" in own.data.metrics
    assert not {"score", "report.x"} & own.data.metrics.keys()
    assert project.artifacts(own.info.run_id) == {"gantt.html", "kedro/timeline.json"}

    client = client_of(elsewhere["saving_tracking_uri"])
    (there,) = client.search_runs([client.get_experiment_by_name("shared").experiment_id])
    assert there.info.status == "FINISHED"
    assert there.data.metrics == {"score": 0.5, "report.x": 0.5}
    assert [item.path for item in client.list_artifacts(there.info.run_id, "m")] == ["m/model.json"]


def test_saving_run_id_adds_to_that_run(one_dataset: Callable[..., Any]) -> None:
    """A given run of the same store gets the value; the pipeline's own run does not."""
    project = one_dataset(0.5, dataset="m")
    target = project.client.create_run("0").info.run_id
    project.write(
        "conf/base/catalog.yml",
        yaml.safe_dump({"data": {"type": TYPE, "dataset": "m", "saving_run_id": target}}),
    )
    project.session_run()
    assert project.client.get_run(target).data.metrics == {"data": 0.5}
    assert "data" not in project.run.data.metrics
    assert project.run.info.status == "FINISHED"


def test_wrong_saving_run_id_says_what_is_wrong(one_dataset: Callable[..., Any]) -> None:
    """The pipeline stops with a message that names dataset, store and id."""
    project = one_dataset(0.5, dataset="m", saving_run_id="nosuchrun")
    with pytest.raises(DatasetError, match=r"'data': MLflow at .* has no run 'nosuchrun'"):
        project.session_run()


# -- loading from a run ------------------------------------------------------------------------


@pytest.fixture
def saved_run(client: Any, tmp_path: Path) -> str:
    """A run with an artifact data.json, a metric and a parameter of that name."""
    experiment = client.create_experiment("x", artifact_location=(tmp_path / "art").as_uri())
    run_id = str(client.create_run(experiment).info.run_id)
    client.log_text(run_id, "[1, 2]", "data.json")
    client.log_text(run_id, '["deep"]', "deep/er/data.json")
    client.log_metric(run_id, "data", 0.5)
    client.log_param(run_id, "data", "rbf")
    return run_id


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"dataset": "json"}, [1, 2]),
        ({"dataset": "json", "artifact_path": "deep/er"}, ["deep"]),
        ({"dataset": "m"}, 0.5),
        ({"dataset": "p"}, "rbf"),
        ({"dataset": {"type": "json.JSONDataset"}}, [1, 2]),
        ({"dataset": {"type": "json.JSONDataset", "filepath": "x/data.json"}}, [1, 2]),
    ],
    ids=str,
)
def test_loading_run_id_in_a_pipeline(
    make_project: Callable[..., Any],
    saved_run: str,
    store_uri: str,
    arguments: dict[str, Any],
    value: Any,
) -> None:
    """A run on another server is read; the project's own files stay as they are."""
    entry = {
        "type": TYPE,
        "loading_run_id": saved_run,
        "loading_tracking_uri": store_uri,
        **arguments,
    }
    project = make_project(ONE_DATASET, catalog={"data": entry})
    mine = project.write("data/mlflow/data.json", "mine")
    project.session_run(node_names=["use"])
    assert seen(project) == [value]
    assert mine.read_text() == "mine"
    # The project's own run is on its own server, and took nothing from the other.
    assert project.run.info.status == "FINISHED"


def test_loading_makes_missing_folders_and_keeps_to_its_own(
    saved_run: str, store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is downloaded is below .mlflow_on_kedro/downloads/<run id> only."""
    root = tmp_path / "fresh"
    root.mkdir()
    monkeypatch.chdir(root)
    dataset = MLflowDataset(
        "json", dataset_name="data", loading_run_id=saved_run, loading_tracking_uri=store_uri
    )
    assert dataset.load() == [1, 2]
    files = {path.relative_to(root).as_posix() for path in root.rglob("*.json")}
    assert files == {f".mlflow_on_kedro/downloads/{saved_run}/data.json"}


def test_loading_with_a_given_file_prefers_the_file_unless_told_otherwise(
    saved_run: str, store_uri: str, tmp_path: Path
) -> None:
    """`file_caching` decides between a file at `filepath` and MLflow; the file is never changed."""
    file = tmp_path / "data.json"
    file.write_text('"local"')
    arguments = {"loading_run_id": saved_run, "loading_tracking_uri": store_uri}
    assert MLflowDataset("json", file, "data", **arguments).load() == "local"
    assert MLflowDataset("json", file, "data", file_caching=False, **arguments).load() == [1, 2]
    assert file.read_text() == '"local"'
    file.unlink()
    assert MLflowDataset("json", file, "data", **arguments).load() == [1, 2]
    assert not file.exists()


def test_file_caching_decides_whether_a_download_is_reused(
    saved_run: str, store_uri: str, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it a run is asked once; without it always."""
    monkeypatch.chdir(tmp_path)

    def load(*, file_caching: bool) -> Any:
        return MLflowDataset(
            "json",
            dataset_name="data",
            loading_run_id=saved_run,
            loading_tracking_uri=store_uri,
            file_caching=file_caching,
        ).load()

    assert load(file_caching=True) == [1, 2]
    client.log_text(saved_run, "[3]", "data.json")
    assert load(file_caching=True) == [1, 2]
    assert load(file_caching=False) == [3]


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("json", r"Run {id} in MLflow at {uri} gave no artifact 'nothing.json'"),
        ("m", r"Run {id} in MLflow at {uri} has no metric 'nothing'"),
        ("p", r"Run {id} in MLflow at {uri} has no parameter 'nothing'"),
        ("a", r"Run {id} in MLflow at {uri} has no value 'nothing'"),
    ],
)
def test_missing_value_is_said(saved_run: str, store_uri: str, dataset: str, message: str) -> None:
    """The message names the run, the store and what is missing there."""
    reader = MLflowDataset(
        dataset,
        dataset_name="nothing",
        loading_run_id=saved_run,
        loading_tracking_uri=store_uri,
    )
    with pytest.raises(DatasetError, match=message.format(id=saved_run, uri=store_uri)):
        reader.load()


@pytest.mark.parametrize(
    ("dataset", "missing"),
    [
        ("json", "data/mlflow/data.json"),
        ("m", "data/mlflow/data.pkl"),
        ({"type": "json.JSONDataset", "filepath": "data/x.json"}, "data/x.json"),
        ({"type": "json.JSONDataset", "filepath": "x.json", "versioned": True}, "any versions"),
    ],
)
def test_missing_file_is_said_with_where_else_to_get_it(dataset: Any, missing: str) -> None:
    """Without a run, the message names the file and `loading_run_id`."""
    with pytest.raises(DatasetError, match=rf"(?s){missing}.*id as `loading_run_id`"):
        MLflowDataset(dataset, dataset_name="data").load()


@pytest.mark.parametrize("dataset", ["json", "m"])
def test_value_that_this_run_lacks_is_said_with_where_else_to_get_it(
    one_dataset: Callable[..., Any], dataset: str
) -> None:
    """In a run that has not saved the value, the message names `loading_run_id` too."""
    project = one_dataset([1], dataset=dataset)
    with pytest.raises(DatasetError, match=r"Run .* no .*data.*id as `loading_run_id`"):
        project.session_run(from_nodes=["use"])


def test_unreadable_file_is_no_missing_one(tmp_path: Path) -> None:
    """A file that is there and cannot be read leads to no advice on other runs."""
    path = tmp_path / "x.json"
    path.write_text("{")
    with pytest.raises(DatasetError, match="Expecting") as caught:
        MLflowDataset("json", path, file_caching=False).load()
    assert "loading_run_id" not in str(caught.value)


@pytest.mark.parametrize("dataset", ["json", "m", "p", "a"])
def test_wrong_run_id_is_said(store_uri: str, dataset: str) -> None:
    """The message names the run and the store."""
    reader = MLflowDataset(
        dataset, dataset_name="x", loading_run_id="nosuchrun", loading_tracking_uri=store_uri
    )
    with pytest.raises(DatasetError, match=rf"[Rr]un nosuchrun in MLflow at {store_uri}"):
        reader.load()


def test_value_is_loaded_from_the_run_when_there_is_neither_memory_nor_file(
    one_dataset: Callable[..., Any],
) -> None:
    """`caching` and `file_caching` off: the next node gets what MLflow holds already."""
    project = one_dataset({"a": 1}, dataset="a", caching=False, file_caching=False)
    project.session_run()
    assert seen(project) == [{"a": 1}]


# -- caching -----------------------------------------------------------------------------------


def test_caching_gives_the_next_node_the_value_in_memory(one_dataset: Callable[..., Any]) -> None:
    """With it a tuple stays a tuple; without it JSON has made a list of it."""
    make_tuple = ONE_DATASET.replace("return value", "return tuple(value)")
    for caching, expected in ((True, (1, 2)), (False, [1, 2])):
        project = one_dataset([1, 2], dataset="json", caching=caching)
        project.write(f"src/{project.package}/nodes.py", make_tuple)
        project.session_run()
        assert seen(project) == [expected]


@pytest.mark.parametrize(("copy_mode", "same"), [("assign", True), ("copy", False), (None, False)])
def test_copy_mode(tmp_path: Path, copy_mode: str | None, same: bool) -> None:
    """`assign` hands out the very object; otherwise a copy, as with Kedro's MemoryDataset."""
    dataset = MLflowDataset("pkl", tmp_path / "x.pkl", copy_mode=copy_mode)
    value = {"a": [1]}
    dataset.save(value)
    assert dataset.load() == value
    assert (dataset.load() is value) is same


def test_wrong_copy_mode_is_refused_at_once() -> None:
    """The message lists the modes."""
    with pytest.raises(Exception, match="must be one of assign, copy, deepcopy: 'shallow'"):
        MLflowDataset("pkl", copy_mode="shallow")


def test_none_is_in_memory_only(one_dataset: Callable[..., Any]) -> None:
    """`dataset: null` hands the value on and writes and logs nothing."""
    project = one_dataset({"x": 1}, dataset=None)
    project.session_run()
    assert seen(project) == [{"x": 1}]
    assert not (project.root / "data").exists()
    assert not [key for key in project.run.data.metrics if key.startswith("data")]
    with pytest.raises(DatasetError, match=r"'data' was not saved yet in this process"):
        project.session_run(from_nodes=["use"])


# -- the backend's arguments -------------------------------------------------------------------


def test_arguments_of_the_backend(make_project: Callable[..., Any]) -> None:
    """`load_args`, `save_args`, `fs_args` and `metadata` beside an extension reach the backend."""
    project = make_project(
        """
        import pandas as pd
        from kedro.pipeline import node, pipeline

        SEEN = []

        def make(): return pd.DataFrame({"a": [1, 2]}, index=["x", "ü"])
        def use(data): SEEN.append(data)

        def create_pipeline(**_):
            return pipeline([node(make, None, "data"), node(use, "data", None)])
        """,
        catalog={
            "data": {
                "type": TYPE,
                "dataset": "csv",
                "caching": False,
                "save_args": {"index": True, "sep": ";"},
                "load_args": {"index_col": 0, "sep": ";"},
                "fs_args": {"auto_mkdir": True},
                "metadata": {"kedro-viz": {"layer": "raw"}},
            }
        },
    )
    project.session_run()
    assert (project.root / "data/mlflow/data.csv").read_text("utf-8") == ";a\nx;1\nü;2\n"
    (frame,) = seen(project)
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"a": [1, 2]}, index=["x", "ü"]))
    assert project.context().catalog["data"].metadata == {"kedro-viz": {"layer": "raw"}}


def test_unknown_argument_of_the_backend_is_refused(one_dataset: Callable[..., Any]) -> None:
    """A wrong argument in a dict backend names the class and what it takes."""
    project = one_dataset(1, dataset={"type": "json.JSONDataset", "indent": 2})
    with pytest.raises(ConfigError, match="JSONDataset does not take indent"):
        project.session_run()


def test_credentials_reach_the_backend_and_nothing_else(make_project: Callable[..., Any]) -> None:
    """Credentials of conf/local are resolved, used, and in no description nor in MLflow."""
    project = make_project(
        ONE_DATASET,
        catalog={
            "data": {
                "type": TYPE,
                "dataset": "json",
                "filepath": "memory://bucket/data.json",
                "credentials": "bucket",
                "caching": False,
            }
        },
        parameters={"value": [1]},
    )
    project.write("conf/local/credentials.yml", "bucket: {token: hunter2}")
    project.session_run()
    assert seen(project) == [[1]]
    dataset = project.context().catalog["data"]
    assert dataset._backend.file()._fs.storage_options == {"token": "hunter2"}
    assert "hunter2" not in repr(dataset) + str(dataset._describe())
    store = (project.root / "mlflow.db").read_bytes()
    assert b"hunter2" not in store


def test_remote_file_is_not_logged_and_that_is_said(
    store_uri: str, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A backend without a local file gives one warning that names the dataset."""
    run_id = client.create_run("0").info.run_id
    dataset = MLflowDataset(
        "json",
        "memory://bucket/said.json",
        "remote",
        saving_tracking_uri=store_uri,
        saving_run_id=run_id,
    )
    dataset.save([1])
    messages = [item.getMessage() for item in caplog.records if item.levelname == "WARNING"]
    assert messages == ["'remote' has no local file, so it is not logged to MLflow."]


def test_versioned_backend_logs_the_version_just_written(one_dataset: Callable[..., Any]) -> None:
    """`versioned: true` keeps a file a run, and each run has its own as its artifact."""
    project = one_dataset("first", dataset="json", versioned=True, caching=False)
    project.session_run()
    project.write("conf/base/parameters.yml", "value: second")
    project.session_run()
    assert seen(project) == ["first", "second"]
    folders = sorted((project.root / "data/mlflow/data.json").iterdir())
    assert len(folders) == 2
    values = []
    for run in reversed(project.runs()):
        reader = MLflowDataset(
            "json",
            dataset_name="data",
            loading_run_id=run.info.run_id,
            loading_tracking_uri=project.uri,
        )
        values.append(reader.load())
        assert run.data.tags["kedro.run_id"] in {folder.name for folder in folders}
    assert values == ["first", "second"]
    project.session_run(from_nodes=["use"], load_versions={"data": folders[0].name})
    assert seen(project)[-1] == "first"


@pytest.mark.parametrize(
    "dataset",
    [{"type": "json.JSONDataset", "versioned": True}, {"type": "kedro_datasets.json.JSONDataset"}],
)
def test_dict_backend(one_dataset: Callable[..., Any], dataset: dict[str, Any]) -> None:
    """A dict in catalog form stores the value in the default place; it may be versioned."""
    project = one_dataset([1], dataset=dataset, caching=False)
    project.session_run()
    assert seen(project) == [[1]]
    assert (project.root / "data/mlflow/data.json").exists()
    assert "data.json" in project.artifacts(project.run.info.run_id)


def test_folder_backend_logs_what_this_run_wrote(make_project: Callable[..., Any]) -> None:
    """A partitioned dataset is a folder among the artifacts, without what earlier runs left."""
    project = make_project(
        """
        import os
        import pandas as pd
        from kedro.pipeline import node, pipeline

        SEEN = []

        def make(names): return {name: pd.DataFrame({"a": [1]}) for name in names}
        def use(data): SEEN.append(sorted(data))

        def create_pipeline(**_):
            return pipeline([
                node(make, "params:names", "parts", name="make"),
                node(use, "parts", None, name="use"),
            ])
        """,
        catalog={
            "parts": {
                "type": TYPE,
                "caching": False,
                "dataset": {
                    "type": "partitions.PartitionedDataset",
                    "dataset": "pandas.CSVDataset",
                    "filename_suffix": ".csv",
                },
            }
        },
        parameters={"names": ["a", "deep/b"]},
    )
    project.session_run()
    first = project.run.info.run_id
    others = {"gantt.html", "kedro/timeline.json"}
    logged = project.artifacts(first) - others
    assert logged == {"parts/a.csv", "parts/deep/b.csv"}

    project.write("conf/base/parameters.yml", "names: [a, deep/c]")
    project.session_run()
    assert seen(project)[-1] == ["a", "deep/b", "deep/c"]
    second = project.runs()[0].info.run_id
    logged = project.artifacts(second) - others
    assert logged == {"parts/a.csv", "parts/deep/c.csv"}

    entry = yaml.safe_load((project.root / "conf/base/catalog.yml").read_text())["parts"]
    project.write(
        "conf/reload/catalog.yml",
        yaml.safe_dump({"parts": {**entry, "loading_run_id": second}}),
    )
    project.session_run(node_names=["use"], env="reload")
    assert seen(project)[-1] == ["a", "deep/c"]


def test_incremental_backend_is_confirmed(make_project: Callable[..., Any]) -> None:
    """`confirms` of a node reaches the backend: what one run has processed the next one skips."""
    project = make_project(
        """
        from kedro.pipeline import node, pipeline

        SEEN = []

        def use(parts): SEEN.append(sorted(parts))

        def create_pipeline(**_):
            return pipeline([node(use, "parts", None, name="use", confirms="parts")])
        """,
        catalog={
            "parts": {
                "type": TYPE,
                "dataset": {
                    "type": "partitions.IncrementalDataset",
                    "path": "data/parts",
                    "dataset": "text.TextDataset",
                },
            }
        },
    )
    for name in ("a", "b"):
        project.write(f"data/parts/{name}", name)
        project.session_run()
    assert seen(project) == [["a"], ["b"]]


def test_confirming_what_cannot_be_confirmed() -> None:
    """The message names the dataset, as Kedro's own does."""
    with pytest.raises(DatasetError, match="'score' has nothing to confirm"):
        MLflowDataset(dataset="m", dataset_name="score").confirm()


# -- Kedro's ways of naming datasets -----------------------------------------------------------


def test_dataset_factory(make_project: Callable[..., Any]) -> None:
    """A pattern gives each dataset its own name, file and metric, in a run and in a notebook."""
    project = make_project(
        """
        from kedro.pipeline import node, pipeline

        def one(): return 0.5
        def use(*_): pass

        def create_pipeline(**_):
            return pipeline([
                node(one, None, "a_score", name="a"), node(one, None, "b_score", name="b"),
                node(one, None, "evil/../../../../x_score", name="x"), node(one, None, "a#csv"),
                node(use, ["a_score", "b_score"], None, name="use"),
            ])
        """,
        catalog={
            "{name}_score": {"type": TYPE, "dataset": "m"},
            "{name}#csv": {"type": TYPE, "dataset": "json"},
        },
    )
    project.session_run()
    metrics = project.run.data.metrics
    assert (metrics["a_score"], metrics["b_score"]) == (0.5, 0.5)
    files = {path.name for path in (project.root / "data" / "mlflow").iterdir()}
    assert files == {
        "a_score.pkl",
        "b_score.pkl",
        "evil_.._.._.._.._x_score.pkl",
        "a_csv.json",
    }
    assert "a_csv.json" in project.artifacts(project.run.info.run_id)
    assert not list(project.root.parent.glob("*.pkl"))
    catalog = project.context().catalog
    assert catalog.load("b_score") == 0.5


def test_transcoding(make_project: Callable[..., Any]) -> None:
    """Both sides of `table@…` share one file and one name in MLflow."""
    project = make_project(
        """
        import pandas as pd
        from kedro.pipeline import node, pipeline

        SEEN = []

        def make(): return pd.DataFrame({"a": [1]})
        def use(text): SEEN.append(text)

        def create_pipeline(**_):
            return pipeline([node(make, None, "table@pandas"), node(use, "table@text", None)])
        """,
        catalog={
            "table@pandas": {"type": TYPE, "dataset": "csv"},
            "table@text": {
                "type": TYPE,
                "dataset": {"type": "text.TextDataset"},
                "filepath": "data/mlflow/table.csv",
            },
        },
    )
    project.session_run()
    assert seen(project) == ["a\n1\n"]
    assert "table.csv" in project.artifacts(project.run.info.run_id)


def test_namespaced_dataset(make_project: Callable[..., Any]) -> None:
    """`ns.data` keeps its full name in MLflow and on disk."""
    project = make_project(
        """
        from kedro.pipeline import node, pipeline

        def make(): return 0.5

        def create_pipeline(**_):
            nodes = [node(make, None, "score"), node(make, None, "file")]
            return pipeline(nodes, namespace="ns")
        """,
        catalog={
            "ns.score": {"type": TYPE, "dataset": "m"},
            "ns.file": {"type": TYPE, "dataset": "json"},
        },
    )
    project.session_run()
    assert project.run.data.metrics["ns.score"] == 0.5
    assert "ns.file.json" in project.artifacts(project.run.info.run_id)


def test_generator_node(make_project: Callable[..., Any]) -> None:
    """Chunks are appended to one file; the next node and MLflow get all of it."""
    project = make_project(
        """
        import pandas as pd
        from kedro.pipeline import node, pipeline

        SEEN = []

        def make():
            for number in range(3):
                yield pd.DataFrame({"a": [number]})

        def use(data): SEEN.append(data["a"].tolist())

        def create_pipeline(**_):
            return pipeline([node(make, None, "data"), node(use, "data", None)])
        """,
        catalog={
            "data": {
                "type": TYPE,
                "dataset": "csv",
                "save_args": {"header": False},
                "fs_args": {"open_args_save": {"mode": "a"}},
                "load_args": {"names": ["a"]},
            }
        },
    )
    project.session_run()
    assert seen(project) == [[0, 1, 2]]
    run_id = project.run.info.run_id
    path = project.client.download_artifacts(run_id, "data.csv", str(project.root))
    assert Path(path).read_text() == "0\n1\n2\n"


# -- long parameters ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "param", "tag", "artifact"),
    [
        ({}, 6000, None, None),
        ({"max_length": 10}, 10, None, None),
        ({"too_long": "tag"}, None, 7000, None),
        ({"too_long": "artifact"}, 32, None, "params/data.txt"),
        ({"too_long": "artifact", "max_length": 9000}, 32, None, "params/data.txt"),
    ],
)
def test_too_long_of_a_dataset(
    one_dataset: Callable[..., Any],
    entry: dict[str, Any],
    param: int | None,
    tag: int | None,
    artifact: str | None,
) -> None:
    """`too_long` and `max_length` of a dataset win over those of mlflow.yml."""
    project = one_dataset("x" * 7000, dataset="p", mlflow={"params": {}}, **entry)
    project.session_run()
    run = project.run
    assert len(run.data.params.get("data", "")) == (param or 0)
    assert len(run.data.tags.get("data", "")) == (tag or 0)
    assert artifact is None or artifact in project.artifacts(run.info.run_id)
    assert seen(project) == ["x" * 7000]


def test_too_long_of_the_project(one_dataset: Callable[..., Any]) -> None:
    """Without its own, mlflow.yml's `params` hold; `error` stops the pipeline."""
    project = one_dataset("x" * 7000, mlflow={"params": {"too_long": "error"}}, dataset="p")
    with pytest.raises(Exception, match="Parameter 'data' is 7000 characters long"):
        project.session_run()


def test_wrong_too_long_is_refused_at_once() -> None:
    """The message lists the ways."""
    with pytest.raises(Exception, match="must be one of truncate, tag, artifact, error: 'cut'"):
        MLflowDataset("p", too_long="cut")


# -- used alone --------------------------------------------------------------------------------


def test_alone_it_is_a_plain_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without session, run and server: saved to its file and loaded from it, by any instance."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [1, 2]})

    def catalog() -> DataCatalog:
        return DataCatalog(
            {
                "given": MLflowDataset("csv", "x/given.csv"),
                "named": MLflowDataset("csv", dataset_name="named"),
                "number": MLflowDataset("m", dataset_name="number"),
            }
        )

    first = catalog()
    for name in ("given", "named"):
        first.save(name, frame)
    first.save("number", 3)
    second = catalog()
    for name in ("given", "named"):
        pd.testing.assert_frame_equal(second.load(name), frame)
    assert second.load("number") == 3
    assert (tmp_path / "x" / "given.csv").exists()
    assert (tmp_path / "data" / "mlflow" / "named.csv").exists()
    assert not (tmp_path / "mlflow.db").exists()


def test_alone_from_a_catalog_config(tmp_path: Path) -> None:
    """DataCatalog.from_config makes it as any other dataset, without a session."""
    config = {"x": {"type": TYPE, "dataset": "json", "filepath": str(tmp_path / "x.json")}}
    catalog = DataCatalog.from_config(config)
    catalog.save("x", [1])
    assert catalog.load("x") == [1]
    assert (tmp_path / "x.json").exists()


def test_alone_without_name_and_place_it_is_in_memory() -> None:
    """The last value is kept, as in a MemoryDataset."""
    for arguments in ({}, {"caching": False}):
        dataset = MLflowDataset("m", **arguments)
        dataset.save(1)
        dataset.save(2)
        assert dataset.load() == 2


@pytest.mark.parametrize(
    ("dataset", "value"), [("m", 0.5), ("p", "rbf"), ("a", {"x": 1}), ("json", [1])]
)
def test_alone_it_logs_to_an_active_run(
    dataset: str, value: Any, store_uri: str, client: Any, tmp_path: Path
) -> None:
    """In a notebook with an MLflow run, that run gets the value and is left open."""
    mlflow.set_tracking_uri(store_uri)
    experiment = client.create_experiment("x", (tmp_path / "a").as_uri())
    with mlflow.start_run(experiment_id=experiment) as run:
        MLflowDataset(dataset, tmp_path / "data.json", "data").save(value)
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    data = client.get_run(run.info.run_id).data
    found = {
        **data.metrics,
        **data.params,
        **{item.path: None for item in client.list_artifacts(run.info.run_id)},
    }
    assert set(found) == {{"json": "data.json", "a": "data.x"}.get(dataset, "data")}
    assert len(client.search_runs(["0", run.info.experiment_id])) == 1


def test_alone_it_logs_to_a_given_run(store_uri: str, client: Any, tmp_path: Path) -> None:
    """`saving_run_id` with a tracking URI needs no active run, and leaves none."""
    run_id = client.create_run("0").info.run_id
    MLflowDataset(
        "m",
        tmp_path / "x.pkl",
        "score",
        saving_tracking_uri=store_uri,
        saving_run_id=run_id,
    ).save(0.5)
    assert client.get_run(run_id).data.metrics == {"score": 0.5}
    assert mlflow.active_run() is None


def test_alone_an_unnamed_value_cannot_be_logged(store_uri: str) -> None:
    """With an active run a name is needed, and the message says how to give it."""
    mlflow.set_tracking_uri(store_uri)
    with (
        mlflow.start_run(experiment_id="0"),
        pytest.raises(DatasetError, match="Give it `dataset_name`"),
    ):
        MLflowDataset("m").save(0.5)


def test_alone_loading_what_is_not_there(tmp_path: Path) -> None:
    """Kedro's own message names the missing file."""
    with pytest.raises(DatasetError, match=r"nothing\.json"):
        MLflowDataset("json", tmp_path / "nothing.json").load()


# -- Kedro's other duties ----------------------------------------------------------------------


def test_pipelinex_spelling_is_the_same_class() -> None:
    """`MLflowDataSet` is `MLflowDataset`, with PipelineX's arguments in PipelineX's order."""
    assert MLflowDataSet is MLflowDataset
    dataset = MLflowDataSet(
        "pkl", "f.pkl", "n", "sqlite:///s", "e", "r", "sqlite:///l", "i", False, "copy", False
    )
    assert dataset._describe() == {
        "dataset": "pkl",
        "filepath": "f.pkl",
        "dataset_name": "n",
        "saving_tracking_uri": "sqlite:///s",
        "saving_experiment_name": "e",
        "saving_run_id": "r",
        "loading_tracking_uri": "sqlite:///l",
        "loading_run_id": "i",
    }
    assert (dataset._caching, dataset._memory._copy_mode, dataset._loader._file_caching) == (
        False,
        "copy",
        False,
    )


def test_exists_follows_the_file(tmp_path: Path) -> None:
    """As with Kedro's datasets: False before the first save, True after it, False once deleted."""
    dataset = MLflowDataset("json", tmp_path / "x.json")
    assert not dataset.exists()
    dataset.save(1)
    assert dataset.exists()
    dataset.release()
    assert dataset.exists()
    (tmp_path / "x.json").unlink()
    assert not dataset.exists()


@pytest.mark.parametrize("kind", ["json", "m", "p", "a"])
def test_exists_asks_the_run_that_is_loaded_from(kind: str, saved_run: str, store_uri: str) -> None:
    """With `loading_run_id` it tells whether that run has the value, without a download."""
    arguments = {"loading_run_id": saved_run, "loading_tracking_uri": store_uri}
    assert MLflowDataset(kind, dataset_name="data", **arguments).exists()
    assert not MLflowDataset(kind, dataset_name="nothing", **arguments).exists()
    if kind == "json":
        assert MLflowDataset(
            kind, dataset_name="data", artifact_path="deep/er", **arguments
        ).exists()


def test_release_forgets_the_value_in_memory(tmp_path: Path) -> None:
    """After it the file is read again."""
    dataset = MLflowDataset("json", tmp_path / "x.json")
    dataset.save([1])
    (tmp_path / "x.json").write_text("[2]")
    assert dataset.load() == [1]
    dataset.release()
    assert dataset.load() == [2]


def test_pickled_dataset_finds_its_value(tmp_path: Path) -> None:
    """A copy in another process loads from the file: values do not travel."""
    dataset = MLflowDataset("json", tmp_path / "x.json")
    dataset.save({"big": "value" * 1000})
    travelling = pickle.dumps(dataset)
    assert len(travelling) < 3000
    copy = pickle.loads(travelling)  # noqa: S301 - it was made just above
    assert copy.load() == {"big": "value" * 1000}


@pytest.mark.parametrize(
    "dataset",
    [*KINDS, "p", "m", "a", None, {"type": "json.JSONDataset"}, JSONDataset(filepath="x.json")],
    ids=str,
)
def test_every_kind_pickles(dataset: Any) -> None:
    """Whatever the backend, a dataset can travel to another process."""
    travelling = pickle.dumps(MLflowDataset(dataset, dataset_name="x"))
    copy = pickle.loads(travelling)  # noqa: S301 - it was made just above
    assert copy.dataset_name == "x"
    assert repr(copy) == repr(MLflowDataset(dataset, dataset_name="x"))


def test_only_memory_is_bound_to_one_process() -> None:
    """Kedro's runners ask this: with None the value is in this process only."""
    assert MLflowDataset(None)._SINGLE_PROCESS
    assert MLflowDataset(None)._EPHEMERAL
    assert not MLflowDataset("m")._SINGLE_PROCESS
    assert not MLflowDataset("m")._EPHEMERAL


def test_repr_tells_the_arguments_and_no_secret() -> None:
    """It reads like that of Kedro's datasets, with credentials left out or masked."""
    dataset = MLflowDataset(
        {"type": "pandas.CSVDataset", "credentials": {"token": "hunter2"}},
        "s3://me:hunter2@bucket/x.csv",
        "x",
        saving_tracking_uri="http://me:hunter2@host:5000",
        load_args={"storage_options": {"secret": "hunter2"}, "sep": ";"},
        credentials={"key": "hunter2"},
    )
    for text in (repr(dataset), str(dataset)):
        assert text.startswith("mlflow_on_kedro.datasets.mlflow_dataset.MLflowDataset(")
        assert "hunter2" not in text
        assert "dataset_name='x'" in text
        assert "@host:5000" in text
        assert "'sep': ';'" in text


def test_catalog_to_config_makes_the_same_datasets_again(tmp_path: Path) -> None:
    """Kedro's export of a catalog holds the arguments, credentials apart."""
    filepath = str(tmp_path / "x.csv")
    catalog = DataCatalog(
        {
            "x": MLflowDataset(
                "csv", filepath, save_args={"sep": ";"}, credentials={"token": "hunter2"}
            )
        }
    )
    config, credentials, *_ = catalog.to_config()
    assert "hunter2" not in str(config)
    assert "hunter2" in str(credentials)
    entry = config["x"]
    assert entry["type"] == "mlflow_on_kedro.datasets.mlflow_dataset.MLflowDataset"
    assert (entry["dataset"], entry["filepath"]) == ("csv", filepath)
    again = DataCatalog.from_config({"x": {**entry, "credentials": None}})
    again.save("x", pd.DataFrame({"a": [1], "b": [2]}))
    assert (tmp_path / "x.csv").read_text() == "a;b\n1;2\n"


def test_backend_may_be_any_dataset_that_kedro_has(tmp_path: Path) -> None:
    """A dataset without a file, or an object with one, works as it does without this plugin."""
    memory = MLflowDataset(MemoryDataset(), dataset_name="x", caching=False)
    memory.save([1])
    assert memory.load() == [1]
    table = MLflowDataset(CSVDataset(filepath=str(tmp_path / "x.csv")), dataset_name="x")
    table.save(pd.DataFrame({"a": [1]}))
    assert (tmp_path / "x.csv").exists()


def test_kedro_command_describes_the_datasets(one_dataset: Callable[..., Any]) -> None:
    """`kedro catalog describe-datasets` lists it under its type."""
    project = one_dataset(1, dataset="json")
    result = project.kedro("catalog", "describe-datasets")
    assert result.returncode == 0, result.stderr
    listed = yaml.safe_load(result.stdout[result.stdout.index("__default__") :])
    text = str(listed)
    assert "mlflow_on_kedro.datasets.mlflow_dataset.MLflowDataset" in text
    assert "data" in text


# In a folder of its own (`make` puts it there): in the environment, its plugin for the `kedro`
# command would slow every test that runs one.
VIZ = Path(os.environ.get("KEDRO_VIZ_FOLDER", Path(__file__).parents[3] / ".venv" / "viz"))


@pytest.mark.skipif(not VIZ.exists(), reason=f"no kedro-viz in {VIZ}")
def test_kedro_viz_shows_the_dataset(one_dataset: Callable[..., Any]) -> None:
    """`kedro viz build` draws the dataset between its nodes, with its layer, preview and file."""
    shown = {"layer": "primary", "preview_args": {"nrows": 1}}
    project = one_dataset(1, dataset="csv", metadata={"kedro-viz": shown})
    file = project.root / "data/mlflow/data.csv"
    file.parent.mkdir(parents=True)
    file.write_text("a,b\n1,x\n2,y\n")
    # Last on the path, so that Kedro and the rest stay the environment's own.
    path = os.pathsep.join([*sys.path, str(VIZ)])
    options = ("--include-hooks", "--include-previews")
    result = project.kedro("viz", "build", *options, env={"PYTHONPATH": path})
    assert result.returncode == 0, result.stderr
    api = project.root / "build" / "api"
    graph = json.loads((api / "main").read_text())
    nodes = {item["name"]: item for item in graph["nodes"]}
    assert nodes["data"]["dataset_type"] == "datasets.mlflow_dataset.MLflowDataset"
    assert nodes["data"]["layer"] == "primary"
    edges = {(edge["source"], edge["target"]) for edge in graph["edges"]}
    assert (nodes["make"]["id"], nodes["data"]["id"]) in edges
    assert (nodes["data"]["id"], nodes["use"]["id"]) in edges
    assert not [name for name in nodes if "mlflow_on_kedro" in name]
    details = json.loads((api / "nodes" / nodes["data"]["id"]).read_text())
    assert details["preview"] == {"index": [0], "columns": ["a", "b"], "data": [[1, "x"]]}
    assert details["preview_type"] == "TablePreview"
    assert Path(details["filepath"]) == file


@pytest.mark.parametrize(
    ("word", "short"), [("metric", "m"), ("param", "p"), ("auto", "a"), ("artifact", "pkl")]
)
def test_words_for_the_kinds_of_values(word: str, short: str) -> None:
    """A word is the same as what it stands for, also for arguments that only one kind takes."""
    named = {"prefix": "best"} if word == "metric" else {}
    assert MLflowDataset(dataset=word, **named).dataset == short
