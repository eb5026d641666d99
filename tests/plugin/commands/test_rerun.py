"""``kedro mlflow rerun`` in real projects whose newer commits have changed the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import PLUGIN
from tests.git_calls import commit_all, git

NODES = """
from kedro.pipeline import node, pipeline

def score(rows, model, api):
    return float(len(rows) * model["C"] {factor} + len(api["token"]))

def create_pipeline():
    return pipeline([node(score, ["wines", "params:model", "params:api"], "accuracy")])
"""
CATALOG = {
    "wines": {"type": "pandas.CSVDataset", "filepath": "data/wine.csv"},
    "accuracy": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}
PARAMETERS = {"model": {"C": 2, "kind": "linear"}, "api": {"token": "four"}}


@pytest.fixture
def project(make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project in a git repository, with a run and newer commits."""
    made = make_project(
        NODES.format(factor=""),
        catalog=CATALOG,
        parameters=PARAMETERS,
        mlflow={"provenance": {"enabled": True}},
    )
    made.write("data/wine.csv", "a\n1\n2\n3\n")
    made.write(
        ".gitignore", "data/\nmlflow.db*\nmlruns/\n.mlflow_on_kedro/\n__pycache__/\nlocal/\n"
    )
    commit_all(made.root, "First")
    made.write(f"src/{made.package}/nodes.py", NODES.format(factor="* 10"))
    monkeypatch.setenv("PYTHONPATH", str(PLUGIN))
    return made


def change(project: Any) -> None:
    """Change code, parameters and data after a run."""
    project.write(f"src/{project.package}/nodes.py", NODES.format(factor="* 100"))
    project.write("conf/base/parameters.yml", "model: {C: 3, kind: linear}\napi: {token: four}\n")
    commit_all(project.root, "Second")


def rerun(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "rerun", *words], obj=metadata)


def test_old_code_brings_the_old_metric_back(project: Any, capfd: Any) -> None:
    """With --worktree a run with changes is repeated: its commit, changes, parameters and data."""
    project.session_run(runtime_params={"model": {"C": 5}})
    first = project.run
    assert first.data.metrics["accuracy"] == 3 * 5 * 10 + 4
    change(project)

    dry = rerun(project, "latest", "--worktree", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "+    return float(len(rows) * model" in dry.output
    assert "It would be: kedro run --params=model.C=5" in dry.output
    assert len(project.runs()) == 1

    done = rerun(project, "latest", "--worktree", "--check", "metrics.accuracy=0")
    assert done.exit_code == 0, done.output + capfd.readouterr().out
    assert "Parameters that are passed: model.C=5" in done.output
    assert "used: api.token" in done.output
    assert "All 1 metrics are equal: accuracy 154" in done.output
    again = next(run for run in project.runs() if run.info.run_id != first.info.run_id)
    assert again.data.metrics["accuracy"] == 154
    assert again.data.tags["kedro.rerun_of"] == first.info.run_id
    assert (
        again.data.tags["mlflow.source.git.commit"] == first.data.tags["mlflow.source.git.commit"]
    )
    assert not list((project.root / ".mlflow_on_kedro/worktrees").iterdir())
    assert (project.root / "data/wine.csv").exists()


@pytest.mark.slow
def test_present_code(project: Any, capfd: Any) -> None:
    """Without --worktree present code gets the run's parameters, and the check says what moved."""
    project.session_run()
    change(project)
    project.write("data/wine.csv", "a\n1\n2\n3\n4\n")
    done = rerun(project, "latest", "--check", "metrics.accuracy=10")
    assert done.exit_code == 1, done.output + capfd.readouterr().out
    assert "model.C  2 -> 3" in done.output
    assert "wines  digest" in done.output
    assert "Second" in done.output
    assert "accuracy has moved by 740, which is more than 10: 64 -> 804" in done.output


@pytest.mark.slow
def test_virtual_environment(project: Any, capfd: Any) -> None:
    """With --env the run's packages are installed, and the environment runs it."""
    project.session_run()
    done = rerun(project, "latest", "--env", "--worktree", "--check", "metrics.accuracy=0")
    assert done.exit_code == 0, done.output + capfd.readouterr().err
    newest = project.runs()[0]
    file = project.client.download_artifacts(newest.info.run_id, "kedro/environment.json")
    assert json.loads(Path(file).read_text())["python"]
    assert list((project.root / ".mlflow_on_kedro/environments").iterdir())


def test_mistakes(project: Any) -> None:
    """Nothing runs if the run cannot be repeated."""
    client = project.client
    experiment = client.create_experiment(project.package)
    client.create_run(experiment, run_name="hand-made")
    done = rerun(project, "latest")
    assert "cannot be repeated, because it is no `kedro run` command" in done.output
    tags = {"kedro_command": "kedro run --tags=x --config=/etc/passwd"}
    client.create_run(experiment, tags=tags, run_name="evil")
    assert "`--config=/etc/passwd` is no known option" in rerun(project, "evil").output
    done = rerun(project, "latest", "--env", "prod")
    assert "--kedro-env is Kedro's environment" in done.output
    assert git(project.root, "worktree", "list").count("\n") == 0


def test_lost_code(project: Any) -> None:
    """Nothing runs without a module that the run could import and that was in no commit."""
    git_state = {"commit": git(project.root, "rev-parse", "HEAD"), "dirty": True}
    git_state["untracked"] = ["notes.txt", f"src/{project.package}/helper.py"]
    client = project.client
    location = (project.root / "artifacts").as_uri()
    experiment = client.create_experiment(project.package, location)
    run_id = client.create_run(experiment, run_name="old").info.run_id
    environment = {"command": "kedro run", "git": git_state}
    client.log_text(run_id, json.dumps(environment), "kedro/environment.json")
    done = rerun(project, "old", "--worktree", "--dry-run")
    assert done.exit_code == 1
    assert "a file that git does not track -> (not there)" in done.output
    assert f"the run could import src/{project.package}/helper.py, which git" in done.output
    assert not list((project.root / ".mlflow_on_kedro/worktrees").iterdir())


@pytest.mark.parametrize("option", ["--from-nodes", "--nodes"])
def test_combination_of_a_sweep(project: Any, option: str) -> None:
    """A combination is repeated with the nodes that its sweep ran once."""
    client = project.client
    experiment = client.create_experiment(project.package, (project.root / "artifacts").as_uri())
    tags = {
        "kedro_command": f"kedro run {option}=train --params=model.C=5",
        "kedro.sweep": "s1",
        "kedro.sweep.combination": "0001",
    }
    client.create_run(experiment, tags=tags, run_name="C=5")
    done = rerun(project, "C=5", "--dry-run")
    assert done.exit_code == 0, done.output
    assert f"the whole pipeline is run, without {option}." in done.output
    assert "It would be: kedro run --params=model.C=5" in done.output


def test_environment_variables(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are compared under the prefix that mlflow.yml gives them."""
    variables = {"params": ["WINE"], "prefix": "my_"}
    content = {"provenance": {"enabled": True}, "env_vars": variables}
    project.write("conf/base/mlflow.yml", json.dumps(content))
    monkeypatch.setenv("WINE", "red")
    project.session_run()
    assert "WINE" not in rerun(project, "latest", "--dry-run").output
    monkeypatch.setenv("WINE", "white")
    assert "my_WINE  red -> white" in rerun(project, "latest", "--dry-run").output
