"""``kedro mlflow modelify``: a pipeline as a model, from a finished run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.prices import CATALOG, ENTRY, make_prices, models_of

OPTIONS = ("--pipeline", "inference", "--input", "features")


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """The project, with one run that logged no model."""
    project = make_prices(make_project, mlflow={})
    project.session_run()
    return project


def modelify(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "modelify", *words], obj=metadata)


def predicted(project: Any, run_id: str, name: str, target: Path) -> float:
    """The price of a blue thing of size 10, by a model of a run."""
    import mlflow
    import pandas as pd

    folder = project.client.download_artifacts(run_id, name, str(target))
    model = mlflow.pyfunc.load_model(folder)
    frame = pd.DataFrame({"size": [10.0], "colour": ["blue"]})
    return float(model.predict(frame)["price"].iloc[0])


def test_an_older_run(project: Any, tmp_path: Path) -> None:
    """The model is of the run that was named: with its artifacts and its parameters."""
    first = project.run.info.run_id
    project.write("raw.csv", "size,colour,price\n1.0,red,100\n2.0,blue,200\n3.0,red,300\n")
    project.session_run(runtime_params={"options": {"factor": 5.0}})
    result = modelify(project, *OPTIONS, "--run-id", first)
    assert result.exit_code == 0, result.output
    assert f"runs:/{first}/inference" in result.output
    assert predicted(project, first, "inference", tmp_path) == 13.0
    # Without an id it is the newest: another model and another factor.
    result = modelify(project, "newest", *OPTIONS)
    assert result.exit_code == 0, result.output
    newest = project.runs()[0].info.run_id
    assert newest != first
    assert f"runs:/{newest}/newest" in result.output
    assert predicted(project, newest, "newest", tmp_path) == pytest.approx(5 * 1000)
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FINISHED"]


def test_an_entry(make_project: Callable[..., Any]) -> None:
    """The name of an entry of mlflow.yml is enough; options win over it."""
    project = make_prices(make_project, mlflow={"pipeline_models": {"prices": dict(ENTRY)}})
    project.session_run()
    assert "prices" in models_of(project, project.run)
    again = modelify(project, "prices")
    assert again.exit_code == 1
    assert "has a model 'prices' already" in again.output
    assert "Did you mean 'prices'?" in modelify(project, "price").output
    project.write(
        "conf/base/mlflow.yml",
        "pipeline_models: {other: {inference: inference, input: features, copy_mode: copy}}\n",
    )
    words = ("--copy-mode", "deepcopy", "--pip-requirement", "kedro")
    done = modelify(project, "other", *words, "--registered-model-name", "others")
    assert done.exit_code == 0, done.output
    assert project.client.get_model_version("others", "1").run_id == project.run.info.run_id
    run_id = project.run.info.run_id
    folder = Path(project.client.download_artifacts(run_id, "other"))
    assert '"copy_mode": "deepcopy"' in (folder / "data/pipeline/pipeline.json").read_text()
    assert "kedro" in (folder / "requirements.txt").read_text().splitlines()
    project.write("more.txt", "polars\n")
    words = ("--pip-requirements", "kedro", "--extra-pip-requirements", "more.txt")
    done = modelify(project, "with_files", *OPTIONS, *words)
    assert done.exit_code == 0, done.output
    folder = Path(project.client.download_artifacts(run_id, "with_files"))
    assert (folder / "requirements.txt").read_text().splitlines()[-2:] == ["kedro", "polars"]


def test_a_conda_environment(project: Any) -> None:
    """It takes the place of the requirements, those of an entry too."""
    project.write("env.yml", "name: mine\ndependencies: [python, {pip: [mlflow]}]\n")
    entry = {**ENTRY, "pip_requirements": ["kedro"]}
    project.write("conf/base/mlflow.yml", yaml.safe_dump({"pipeline_models": {"prices": entry}}))
    done = modelify(project, "prices", "--conda-env", "env.yml")
    assert done.exit_code == 0, done.output
    folder = Path(project.client.download_artifacts(project.run.info.run_id, "prices"))
    assert yaml.safe_load((folder / "conda.yaml").read_text())["name"] == "mine"
    result = modelify(project, "x", *OPTIONS, "--conda-env", "env.yml", "--pip-requirement", "x")
    assert "'pipeline_models.x.conda_env' has the requirements already" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Which model? Name an entry of `pipeline_models` in mlflow.yml, or give --pipeline"),
        (
            ("wine",),
            "has no 'wine', so --pipeline has to be given. It has: none.",
        ),
        (("--pipeline", "inference"), "so --input has to be given."),
        (("a/b", *OPTIONS), "a model's name must not contain"),
        (
            ("--pipeline", "inferense", "--input", "features"),
            "kedro mlflow modelify: 'inference' names the pipeline 'inferense', which is not",
        ),
        (("--pipeline", "inference", "--input", "feature"), "'feature' is no input of the pipel"),
        ((*OPTIONS, "--run-id", "abc"), "has no run with the id or name 'abc'."),
        ((*OPTIONS, "--pip-requirement", "no.txt"), "kedro mlflow modelify: there is no no.txt in"),
        ((*OPTIONS, "--runner", "NoRunner"), "runner: 'NoRunner' is none of"),
    ],
)
def test_mistakes(make_project: Callable[..., Any], words: tuple[str, ...], message: str) -> None:
    """Each mistake has one clear message, and exit status 1."""
    project = make_prices(make_project, mlflow={})
    result = modelify(project, *words)
    assert result.exit_code == 1
    assert message in result.output.splitlines()[-1]
    assert result.output.splitlines()[-1].startswith("Error: ")


def test_a_run_that_failed(project: Any) -> None:
    """No model is made of it, nor registered."""
    run_id = project.run.info.run_id
    project.client.set_terminated(run_id, "FAILED")
    result = modelify(project, *OPTIONS, "--run-id", run_id)
    assert result.exit_code == 1
    assert "is FAILED, and a model needs one that is FINISHED." in result.output


def test_what_came_with_the_command(make_project: Callable[..., Any]) -> None:
    """A parameter that training did not read is the model's as the run's command gave it."""
    project = make_prices(make_project, mlflow={})
    project.session_run(node_names=["make_features", "train_encoder"])
    project.session_run(runtime_params={"options": {"factor": 3.0}})
    result = modelify(project, *OPTIONS)
    assert result.exit_code == 0, result.output
    (run, _) = project.runs()
    uri = f"runs:/{run.info.run_id}/inference"
    mlflow.set_tracking_uri(project.uri)
    params = mlflow.models.get_model_info(uri).signature.params
    assert next(item.default for item in params if item.name == "options.factor") == 3.0


@pytest.mark.parametrize("keeps", [True, False])
def test_a_long_parameter(make_project: Callable[..., Any], keeps: bool, tmp_path: Path) -> None:
    """A text that MLflow holds cut is whole in the model, and so is a secret of the project."""
    options = {"factor": 1.0, "column": "price", "prompt": "abc " * 1753, "token": "hunter2"}
    project = make_prices(
        make_project,
        mlflow={"provenance": {"parameters": keeps}},
        parameters={"options": options},
    )
    project.session_run(runtime_params={"options": {"factor": 2.0}})
    result = modelify(project, *OPTIONS)
    assert result.exit_code == 0, result.output
    folder = project.client.download_artifacts(project.run.info.run_id, "inference", str(tmp_path))
    text = (Path(folder) / "data/pipeline/pipeline.json").read_text(encoding="utf-8")
    assert json.loads(text)["parameters"]["params:options"] == {**options, "factor": 2.0}


def test_no_run(make_project: Callable[..., Any]) -> None:
    """Where no run is finished, that is said."""
    result = modelify(make_prices(make_project, mlflow={}), *OPTIONS)
    assert result.exit_code == 1
    assert "has no finished run. Run the training pipeline, or give" in result.output


def test_a_run_without_the_artifacts(project: Any) -> None:
    """A run that has not what the model needs is told what it lacks."""
    project.session_run(node_names=["make_features"])
    result = modelify(project, *OPTIONS)
    assert result.exit_code == 1
    assert "gave no artifact 'encoder.pkl'" in result.output


def test_what_the_catalog_takes_from_elsewhere(project: Any) -> None:
    """An artifact that the catalog loads from a certain run stays that one, and is named."""
    first = project.run.info.run_id
    entry = {**CATALOG["encoder"], "loading_run_id": first}
    project.write("conf/other/catalog.yml", yaml.safe_dump({"encoder": entry}))
    project.session_run(env="other", node_names=["make_features", "encode", "train"])
    result = modelify(project, *OPTIONS, "--env", "other")
    assert result.exit_code == 0, result.output
    place = f"runs:/{first}/encoder.pkl"
    assert f"Taken from elsewhere, as the catalog says: encoder ({place})" in result.output
    mlflow.set_tracking_uri(project.uri)
    newest = project.client.get_run(project.runs()[0].info.run_id)
    info = mlflow.models.get_model_info(f"runs:/{newest.info.run_id}/inference")
    assert info.metadata == {"kedro.loaded_from": {"encoder": place}}
    used = {item.dataset.name: item.dataset.source for item in newest.inputs.dataset_inputs}
    assert place in used["encoder"]


def test_help() -> None:
    """The help tells what goes into the model, and gives examples."""
    result = modelify_help()
    assert "kedro mlflow modelify --pipeline predict --input new_wines" in result
    for option in ("--run-id", "--input-name", "--runner", "--copy-mode", "--code-path", "--env"):
        assert option in result


def modelify_help() -> str:
    """What `--help` prints."""
    from mlflow_on_kedro.cli import cli

    return CliRunner().invoke(cli, ["mlflow", "modelify", "--help"]).output
