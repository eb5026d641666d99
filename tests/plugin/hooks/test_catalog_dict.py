"""AddCatalogDictHook: a catalog in Python does what catalog.yml does."""

from __future__ import annotations

from typing import Any

import pytest

NODES = """
import pandas as pd
from kedro.pipeline import node, pipeline

def make(n):
    return {"w": n}, pd.DataFrame({"x": [n]}), n / 2

def check(model, pred_df, score):
    assert (model, pred_df["x"].tolist(), score) == ({"w": 3}, [3], 1.5)
    return "checked"

def create_pipeline():
    return pipeline([
        node(make, "params:n", ["model", "pred_df", "score"], name="make"),
        node(check, ["model", "pred_df", "score"], "end", name="check"),
    ])
"""


def settings(catalog_dict: str, hooks: str = "*mlflow_hooks()") -> str:
    """Settings with this catalog."""
    hook = f"AddCatalogDictHook({catalog_dict})"
    return f"from mlflow_on_kedro import *\n\nHOOKS = ({hook}, {hooks})\n"


DOCUMENTED = """{
    "model": MLflowDataSet(dataset="pkl"),
    "pred_df": MLflowDataSet(dataset="csv"),
    "score": MLflowDataSet(dataset="m"),
}"""
SAME_IN_YAML = {
    name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": dataset}
    for name, dataset in {"model": "pkl", "pred_df": "csv", "score": "m"}.items()
}


@pytest.mark.parametrize("form", ["objects", "dicts"])
@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner", "ParallelRunner"])
def test_same_as_yaml(make_project: Any, form: str, runner: str) -> None:
    """The documented catalog_dict gives the same run and files as the same catalog.yml."""
    import kedro.runner

    given = DOCUMENTED if form == "objects" else repr(SAME_IN_YAML)
    projects = [
        make_project(NODES, parameters={"n": 3}, settings=settings(given)),
        make_project(NODES, parameters={"n": 3}, catalog=SAME_IN_YAML),
    ]
    seen = []
    for project in projects:
        project.session_run(runner=getattr(kedro.runner, runner)())
        run = project.run
        assert run.info.status == "FINISHED"
        files = {path.name for path in (project.root / "data/mlflow").iterdir()}
        metrics = set(run.data.metrics)
        seen.append((run.data.params, metrics, project.artifacts(run.info.run_id), files))
    assert seen[0] == seen[1]
    assert {"model.pkl", "pred_df.csv"} <= seen[0][2]


@pytest.mark.parametrize("order", ["first", "last"])
def test_any_place_in_hooks(make_project: Any, order: str) -> None:
    """It may stand before or behind the other hooks, whose arguments count all the same."""
    hook = f"AddCatalogDictHook({DOCUMENTED})"
    others = "MLflowBasicLoggerHook(run_name='named'), MLflowTimeLoggerHook()"
    hooks = f"{hook}, {others}" if order == "first" else f"{others}, {hook}"
    text = f"from mlflow_on_kedro import *\n\nHOOKS = ({hooks})\n"
    project = make_project(NODES, parameters={"n": 3}, settings=text)
    project.session_run()
    run = project.run
    assert run.info.run_name == "named"
    assert run.data.metrics["score"] == 1.5
    assert "system/time/make" in run.data.metrics


@pytest.mark.parametrize("order", ["first", "last"])
def test_without_catalog_yml(make_project: Any, order: str) -> None:
    """It may stand instead of catalog.yml: the file need not exist."""
    hook = f"AddCatalogDictHook({DOCUMENTED})"
    hooks = f"{hook}, *mlflow_hooks()" if order == "first" else f"*mlflow_hooks(), {hook}"
    text = f"from mlflow_on_kedro import *\n\nHOOKS = ({hooks},)\n"
    project = make_project(
        NODES, parameters={"n": 3}, settings=text, mlflow={"run": {"name": "named"}}
    )
    (project.root / "conf/base/catalog.yml").unlink()
    project.session_run()
    run = project.run
    assert run.info.run_name == "named"
    assert {"model.pkl", "pred_df.csv"} <= project.artifacts(run.info.run_id)


def test_beside_catalog_yml(make_project: Any) -> None:
    """Entries of both are there; a name in both is the one of Python."""
    catalog = {**SAME_IN_YAML, "score": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "p"}}
    given = """{
        "score": MLflowDataset(dataset="m"),
        "model": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
    }"""
    project = make_project(NODES, parameters={"n": 3}, catalog=catalog, settings=settings(given))
    project.session_run()
    run = project.run
    assert run.data.metrics["score"] == 1.5
    assert "score" not in run.data.params
    assert {"model.json", "pred_df.csv"} <= project.artifacts(run.info.run_id)


def test_dicts_as_in_yaml(make_project: Any) -> None:
    """A dict may have versions, a name of credentials and placeholders, as in catalog.yml."""
    given = """{
        "{name}_df": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv", "versioned": True},
        "model": {
            "type": "json.JSONDataset", "filepath": "data/model.json", "credentials": "nothing",
        },
    }"""
    project = make_project(NODES, parameters={"n": 3}, settings=settings(given))
    project.write("conf/local/credentials.yml", "nothing: {skip_instance_cache: true}\n")
    project.session_run()
    run = project.run
    assert "pred_df.csv" in project.artifacts(run.info.run_id)
    (versioned,) = (project.root / "data/mlflow/pred_df.csv").glob("*/pred_df.csv")
    assert versioned.read_text() == "x\n3\n"
    assert (project.root / "data/model.json").exists()


def test_listed_is_not_logged_automatically(make_project: Any) -> None:
    """What the catalog_dict lists counts as listed for automatic logging."""
    given = "{'score': MemoryDataset()}"
    text = "from kedro.io import MemoryDataset\n" + settings(given)
    project = make_project(NODES, parameters={"n": 3}, settings=text)
    project.session_run()
    assert "score" not in project.run.data.metrics


def test_two_runs(make_project: Any) -> None:
    """The same hook serves one run after another; each has its own values."""
    text = NODES.replace('({"w": 3}, [3], 1.5)', '(model, pred_df["x"].tolist(), score)')
    project = make_project(text, parameters={"n": 3}, settings=settings(DOCUMENTED))
    project.session_run()
    project.session_run(runtime_params={"n": 4})
    assert sorted(run.data.metrics["score"] for run in project.runs()) == [1.5, 2]


def test_in_a_notebook(make_project: Any) -> None:
    """The datasets know their names and files in a context's catalog too, without a run."""
    project = make_project(NODES, parameters={"n": 3}, settings=settings(DOCUMENTED))
    catalog = project.context().catalog
    catalog.save("model", {"w": 1})
    assert (project.root / "data/mlflow/model.pkl").exists()
    assert catalog.load("model") == {"w": 1}


def test_catalog_yml_stays_lazy(make_project: Any) -> None:
    """Adding datasets does not make, and so import, what catalog.yml lists."""
    unused = {"type": "json.JSONDataset", "filepath": "x.json", "no_such": 1}
    project = make_project(
        NODES, parameters={"n": 3}, catalog={"unused": unused}, settings=settings(DOCUMENTED)
    )
    project.session_run()
    assert project.run.info.status == "FINISHED"


def test_each_session_has_its_own_datasets(make_project: Any) -> None:
    """A dataset of one session is not bound to the run of another that begins meanwhile."""
    catalog = '{"score": MLflowDataset(dataset="m")}'
    project = make_project(NODES, settings=settings(catalog), parameters={"n": 3})
    first = project.context().catalog["score"]
    second = project.context().catalog["score"]
    assert first is not second
    assert first.dataset_name == second.dataset_name == "score"
