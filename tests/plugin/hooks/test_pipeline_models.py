"""MLflowPipelineModelLoggerHook: models of pipelines, logged by a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.framework.project import pipelines
from mlflow_on_kedro.errors import ConfigError

from tests.prices import CATALOG, ENTRY, PARAMETERS, make_prices, models_of


def with_entry(**entry: Any) -> dict[str, Any]:
    """An mlflow.yml with this entry, on top of the usual one."""
    return {
        "tracking": {"on_failure": "raise"},
        "pipeline_models": {"prices": {**ENTRY, **entry}},
    }


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the hook has said, though Kedro sets logging up anew."""
    messages: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("mlflow_on_kedro")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def load(project: Any, tmp_path: Path) -> Any:
    """Load the model of the project's only run."""
    import mlflow

    run_id = project.run.info.run_id
    folder = project.client.download_artifacts(run_id, "prices", str(tmp_path))
    return mlflow.pyfunc.load_model(folder)


def test_a_run(make_project: Callable[..., Any], tmp_path: Path, said: list[str]) -> None:
    """A run of the training pipeline logs the model, with the parameters of this run."""
    import pandas as pd

    project = make_prices(make_project)
    project.session_run(runtime_params={"options": {"factor": 10.0}})
    assert project.run.info.status == "FINISHED"
    model = load(project, tmp_path)
    frame = pd.DataFrame({"size": [10.0], "colour": ["blue"]})
    assert model.predict(frame)["price"].tolist() == [130.0]
    # The input is in memory only, and its schema is known all the same.
    assert model.metadata.get_input_schema().input_names() == ["size", "colour"]
    assert said == []


def test_no_model(make_project: Callable[..., Any]) -> None:
    """Neither a run of other nodes nor one that fails logs a model."""
    project = make_prices(make_project)
    project.session_run(node_names=["make_features"])
    project.write("raw.csv", "size,colour\n1.0,red\n")
    with pytest.raises(Exception, match="price"):
        project.session_run()
    runs = project.runs()
    assert [run.info.status for run in runs] == ["FAILED", "FINISHED"]
    for run in runs:
        assert "prices" not in models_of(project, run)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"training": "trainig"},
            (
                "'training' names the pipeline 'trainig', which is not registered. There: "
                "__default__, inference."
            ),
        ),
        (
            {"inference": "inferense"},
            (
                "'inference' names the pipeline 'inferense', which is not registered. There: "
                "__default__, inference. Did you mean 'inference'?"
            ),
        ),
        (
            {"input": "feature"},
            (
                "'feature' is no input of the pipeline 'inference'. Its inputs: encoder, features, "
                "model. Did you mean 'features'?"
            ),
        ),
    ],
)
def test_mistakes(make_project: Callable[..., Any], entry: dict[str, Any], message: str) -> None:
    """What is wrong with an entry is said before the pipeline runs."""
    project = make_prices(make_project, mlflow=with_entry(**entry))
    with pytest.raises(ConfigError) as raised:
        project.session_run()
    assert raised.value.message.startswith("pipeline_models.prices in conf/base/mlflow.yml: ")
    assert message in raised.value.message
    assert not (project.root / "data").exists()
    assert project.runs() == []


def test_not_kept(make_project: Callable[..., Any]) -> None:
    """An artifact that is in memory only is named before the pipeline runs."""
    project = make_prices(make_project, catalog={**CATALOG, "encoder": {"type": "MemoryDataset"}})
    with pytest.raises(ConfigError, match="needs 'encoder', which is in memory only") as raised:
        project.session_run()
    assert "List it in catalog.yml" in raised.value.message
    assert not (project.root / "data").exists()


def test_a_model_that_cannot_be_made(
    make_project: Callable[..., Any], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, with the command that makes up for it, and the run is complete otherwise."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mlflow_on_kedro.pipeline_models.builder.write_contents", refuse)
    entry = {"tracking": {}, "pipeline_models": {"prices": dict(ENTRY)}}
    project = make_prices(make_project, mlflow=entry)
    project.session_run()
    assert project.run.info.status == "FINISHED"
    (message,) = said
    assert "No space left on device" in message
    assert "`kedro mlflow modelify prices`" in message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("code_paths", ["gone"], "there is no gone in "),
        ("pip_requirements", "gone.txt", "there is no gone.txt in "),
        ("runner", "NoRunner", "'NoRunner' is none of"),
        ("runner", "nowhere.Runner", "No module named 'nowhere'"),
    ],
)
def test_what_is_missing(
    make_project: Callable[..., Any], key: str, value: Any, message: str
) -> None:
    """A file or a runner that is not there is found before anything is trained."""
    project = make_prices(
        make_project, mlflow={"pipeline_models": {"prices": {**ENTRY, key: value}}}
    )
    with pytest.raises(ConfigError, match=message):
        project.session_run()
    assert not (project.root / "data").exists()


def test_a_failing_inference(make_project: Callable[..., Any], said: list[str]) -> None:
    """A model that fails on its own first rows is logged, and that is said."""
    parameters = {"options": {**PARAMETERS["options"], "factor": "one"}}
    project = make_prices(make_project, parameters=parameters)
    project.session_run()
    (message,) = said
    assert "the pipeline 'inference' fails on the first rows of 'features'" in message
    assert "prices" in models_of(project, project.run)


def test_a_failing_inference_is_not_registered(
    make_project: Callable[..., Any], said: list[str]
) -> None:
    """Nobody is to load it by an alias."""
    parameters = {"options": {**PARAMETERS["options"], "factor": "one"}}
    entry = with_entry(registered_model_name="prices", alias="newest")
    project = make_prices(make_project, parameters=parameters, mlflow=entry)
    project.session_run()
    assert "is not registered, and may not work" in said[0]
    assert project.client.search_registered_models() == []


def test_registered(make_project: Callable[..., Any]) -> None:
    """The model is registered once the run has succeeded, and gets its alias."""
    tags = {"team": "wine"}
    entry = with_entry(registered_model_name="prices", alias="newest", tags=tags)
    project = make_prices(make_project, mlflow=entry)
    project.session_run()
    version = project.client.get_model_version_by_alias("prices", "newest")
    assert version.run_id == project.run.info.run_id
    assert tags.items() <= version.tags.items()
    (model,) = project.client.search_logged_models([project.run.info.experiment_id])[:1]
    assert tags.items() <= model.tags.items()


def test_a_secret(make_project: Callable[..., Any]) -> None:
    """What came with the command and looks like a secret gets into no model."""
    project = make_prices(make_project)
    with pytest.raises(ConfigError, match=r"'options.api_key' is from the command line") as raised:
        project.session_run(runtime_params={"options": {"api_key": "hunter2"}})
    assert "hunter2" not in raised.value.message


def test_secrets_of_the_project(
    make_project: Callable[..., Any], told: list[str], tmp_path: Path
) -> None:
    """Those of parameters.yml are named, and the signature, which MLflow's UI shows, has none."""
    options = {
        **PARAMETERS["options"],
        "api_key": "hunter2",
        "url": "https://me:hunter2@host",
        "hosts": [{"token": "hunter2"}],
        "max_tokens": 5,
    }
    project = make_prices(make_project, parameters={"options": options})
    project.session_run()
    (warning,) = [line for line in told if "look like secrets" in line]
    assert "options.api_key, options.hosts.0.token, options.url." in warning
    assert "hunter2" not in warning
    folder = project.client.download_artifacts(project.run.info.run_id, "prices", str(tmp_path))
    assert "hunter2" not in (Path(folder) / "MLmodel").read_text()
    names = [item.name for item in load(project, tmp_path).metadata.get_params_schema().params]
    assert {"options.factor", "options.column", "options.max_tokens", "runner"} == set(names)


def test_parallel_runner(make_project: Callable[..., Any], tmp_path: Path) -> None:
    """With ParallelRunner the model is made in the main process, without MLflow's own advice."""
    project = make_prices(make_project)
    nodes = project.root / f"src/{project.package}/nodes.py"
    lambda_ = "lambda prices: prices.sort_index()"
    nodes.write_text(nodes.read_text().replace(lambda_, "pd.DataFrame.sort_index"))
    done = project.kedro("run", "--runner=ParallelRunner")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "input example" not in done.stdout
    import pandas as pd

    frame = pd.DataFrame({"size": [20.0], "colour": ["red"]})
    assert load(project, tmp_path).predict(frame)["price"].tolist() == [20.0]


KEPT = {**CATALOG, "features": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"}}
FIRST, REST = ["make_features", "train_encoder"], ["encode", "train"]


def test_the_last_part_of_the_training(
    make_project: Callable[..., Any], told: list[str], tmp_path: Path
) -> None:
    """A run from a node on logs the model with what an earlier run has left, and says so."""
    import mlflow
    import pandas as pd

    project = make_prices(make_project, catalog=KEPT)
    project.session_run(node_names=FIRST)
    assert (
        "pipeline_models.prices in conf/base/mlflow.yml: this run does not log the model: it does "
        "not run what follows in the training pipeline: encode, train." in told
    )
    assert models_of(project, project.run) == set()
    project.session_run(from_nodes=["encode"])
    assert any(line.endswith("the model contains encoder from an earlier run.") for line in told)
    newest = project.runs()[0]
    assert "prices" in models_of(project, newest)
    folder = project.client.download_artifacts(newest.info.run_id, "prices", str(tmp_path))
    frame = pd.DataFrame({"size": [10.0], "colour": ["blue"]})
    assert mlflow.pyfunc.load_model(folder).predict(frame)["price"].tolist() == [13.0]


def test_processes_of_one_run(make_project: Callable[..., Any], told: list[str]) -> None:
    """Of processes with one key that one logs the model which runs the last of its nodes."""
    project = make_prices(make_project, catalog=KEPT)
    for nodes in (FIRST, REST, FIRST):
        project.session_run(
            node_names=nodes, runtime_params={"mlflow": {"run": {"key": "tonight"}}}
        )
    first, third = [line for line in told if line.startswith("pipeline_models.prices")]
    assert first == (
        "pipeline_models.prices in conf/base/mlflow.yml: this run does not log the model: it "
        "has not run these nodes of the training pipeline yet: encode, train. The process that "
        "runs the last of them logs it."
    )
    assert third.endswith("log the model: another process has logged it to the same run.")
    assert "prices" in models_of(project, project.run)


def test_a_resumed_run(make_project: Callable[..., Any], told: list[str]) -> None:
    """A run that failed and is completed logs the model, whatever its last attempt has run."""
    project = make_prices(make_project, catalog=KEPT)
    raw = (project.root / "raw.csv").read_text()
    project.write("raw.csv", raw.replace("price", "cost"))
    with pytest.raises(Exception, match="price"):
        project.session_run()
    project.write("raw.csv", raw)
    project.session_run(from_nodes=REST, runtime_params={"mlflow": {"run": {"resume": True}}})
    assert project.run.info.status == "FINISHED"
    assert "prices" in models_of(project, project.run)
    assert not [line for line in told if "earlier run" in line]


SUM = """
from {package}.nodes import create_inference, create_pipeline
from kedro.framework.project import pipelines
from kedro.pipeline import node, pipeline

def register_pipelines():
    inference = create_inference() + pipeline([node(len, "raw", "{output}", name="{name}")])
    found = {{"training": create_pipeline(), "inference": inference}}
    if pipelines._requested_pipelines is None:  # as `find_pipelines` does
        found["__default__"] = sum(found.values(), pipeline([]))
    return found
"""


@pytest.mark.skipif(not hasattr(pipelines, "set_requested"), reason="Kedro adds them up itself")
@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("train", "count", "ValueError: Pipeline nodes must have unique names. "),
        ("count", "features", "OutputNotUniqueError: Output(s) ['features'] are returned by more"),
    ],
)
def test_pipelines_that_do_not_go_together(
    make_project: Callable[..., Any], name: str, output: str, message: str
) -> None:
    """The project's own mistake is named before the pipeline runs, and MLflow is not blamed."""
    entry = {"pipeline_models": {"prices": {**ENTRY, "training": "__default__"}}}
    project = make_prices(make_project, mlflow=entry)
    text = SUM.format(package=project.package, name=name, output=output)
    project.write(f"src/{project.package}/pipeline_registry.py", text)
    with pytest.raises(ConfigError) as raised:
        project.session_run(pipeline_names=["training"])
    said = raised.value.message
    assert said.startswith(
        "pipeline_models.prices in conf/base/mlflow.yml: 'training' names the pipeline"
    )
    assert "cannot be registered together. Correct pipeline_registry.py" in said
    assert message in said
    assert not (project.root / "data").exists()


CHAMPION = """
from {package}.nodes import create_inference, create_pipeline
from kedro.pipeline import pipeline

def register_pipelines():
    inference = pipeline(create_inference(), inputs={{"model": "champion"}})
    return {{"__default__": create_pipeline(), "inference": inference}}
"""
MODEL = "mlflow_on_kedro.MLflowModelDataset"


@pytest.fixture
def project_with_champion(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function: an entry's keys -> a project whose inference takes the champion of the registry.

    One run has been made, without a pipeline model, so that there is a version.
    """

    def make(**entry: Any) -> Any:
        catalog = {
            **CATALOG,
            "model": {"type": MODEL, "registered_model_name": "m", "alias": "champion"},
            "champion": {"type": MODEL, "model_uri": "models:/m@champion"},
        }
        project = make_prices(make_project, catalog=catalog, mlflow={})
        registry = CHAMPION.format(package=project.package)
        project.write(f"src/{project.package}/pipeline_registry.py", registry)
        project.session_run()
        project.write("conf/base/mlflow.yml", yaml.safe_dump(with_entry(**entry)))
        return project

    return make


def test_an_earlier_champion(
    project_with_champion: Callable[..., Any], said: list[str], tmp_path: Path
) -> None:
    """A model that holds the champion of before says so, and which version it is."""
    project = project_with_champion(metadata={"team": "wine"})
    project.session_run()
    (message,) = said
    assert message == (
        "pipeline_models.prices in conf/base/mlflow.yml: the model contains models:/m/1, and not "
        "'model', which this run has trained: the pipeline 'inference' takes 'champion' "
        "(models:/m@champion). To have the new one in it, let the pipeline take 'model' instead."
    )
    newest = project.runs()[0]
    folder = project.client.download_artifacts(newest.info.run_id, "prices", str(tmp_path))
    described = yaml.safe_load((Path(folder) / "MLmodel").read_text())
    assert described["metadata"] == {
        "kedro.loaded_from": {"champion": "models:/m/1"},
        "team": "wine",
    }
    (used,) = [
        item.dataset for item in newest.inputs.dataset_inputs if item.dataset.name == "champion"
    ]
    assert "models:/m/1" in used.source
