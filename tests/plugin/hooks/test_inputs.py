"""MLflowInputsLoggerHook: what the pipeline takes from outside is in MLflow's "Datasets used"."""

from __future__ import annotations

import hashlib
import importlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

NODES = """
from kedro.pipeline import node, pipeline

def count(wines, depth):
    return len(wines) * depth

def total(wines, counted):
    return counted + len(wines)

def create_pipeline():
    return pipeline([
        node(count, ["wines", "params:depth"], "counted", name="count"),
        node(total, ["wines", "counted"], "total", name="total"),
    ])
"""
CSV = {"type": "pandas.CSVDataset", "filepath": "data/wines.csv"}
CATALOG = {
    "wines": CSV,
    "unused": {"type": "pandas.CSVDataset", "filepath": "data/unused.csv"},
}
KEPT = {
    **CATALOG,
    "counted": {"type": "json.JSONDataset", "filepath": "data/counted.json"},
    "total": {"type": "json.JSONDataset", "filepath": "data/total.json"},
}
TEXT = "alcohol,grape\n12.5,malbec\n13.0,syrah\n"


def make(make_project: Any, **named: Any) -> Any:
    """A project that reads a CSV file in two nodes."""
    nodes = named.pop("nodes", NODES)
    project = make_project(nodes, **{"catalog": CATALOG, "parameters": {"depth": 2}, **named})
    project.write("data/wines.csv", TEXT)
    return project


def used(run: Any) -> dict[str, Any]:
    """The datasets that a run uses, by name."""
    found = {item.dataset.name: item for item in run.inputs.dataset_inputs}
    assert len(found) == len(run.inputs.dataset_inputs)
    return found


def sync(project: Any) -> None:
    """Deliver what a run that was offline has left."""
    command = importlib.import_module("mlflow_on_kedro.commands.sync").sync
    metadata = SimpleNamespace(project_path=project.root)
    done = CliRunner().invoke(command, ["--uri", project.uri], obj=metadata, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_a_csv_file(make_project: Any) -> None:
    """A free input is there once, with its place, columns, size, checksum and who reads it."""
    project = make(make_project)
    project.session_run()
    (item,) = used(project.run).values()
    dataset = item.dataset
    content = (project.root / "data/wines.csv").read_bytes()
    assert dataset.name == "wines"
    assert dataset.source_type == "local"
    assert json.loads(dataset.source) == {"uri": "data/wines.csv"}
    assert json.loads(dataset.schema)["mlflow_colspec"] == [
        {"type": "double", "name": "alcohol", "required": False},
        {"type": "string", "name": "grape", "required": False},
    ]
    assert json.loads(dataset.profile) == {
        "num_rows": 2,
        "num_elements": 4,
        "digest_of": "content",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert {tag.key: tag.value for tag in item.tags} == {"mlflow.data.context": "count"}


def test_mlflow_finds_the_file(make_project: Any) -> None:
    """``mlflow.data.get_source`` gives the file that was read."""
    import mlflow.data

    project = make(make_project)
    project.session_run()
    source = mlflow.data.get_source(project.run.inputs.dataset_inputs[0])
    assert Path(source.load()).read_text(encoding="utf-8") == TEXT


def test_the_digest_changes_with_the_data(make_project: Any) -> None:
    """The same data have the same digest, in whatever run; one changed number gives another."""
    project = make(make_project)
    project.session_run()
    (project.root / "data/wines.csv").touch()
    project.session_run()
    project.write("data/wines.csv", TEXT.replace("13.0", "13.1"))
    project.session_run()
    last, second, first = [used(run)["wines"].dataset.digest for run in project.runs()]
    assert first == second != last


@pytest.mark.parametrize(
    "options",
    [
        {"is_async": True},
        {"runner": "ThreadRunner"},
        {"runner": "ParallelRunner"},
        {"runner": "ParallelRunner", "is_async": True},
    ],
)
def test_other_runners(make_project: Any, options: dict[str, Any]) -> None:
    """Also with ``--async``, threads and processes each input is there, once."""
    import kedro.runner

    project = make(make_project, catalog=KEPT)
    runner = getattr(kedro.runner, options.get("runner", "SequentialRunner"))
    project.session_run(runner=runner(is_async=options.get("is_async", False)))
    assert project.run.info.status == "FINISHED"
    assert set(used(project.run)) == {"wines"}


def test_only_missing_outputs(make_project: Any) -> None:
    """An input is there also if the first node that reads it need not run."""
    project = make(make_project, catalog=KEPT)
    project.session_run(node_names=["count"])
    project.session_run(only_missing_outputs=True)
    assert "wines" in used(project.runs()[0])


@pytest.mark.parametrize("form", ["", "@json"])
def test_processes_that_log_to_one_run(make_project: Any, form: str) -> None:
    """With ``run.key``, what another process of the run makes comes from no place outside."""
    nodes = NODES.replace('["wines", "counted"]', f'["wines", "counted{form}"]')
    if form:
        nodes = nodes.replace('], "counted",', '], "counted@other",')
    kept = {**KEPT, "counted@json": KEPT["counted"], "counted@other": KEPT["counted"]}
    project = make(make_project, nodes=nodes, catalog=kept, mlflow={"run": {"key": "nightly"}})
    project.session_run(node_names=["count"])
    project.session_run(node_names=["total"])
    assert set(used(project.run)) == {"wines"}


def test_a_part_of_a_pipeline(make_project: Any) -> None:
    """Without it, what an earlier run has made is an input of this one."""
    project = make(make_project, catalog=KEPT)
    project.session_run(node_names=["count"])
    project.session_run(node_names=["total"])
    assert set(used(project.runs()[0])) == {"wines", "counted"}


@pytest.mark.parametrize("mlflow", [{"inputs": {"enabled": False}}, {"enabled": False}])
def test_switched_off(make_project: Any, mlflow: dict[str, Any]) -> None:
    """``inputs.enabled: false`` logs none."""
    project = make(make_project, mlflow=mlflow)
    project.session_run()
    assert [used(run) for run in project.runs()] in ([{}], [])


def test_offline(make_project: Any) -> None:
    """What is used by a run that reaches no MLflow is delivered with the rest."""
    project = make(make_project, mlflow={"tracking": {"mode": "offline"}})
    project.session_run()
    assert project.runs() == []
    sync(project)
    assert set(used(project.run)) == {"wines"}


def test_own_calls(make_project: Any) -> None:
    """Datasets that a node itself tells MLflow of are kept, too, while there is no MLflow."""
    nodes = NODES.replace(
        "    return len(wines) * depth",
        """
    import mlflow

    own = mlflow.data.from_pandas(wines, source="own.csv", name="own")
    mlflow.log_input(own, context="training")
    return len(wines) * depth
""",
    )
    project = make(make_project, nodes=nodes, mlflow={"tracking": {"mode": "offline"}})
    project.session_run()
    sync(project)
    found = used(project.run)
    assert set(found) == {"own", "wines"}
    assert json.loads(found["own"].dataset.source) == {"uri": "own.csv"}
    assert {tag.value for tag in found["own"].tags} == {"training"}


def test_resumed(make_project: Any) -> None:
    """What a run has made before it failed is no input of it when it goes on."""
    nodes = NODES.replace("    return counted", "    assert counted > 5\n    return counted")
    resume = {"run": {"resume": True}}
    project = make(make_project, nodes=nodes, catalog=KEPT, mlflow=resume)
    with pytest.raises(AssertionError):
        project.session_run()
    project.write("data/counted.json", "10")
    project.session_run(from_nodes=["total"])
    assert project.run.info.status == "FINISHED"
    assert set(used(project.run)) == {"wines"}


def test_max_bytes(make_project: Any) -> None:
    """Beyond ``inputs.max_bytes`` the digest is of size, time and samples, and it says so."""
    project = make(make_project, mlflow={"inputs": {"max_bytes": 10}})
    project.session_run()
    profile = json.loads(used(project.run)["wines"].dataset.profile)
    assert profile["digest_of"] == "size, modification time and samples"
    assert "sha256" not in profile


def test_alone_with_an_argument(make_project: Any) -> None:
    """The hook works alone, and its argument wins over mlflow.yml."""
    text = """
    from mlflow_on_kedro import MLflowInputsLoggerHook

    HOOKS = (MLflowInputsLoggerHook(max_bytes=10),)
    """
    project = make(make_project, settings=text.replace("\n    ", "\n"))
    project.session_run()
    profile = json.loads(used(project.run)["wines"].dataset.profile)
    assert profile["digest_of"] == "size, modification time and samples"


def test_another_place_or_other_columns(make_project: Any) -> None:
    """The same bytes from another place, or with other columns, are shown as they are.

    MLflow keeps the first record of each name and digest in an experiment.
    """
    project = make(make_project, catalog={**CATALOG, "wines": {**CSV, "filepath": "data/old.csv"}})
    project.write("data/old.csv", TEXT)
    project.session_run()
    narrow = {**CATALOG, "wines": {**CSV, "load_args": {"usecols": ["grape"]}}}
    project.write("conf/base/catalog.yml", json.dumps(narrow))
    project.session_run()
    last, first = [used(run)["wines"].dataset for run in project.runs()]
    assert json.loads(first.source) == {"uri": "data/old.csv"}
    assert json.loads(last.source) == {"uri": "data/wines.csv"}
    assert len(json.loads(last.schema)["mlflow_colspec"]) == 1


def test_the_version_that_was_loaded(make_project: Any) -> None:
    """Of a versioned dataset the place names the version, the newest or the one asked for."""
    versioned = {**CATALOG, "wines": {**CSV, "versioned": True}}
    project = make(make_project, catalog=versioned)
    (project.root / "data/wines.csv").unlink()
    old, new = "2024-01-01T00.00.00.000Z", "2025-01-01T00.00.00.000Z"
    for version in (old, new):
        project.write(f"data/wines.csv/{version}/wines.csv", TEXT)
    project.session_run()
    project.session_run(load_versions={"wines": old})
    last, first = [json.loads(used(run)["wines"].dataset.source) for run in project.runs()]
    assert first == {"uri": f"data/wines.csv/{new}/wines.csv"}
    assert last == {"uri": f"data/wines.csv/{old}/wines.csv"}


def test_from_another_run(make_project: Any) -> None:
    """What was loaded from a run names that run, as MLflow can load it."""
    import mlflow
    import mlflow.data

    project = make(make_project)
    with_csv = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"}
    saving = """
    import pandas as pd
    from kedro.pipeline import node, pipeline

    def make():
        return pd.DataFrame({"alcohol": [12.5]})

    def create_pipeline():
        return pipeline([node(make, None, "wines", name="make")])
    """
    first = make_project(saving, catalog={"wines": with_csv})
    first.session_run()
    run_id = first.run.info.run_id
    catalog = {
        "wines": {**with_csv, "loading_run_id": run_id, "loading_tracking_uri": first.uri},
    }
    project.write("conf/base/catalog.yml", json.dumps(catalog))
    project.session_run()
    dataset = used(project.run)["wines"].dataset
    assert json.loads(dataset.source) == {
        "uri": f"runs:/{run_id}/wines.csv",
        "tracking_uri": first.uri,
    }
    assert json.loads(dataset.profile)["digest_of"] == "content"
    mlflow.set_tracking_uri(first.uri)
    loaded = mlflow.data.get_source(project.run.inputs.dataset_inputs[0]).load()
    assert pd.read_csv(loaded).alcohol.tolist() == [12.5]


def test_a_database_and_polars(make_project: Any) -> None:
    """A table of a database is named with its database; Polars tables have their columns."""
    catalog = {
        "wines": {"type": "pandas.SQLTableDataset", "table_name": "grapes", "credentials": "db"},
        "counted": {
            "type": "polars.LazyPolarsDataset",
            "file_format": "csv",
            "filepath": "data/wines.csv",
        },
    }
    nodes = NODES.replace("counted + len(wines)", "counted.collect().height + len(wines)")
    project = make(make_project, nodes=nodes, catalog=catalog)
    database = f"sqlite:///{project.root.as_posix()}/grapes.db"
    project.write("conf/local/credentials.yml", f"db:\n  con: {database}\n")
    with closing(sqlite3.connect(project.root / "grapes.db")) as connection:
        pd.DataFrame({"grape": ["malbec"]}).to_sql("grapes", connection, index=False)
    project.session_run(node_names=["total"])
    found = {name: item.dataset for name, item in used(project.run).items()}
    assert found["wines"].source_type == "sql"
    assert json.loads(found["wines"].source) == {"table": "grapes", "database": database}
    assert json.loads(found["wines"].profile)["digest_of"] == "loaded data"
    assert json.loads(found["counted"].schema)["mlflow_colspec"] == [
        {"type": "double", "name": "alcohol", "required": False},
        {"type": "string", "name": "grape", "required": False},
    ]


def test_transcoded(make_project: Any) -> None:
    """A dataset that is read in two forms is one, in the form that is read first."""
    nodes = """
    from kedro.pipeline import node, pipeline

    def count(table):
        return len(table)

    def total(text, counted):
        return len(text) + counted

    def create_pipeline():
        return pipeline([
            node(count, "wines@pandas", "counted", name="count"),
            node(total, ["wines@a_text", "counted"], "total", name="total"),
        ])
    """
    catalog = {
        "wines@pandas": CSV,
        "wines@a_text": {"type": "text.TextDataset", "filepath": "data/wines.csv"},
    }
    project = make(make_project, nodes=nodes, catalog=catalog)
    project.session_run()
    (item,) = used(project.run).values()
    assert item.dataset.name == "wines"
    assert item.dataset.schema is not None


def test_memory(make_project: Any) -> None:
    """A table that a hook puts into the catalog is there; other values in memory are not."""
    settings = """
import pandas as pd
from kedro.framework.hooks import hook_impl
from kedro.io import MemoryDataset
from mlflow_on_kedro import mlflow_hooks

class Own:
    @hook_impl
    def after_catalog_created(self, catalog):
        catalog["wines"] = MemoryDataset(pd.DataFrame({"alcohol": [1.0, 2.0]}))
        catalog["counted"] = MemoryDataset(3)

HOOKS = (Own(), *mlflow_hooks())
"""
    project = make(make_project, settings=settings)
    project.session_run(node_names=["total"])
    dataset = used(project.run)["wines"].dataset
    assert set(used(project.run)) == {"wines"}
    assert dataset.source_type == "code"
    assert json.loads(dataset.profile)["digest_of"] == "loaded data"


ODD = """
from kedro.io import AbstractDataset

class Odd(AbstractDataset):
    def _load(self):
        return ["a", "b"]

    def _save(self, data):
        raise NotImplementedError

    def _describe(self):
        return {"filepath": object(), "password": "hush"}
"""


def test_a_dataset_that_does_not_say_where_it_is(make_project: Any) -> None:
    """Of a dataset of the user's own its class is the source, and the digest that of its data."""
    project = make(make_project, nodes=NODES + ODD)
    catalog = {"wines": {"type": f"{project.package}.nodes.Odd"}}
    project.write("conf/base/catalog.yml", json.dumps(catalog))
    project.session_run()
    dataset = used(project.run)["wines"].dataset
    assert json.loads(dataset.source) == {"tags": {"kedro.dataset": "Odd"}}
    assert json.loads(dataset.profile)["digest_of"] == "loaded data"
