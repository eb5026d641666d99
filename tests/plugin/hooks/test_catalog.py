"""MLflowCatalogLoggerHook: what no catalog lists is logged by type; the rest as chosen."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from mlflow_on_kedro import ConfigError, MLflowCatalogLoggerHook

NODES = """
import numpy as np
from kedro.pipeline import node, pipeline

def make(n):
    values = {
        "rows": np.int64(n), "name": "wine", "sizes": [1, 2], "empty": {}, "ok": True,
        "f1": {"a": 0.5}, "frame": object(),
    }
    return values, n + 0.5, "listed"

def first(values, number, listed):
    return len(values)

def second(values, number):
    assert number == 3.5

def create_pipeline():
    return pipeline([
        node(make, "params:n", ["values", "number", "listed"], name="make"),
        node(first, ["values", "number", "listed"], "size", name="first"),
        node(second, ["values", "number"], None, name="second"),
    ])
"""

CATALOG = """
from mlflow_on_kedro import MLflowCatalogLoggerHook

HOOKS = (MLflowCatalogLoggerHook({}),)
"""


def test_unlisted(make_project: Any) -> None:
    """What the catalog does not list is logged by the `a` rule; what it lists is not."""
    catalog = {
        "listed": {"type": "pickle.PickleDataset", "filepath": "data/listed.pkl"},
        "size": {"type": "MemoryDataset"},
    }
    project = make_project(NODES, catalog=catalog, parameters={"n": 3}, settings=CATALOG.format(""))
    project.session_run()
    run = project.run
    assert run.data.metrics == {"values.rows": 3, "values.f1.a": 0.5, "number": 3.5}
    assert run.data.params == {
        "n": "3",
        "values.name": "wine",
        "values.sizes": "[1, 2]",
        "values.empty": "{}",
        "values.ok": "True",
    }


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner", "ParallelRunner"])
def test_once_a_run(make_project: Any, runner: str) -> None:
    """A value is logged once, however many nodes read it, with any runner."""
    import kedro.runner

    shared = NODES.replace('"frame": object(),', "")
    project = make_project(
        shared, parameters={"n": 3}, mlflow={"catalog": {"parameters": "by_type"}}
    )
    project.session_run(runner=getattr(kedro.runner, runner)())
    run = project.run
    for key in ("n", "number", "size", "values.rows"):
        assert len(project.client.get_metric_history(run.info.run_id, key)) == 1, key


def test_each_run_logs(make_project: Any) -> None:
    """A second run in the same process logs all again: nothing is remembered between runs."""
    project = make_project(NODES, parameters={"n": 3})
    project.session_run()
    project.session_run()
    for run in project.runs():
        assert {"number", "size"} <= run.data.metrics.keys()


def test_factory_pattern_lists(make_project: Any) -> None:
    """A dataset that a factory's pattern matches is listed, so it is not logged."""
    catalog = {"{name}ber": {"type": "MemoryDataset"}}
    project = make_project(NODES, catalog=catalog, parameters={"n": 3})
    project.session_run()
    assert "number" not in project.run.data.metrics
    assert "size" in project.run.data.metrics


def test_auto_off(make_project: Any) -> None:
    """``auto: false`` logs parameters and what ``mlflow_catalog`` names, nothing else."""
    settings = CATALOG.format("auto=False, mlflow_catalog={'size': 'm'}")
    project = make_project(NODES, parameters={"n": 3}, settings=settings)
    project.session_run()
    run = project.run
    assert run.data.metrics == {"size": 7}
    assert run.data.params == {"n": "3"}


PARAMETERS = """
from kedro.pipeline import node, pipeline

def use(config, depth, everything, unlisted):
    pass

def create_pipeline():
    return pipeline([node(
        use,
        ["params:data_loading_config", "params:model.depth", "parameters", "params:kind"],
        None,
    )])
"""
VALUES: dict[str, Any] = {
    "data_loading_config": {"train": {"batch_size": 32, "shuffle": True}, "none": None},
    "model": {"depth": 4},
    "kind": "rbf",
    "unused": {"x": 1.5},
}


def test_parameters_as_params(make_project: Any) -> None:
    """By default Kedro's parameters are MLflow parameters, each leaf once, numbers too."""
    project = make_project(PARAMETERS, parameters=VALUES)
    project.session_run()
    run = project.run
    assert run.data.params == {
        "data_loading_config.train.batch_size": "32",
        "data_loading_config.train.shuffle": "True",
        "data_loading_config.none": "None",
        "model.depth": "4",
        "kind": "rbf",
        "unused.x": "1.5",
    }
    assert all(key.startswith("system/time/") for key in run.data.metrics)


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_parameters_by_type(make_project: Any, way: str) -> None:
    """``by_type`` is PipelineX's rule: a nested number is a metric under its dotted name."""
    given = "parameters='by_type'" if way == "argument" else ""
    config = {} if given else {"catalog": {"parameters": "by_type"}}
    project = make_project(
        PARAMETERS, parameters=VALUES, mlflow=config, settings=CATALOG.format(given)
    )
    project.session_run()
    run = project.run
    assert run.data.metrics == {
        "data_loading_config.train.batch_size": 32,
        "model.depth": 4,
        "unused.x": 1.5,
    }
    assert run.data.params == {"data_loading_config.train.shuffle": "True", "kind": "rbf"}


def test_unlisted_dict_as_documented(make_project: Any) -> None:
    """PipelineX's documented example: an unlisted dataset's nested number is a metric."""
    text = """
    from kedro.pipeline import node, pipeline

    def config():
        return {"train": {"batch_size": 32}}

    def create_pipeline():
        return pipeline([node(config, None, "data_loading_config")])
    """
    project = make_project(text, settings=CATALOG.format(""))
    project.session_run()
    assert project.run.data.metrics == {"data_loading_config.train.batch_size": 32}


def test_parameters_none(make_project: Any) -> None:
    """``none`` logs no parameter."""
    project = make_project(
        PARAMETERS, parameters=VALUES, settings=CATALOG.format("parameters='none'")
    )
    project.session_run()
    assert project.run.data.params == {}
    assert project.run.data.metrics == {}


def test_wrong_parameters_argument() -> None:
    """A wrong ``parameters`` names the choices."""
    with pytest.raises(ConfigError, match="must be one of params, by_type, none: 'bytype'"):
        MLflowCatalogLoggerHook(parameters="bytype")


CHOSEN = """
import pandas as pd
from kedro.pipeline import node, pipeline

def make(n):
    frame = pd.DataFrame({"x": [1, 2]})
    return 1, 0.5, {"a": 1, "b": "c"}, frame, {"k": "v"}, frame, "hidden", frame, "listed"

def create_pipeline():
    names = ["as_p", "as_m", "as_a", "as_csv", "as_json", "as_dict", "as_none", "as_object"]
    return pipeline([node(make, "params:n", [*names, "listed"])])
"""
WAYS: dict[str, Any] = {
    "as_p": "p",
    "as_m": "m",
    "as_a": "a",
    "as_csv": "csv",
    "as_json": "json",
    "as_dict": {"type": "pandas.ParquetDataset", "filepath": "data/frame.parquet"},
    "as_none": None,
    "listed": "p",
}
LISTED = {"listed": {"type": "MemoryDataset"}}


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_mlflow_catalog(make_project: Any, way: str) -> None:
    """``mlflow_catalog`` takes every value of ``dataset``, for listed and unlisted datasets."""
    ways = WAYS
    settings, config = CATALOG.format(""), {"catalog": {"mlflow_catalog": ways}}
    if way == "argument":
        settings = textwrap.dedent(f"""
            from kedro_datasets.pandas import CSVDataset
            from mlflow_on_kedro import MLflowCatalogLoggerHook

            ways = {ways!r} | {{"as_object": CSVDataset(filepath="object.csv")}}
            HOOKS = (MLflowCatalogLoggerHook(mlflow_catalog=ways),)
        """)
        config = {}
    project = make_project(
        CHOSEN, catalog=LISTED, parameters={"n": 3}, mlflow=config, settings=settings
    )
    project.session_run()
    run = project.run
    assert run.data.params == {"n": "3", "as_p": "1", "as_a.b": "c", "listed": "listed"}
    assert run.data.metrics == {"as_m": 0.5, "as_a.a": 1}
    files = {"as_csv.csv", "as_json.json", "frame.parquet"}
    files |= {"object.csv"} if way == "argument" else {"kedro/not_logged.json"}
    assert project.artifacts(run.info.run_id) == files
    assert (project.root / "data/mlflow/as_csv.csv").exists()


def test_mlflow_catalog_with_an_unknown_extension(make_project: Any) -> None:
    """A misspelt way to log is said before any node runs."""
    project = make_project(
        CHOSEN, parameters={"n": 3}, mlflow={"catalog": {"mlflow_catalog": {"listed": "jsn"}}}
    )
    with pytest.raises(ConfigError, match=r"mlflow_catalog, 'listed': .*'jsn' is not a known"):
        project.session_run()
    assert project.runs() == []


def test_mlflow_catalog_for_inputs(make_project: Any) -> None:
    """``mlflow_catalog`` names inputs too, and a parameter by its dataset name."""
    settings = CATALOG.format("mlflow_catalog={'table': 'json', 'params:n': 'm'}")
    text = """
    from kedro.pipeline import node, pipeline

    def use(table, n):
        return n

    def create_pipeline():
        return pipeline([
            node(use, ["table", "params:n"], "x", name="a"),
            node(use, ["table", "params:n"], "y", name="b"),
        ])
    """
    catalog = {"table": {"type": "json.JSONDataset", "filepath": "table.json"}}
    project = make_project(text, catalog=catalog, parameters={"n": 3}, settings=settings)
    project.write("table.json", "[1, 2]")
    project.session_run()
    run = project.run
    assert run.data.params == {}
    assert run.data.metrics == {"n": 3, "x": 3, "y": 3}
    assert len(project.client.get_metric_history(run.info.run_id, "n")) == 1
    assert project.artifacts(run.info.run_id) == {"table.json"}


GENERATOR = """
from kedro.pipeline import node, pipeline

def chunks(n):
    for number in range(n):
        yield number

def last(chunk):
    return chunk

def create_pipeline():
    return pipeline([
        node(chunks, "params:n", "chunk", name="chunks"), node(last, "chunk", "end", name="last")
    ])
"""


@pytest.mark.parametrize("how", [None, "p", "m", "pkl"])
def test_generators(make_project: Any, said: list[str], how: str | None) -> None:
    """The output of a generator node is not consumed: the pipeline gets every chunk."""
    config: dict[str, Any] = {"tracking": {"on_failure": "warn"}}
    config["catalog"] = {"mlflow_catalog": {"chunk": how} if how else {}}
    project = make_project(GENERATOR, parameters={"n": 3}, mlflow=config)
    outputs = project.session_run()
    assert outputs["end"].load() == 2
    assert project.run.data.params == {"n": "3"}
    assert "chunk" not in project.run.data.metrics
    expected = ["'chunk' is not logged: a generator can be read only once."] if how else []
    assert said == expected


def test_wrong_value_for_its_way(make_project: Any, said: list[str]) -> None:
    """A value that cannot be logged as chosen is said with its name; others are logged."""
    config = {"catalog": {"mlflow_catalog": {"as_json": "m", "as_p": "csv"}}}
    config |= {"tracking": {"on_failure": "warn"}}
    project = make_project(CHOSEN, parameters={"n": 3}, mlflow=config)
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.metrics["as_m"] == 0.5
    about = {name: [text for text in said if f"'{name}" in text] for name in ("as_json", "as_p")}
    assert "it is a str: 'v'" in about["as_json"][0]
    assert len(about["as_p"]) == 1
    assert not [text for text in said if "cannot be reached" in text]


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("cvs", r"'as_csv'.*'cvs'.*csv"),
        ({"dataset": "cvs"}, r"'as_csv'.*'cvs'.*csv"),
        ({"dataset": "csv", "folder": "x"}, "'as_csv': MLflowDataset does not take 'folder'"),
        ({"dataset": "m", "save_arg": {}}, r"not take 'save_arg'. Did you mean 'save_args'\?"),
        ({"dataset": "m", "save_args": {"mode": "add"}}, "'as_csv'.*overwrite, append: 'add'"),
    ],
)
def test_wrong_way(make_project: Any, way: Any, message: str) -> None:
    """An unknown way in ``mlflow_catalog`` is refused before there is a run, naming the known."""
    config = {"catalog": {"mlflow_catalog": {"as_csv": way}}}
    project = make_project(CHOSEN, parameters={"n": 3}, mlflow=config)
    with pytest.raises(ConfigError, match=message):
        project.session_run()
    assert project.runs() == []


def test_unknown_name(make_project: Any, said: list[str]) -> None:
    """A name that no pipeline and no catalog has is said once, with the nearest that there is."""
    ways = {"as_csw": "csv", "as_m": "m", "listed": "p", "spare": "p", "params:unused": "p"}
    project = make_project(
        CHOSEN,
        catalog={"spare": {"type": "MemoryDataset"}, **LISTED},
        parameters={"n": 3, "unused": 1},
        mlflow={"catalog": {"mlflow_catalog": ways}},
    )
    project.session_run()
    (warning,) = said
    assert "no pipeline has a dataset 'as_csw'" in warning
    assert "Did you mean 'as_csv'?" in warning


@pytest.mark.parametrize("part", [{"to_nodes": ["make"]}, {"pipeline_name": "other"}])
def test_names_beside_those_that_run(
    make_project: Any, said: list[str], part: dict[str, Any]
) -> None:
    """Names of nodes and pipelines that a run leaves out are known all the same."""
    ways = {"size": "m", "elsewhere": "m"}
    project = make_project(NODES, parameters={"n": 3}, mlflow={"catalog": {"mlflow_catalog": ways}})
    project.write(
        f"src/{project.package}/pipeline_registry.py",
        f"""
        from kedro.pipeline import node, pipeline
        from {project.package}.nodes import create_pipeline

        def register_pipelines():
            other = pipeline([node(lambda: 1, None, "elsewhere", name="other")])
            return {{"__default__": create_pipeline(), "other": other}}
        """,
    )
    project.session_run(**part)
    assert said == []


def test_secret_runtime_params(make_project: Any) -> None:
    """Runtime params whose names look like secrets are not logged; from a file they are."""
    text = PARAMETERS.replace("params:kind", "params:db")
    values = {**VALUES, "key_columns": ["a"]}
    project = make_project(text, parameters=values)
    given = {
        "api_token": "hush-1",
        "db": {"host": "h", "password": "hush-2"},
        "model.secret": "hush-3",
    }
    project.session_run(runtime_params=given)
    run = project.run
    assert run.data.params["db.host"] == "h"
    assert run.data.params["key_columns"] == "['a']"
    assert "hush" not in str(run.to_dictionary())
    assert "db.password" not in run.data.params


def test_secret_runtime_params_by_type(make_project: Any) -> None:
    """The same under ``by_type``."""
    text = PARAMETERS.replace("params:kind", "params:db")
    project = make_project(text, parameters=VALUES, mlflow={"catalog": {"parameters": "by_type"}})
    project.session_run(runtime_params={"db": {"port": 5432, "pin_key": 1234}})
    run = project.run
    assert run.data.metrics["db.port"] == 5432
    assert "db.pin_key" not in run.data.metrics


def test_namespaces(make_project: Any) -> None:
    """Datasets and parameters of a namespace are logged under their full names."""
    text = """
    from kedro.pipeline import node, pipeline

    def double(n):
        return n * 2

    def create_pipeline():
        base = [node(double, "params:n", "twice", name="double")]
        return pipeline(base, namespace="one", parameters={"n"}) + pipeline(base, namespace="two")
    """
    project = make_project(text, parameters={"n": 3, "two": {"n": 5}})
    project.session_run()
    run = project.run
    assert run.data.params == {"n": "3", "two.n": "5"}
    assert (run.data.metrics["one.twice"], run.data.metrics["two.twice"]) == (6, 10)


def test_parameters_are_loaded_silently(
    make_project: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logging parameters adds no lines of Kedro's own, as if a node had loaded them."""
    monkeypatch.setenv("COLUMNS", "200")
    project = make_project(NODES, parameters={"n": 3})
    project.session_run()
    assert capsys.readouterr().out.count("Loading data from params:n") == 1


@pytest.mark.parametrize("parameters", ["params", "by_type"])
def test_no_parameters(make_project: Any, said: list[str], parameters: str) -> None:
    """A node that asks for all parameters of a project without any logs none."""
    text = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([node(len, "parameters", "count", name="count")])
    """
    project = make_project(
        textwrap.dedent(text), settings=CATALOG.format(f"parameters={parameters!r}")
    )
    project.session_run()
    assert project.run.data.params == {}
    assert said == []


def test_lists_apart(make_project: Any) -> None:
    """`flatten_lists` takes lists apart as PipelineX does: parameters, and what nodes pass on."""
    text = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([node(lambda p: {"w": [0.5, {"b": 1}]}, "params:model", "fit", name="n")])
    """
    project = make_project(
        textwrap.dedent(text),
        parameters={"model": {"features": ["age", "size"], "depth": 3}},
        mlflow={"params": {"flatten_lists": True}, "catalog": {"parameters": "by_type"}},
    )
    project.session_run()
    run = project.run
    metrics = {
        name: n for name, n in run.data.metrics.items() if not name.startswith("system/time/")
    }
    assert metrics == {"fit.w.0": 0.5, "fit.w.1.b": 1, "model.depth": 3}
    assert run.data.params == {"model.features.0": "age", "model.features.1": "size"}


def test_secrets_in_lists(make_project: Any, said: list[str]) -> None:
    """At any depth of the parameters, secrets are left out and named; connection strings masked."""
    text = PARAMETERS.replace("params:kind", "params:databases")
    values = {
        **VALUES,
        "databases": [{"host": "a", "password": "hush-1"}],
        "llm": {"providers": [{"name": "x", "token": "hush-2"}]},
        "conn": "Server=h;User Id=me;Password=hush-3;",
    }
    project = make_project(text, parameters=values)
    project.session_run(runtime_params={"hosts": [{"pin_key": 1234, "port": 1}]})
    run = project.run
    assert run.data.params["databases"] == "[{'host': 'a'}]"
    assert run.data.params["llm.providers"] == "[{'name': 'x'}]"
    assert run.data.params["conn"] == "Server=h;User Id=me;Password=***;"
    assert run.data.params["hosts"] == "[{'port': 1}]"
    assert "hush" not in str(run.to_dictionary())
    (warning,) = said
    assert "databases.0.password" in warning
    assert "llm.providers.0.token" in warning
