"""A run's inference pipeline as a model that needs no project."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.pipeline_models.builder import PipelineModelBuilder, Project
from mlflow_on_kedro.pipeline_models.spec import PipelineModelSpec

from tests.prices import make_prices

START_SECONDS = 120
FIRST = {
    "dataframe_split": {"columns": ["size", "colour"], "data": [[10.0, "blue"], [20.0, "red"]]}
}


@pytest.fixture
def build(make_project: Callable[..., Any], tmp_path: Path) -> Callable[..., Path]:
    """A function that trains in a project and makes the model; its arguments are the entry's."""

    def build_(**settings: Any) -> Path:
        project = make_prices(make_project, mlflow={"enabled": False})
        project.session_run()
        context = project.context()
        entry = PipelineModel(inference="inference", input="features", **settings)
        spec = PipelineModelSpec.from_registered("prices", entry, "mlflow.yml")
        names = (*spec.artifacts, *spec.parameters)
        datasets = {name: context.catalog.get(name) for name in names}
        features = context.catalog["raw"].load()[["size", "colour"]]
        folder = tmp_path / "model"
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        whose = Project(project.root, project.package)
        PipelineModelBuilder.from_datasets(scratch, spec, whose, datasets).save(folder, features)
        return folder

    return build_


def elsewhere(folder: Path) -> dict[str, str]:
    """The environment of a process that has neither the project nor the plugin."""
    shutil.rmtree(folder.parent / "data", ignore_errors=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, "PATH": path}


def test_without_the_project(build: Callable[..., Path], tmp_path: Path) -> None:
    """The model predicts where neither project nor plugin nor conf is, with any of the runners."""
    folder = build()
    script = """
import importlib.util, sys
import mlflow, pandas as pd

assert importlib.util.find_spec("mlflow_on_kedro") is None
model = mlflow.pyfunc.load_model(sys.argv[1])
wanted = pd.DataFrame({"size": [10.0, 20.0], "colour": ["blue", "red"]})
found = [
    model.predict(wanted, params=params).to_dict("list")
    for params in (
        None,
        {"options.factor": 2.0, "options.column": "euro", "runner": "ThreadRunner"},
        {"options.factor": 3.0},
        {},
    )
]
print("FOUND", found)
"""
    empty = tmp_path / "empty"
    empty.mkdir()
    for project in tmp_path.glob("project_*"):
        project.rename(project.with_name("moved"))
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=empty,
        env=elsewhere(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))
    assert line == (
        "FOUND [{'price': [13.0, 20.0]}, {'euro': [26.0, 40.0]}, {'price': [39.0, 60.0]}, "
        "{'price': [13.0, 20.0]}]"
    )
    assert "Running node" not in done.stdout  # a server would write it for each request


def test_what_is_in_it(build: Callable[..., Path]) -> None:
    """It tells what it takes and returns, pins what it needs, and carries the project's code."""
    folder = build()
    content = yaml.safe_load((folder / "MLmodel").read_text())
    signature = {kind: json.loads(text) for kind, text in content["signature"].items()}
    assert [(item["name"], item["type"]) for item in signature["inputs"]] == [
        ("size", "double"),
        ("colour", "string"),
    ]
    assert [(item["name"], item["type"]) for item in signature["outputs"]] == [("price", "double")]
    assert {item["name"]: item["default"] for item in signature["params"]} == {
        "options.column": "price",
        "options.factor": 1.0,
        "runner": "SequentialRunner",
    }
    required = (folder / "requirements.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in required} >= {"kedro", "mlflow", "scikit-learn"}
    assert all("==" in line for line in required)
    code = {path.name for path in (folder / "code").iterdir()}
    assert len(code) == 2
    assert "kedro_pipeline_model.py" in code
    assert "mlflow_on_kedro" not in code
    assert not list(folder.rglob("__pycache__"))
    assert not (folder / "input_example.json").exists()


def test_an_input_example(build: Callable[..., Path]) -> None:
    """With ``input_example`` the first rows are kept."""
    example = json.loads((build(input_example=True) / "input_example.json").read_text())
    assert example["columns"] == ["size", "colour"]
    assert len(example["data"]) == 5


def test_requirements_and_code_of_the_users(build: Callable[..., Path], tmp_path: Path) -> None:
    """Requirements and further code that are given are taken as they are."""
    extra = tmp_path / "extra.py"
    extra.write_text("X = 1\n")
    folder = build(pip_requirements=["kedro", "mlflow"], code_paths=[str(extra)])
    assert (folder / "requirements.txt").read_text().splitlines() == ["kedro", "mlflow"]
    assert (folder / "code/extra.py").exists()


def test_further_requirements(build: Callable[..., Path]) -> None:
    """They are added to the project's own."""
    lines = (build(extra_pip_requirements=["polars"]) / "requirements.txt").read_text().split()
    assert lines[-1] == "polars"
    assert any(line.startswith("kedro==") for line in lines)


def test_a_conda_environment(build: Callable[..., Path]) -> None:
    """It takes the place of requirements."""
    environment = {"name": "mine", "dependencies": ["python=3.12", {"pip": ["kedro"]}]}
    folder = build(conda_env=environment)
    assert yaml.safe_load((folder / "conda.yaml").read_text())["name"] == "mine"


def test_metadata(build: Callable[..., Path]) -> None:
    """It is in the model."""
    described = yaml.safe_load((build(metadata={"team": "wine"}) / "MLmodel").read_text())
    assert described["metadata"] == {"team": "wine"}


@pytest.mark.parametrize(
    "settings",
    [
        {"pip_requirements": "missing.txt"},
        {"pip_requirements": ["kedro", "-r missing.txt"]},
        {"extra_pip_requirements": "missing.txt"},
        {"code_paths": ["missing"]},
        {"conda_env": "missing.yml"},
    ],
)
def test_a_missing_path(build: Callable[..., Path], settings: Mapping[str, Any]) -> None:
    """A path that mlflow.yml gives and that is not there is named."""
    with pytest.raises(ConfigError, match=r"^mlflow.yml: there is no missing.* in "):
        build(**settings)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """`mlflow models serve`, and its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    words = ("models", "serve", "--model-uri", str(folder), "--env-manager", "local")
    log = folder.parent / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words, "--port", str(port)],
            cwd=folder.parent,
            env=elsewhere(folder),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            if server.poll() is not None:
                said = log.read_text()
                if "'FastAPI' object has no attribute" in said:
                    pytest.skip("this MLflow's own server does not start with this FastAPI")
                pytest.fail(said)
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(f"{address}/ping", timeout=5).close()
                break
            except OSError:
                time.sleep(0.3)
        yield address
    finally:
        if server.poll() is None:
            os.killpg(server.pid, 15)
            server.wait(30)


def ask(address: str, question: Mapping[str, Any]) -> Any:
    """Ask the server for a prediction."""
    request = urllib.request.Request(
        f"{address}/invocations",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


TWO = """
import sys
import mlflow
import pandas as pd

data = pd.DataFrame({"size": [10.0], "colour": ["blue"]})
first, second = (mlflow.pyfunc.load_model(path) for path in sys.argv[1:])
for model in (first, second, first):
    print("PRICE", model.predict(data)["price"][0])
"""


def test_two_versions_in_one_process(build: Callable[..., Path], tmp_path: Path) -> None:
    """Each predicts by its own code."""
    folder = build()
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (nodes,) = other.glob("code/*/nodes.py")
    nodes.write_text(nodes.read_text().replace('options["factor"]', 'options["factor"] + 1000'))
    done = subprocess.run(
        [sys.executable, "-c", TWO, str(folder), str(other)],
        cwd=tmp_path,
        env=elsewhere(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    prices = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("PRICE")]
    assert prices == ["13.0", "1013.0", "13.0"]


@pytest.mark.skipif(sys.platform == "win32", reason="the server ends with its process group")
@pytest.mark.slow
def test_served(build: Callable[..., Path]) -> None:
    """`mlflow models serve` answers, takes parameters and runners, and imports no other code."""
    with served(build()) as address:
        assert ask(address, FIRST) == {"predictions": [{"price": 13.0}, {"price": 20.0}]}
        asked = {**FIRST, "params": {"options.factor": 2.0, "runner": "ThreadRunner"}}
        assert ask(address, asked) == {"predictions": [{"price": 26.0}, {"price": 40.0}]}
        with pytest.raises(urllib.error.HTTPError) as refusal:
            ask(address, {**FIRST, "params": {"runner": "os.abort"}})
        assert refusal.value.code == 400
        assert "'os.abort' is none of ParallelRunner" in refusal.value.read().decode()
        assert ask(address, FIRST)["predictions"][0] == {"price": 13.0}
