"""Wrong URIs in real projects: refused before anything runs, wherever they were given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.errors import ConfigError

NODES = """
from pathlib import Path

from kedro.pipeline import node, pipeline

def make():
    Path("ran.txt").write_text("yes")
    return 1

def create_pipeline():
    return pipeline([node(make, None, "made", name="make")])
"""
SETTINGS = """
from mlflow_on_kedro import MLflowBasicLoggerHook

HOOKS = (MLflowBasicLoggerHook(uri="127.0.0.1:5055"),)
"""
WRONG = "127.0.0.1:5055"
SAID = f"is '{WRONG}': the scheme is missing. Write 'http://{WRONG}'."


def with_commands(project: Any) -> Any:
    """Give a project the ``kedro mlflow`` commands."""
    project.write(f"src/{project.package}/cli.py", "from mlflow_on_kedro.cli import cli\n")
    return project


def refused(project: Any, where: str, *words: str, env: dict[str, str] | None = None) -> None:
    """A command ends with that one message, and has done nothing."""
    done = project.kedro(*words, env=env)
    printed = done.stdout + done.stderr
    said = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert done.returncode == 1, printed
    assert said == [f"Error: {where} {SAID}"], printed
    assert printed.count(WRONG) == 2  # as it is, and as it should be
    assert "Traceback" not in printed
    assert not (project.root / "ran.txt").exists()
    assert not list((project.root / ".mlflow_on_kedro").glob("journal/*/*"))


@pytest.mark.parametrize("key", ["uri", "registry_uri"])
def test_mlflow_yml(make_project: Any, key: str) -> None:
    """In mlflow.yml: one message, no traceback, no node, no journal."""
    project = make_project(NODES, mlflow={"tracking": {key: WRONG}})
    refused(project, f"conf/base/mlflow.yml: 'tracking.{key}'", "run")


def test_the_environment(make_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In MLFLOW_TRACKING_URI, if that counts: not where mlflow.yml has another, or is off."""
    project = make_project(NODES)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", WRONG)
    refused(project, "The environment variable MLFLOW_TRACKING_URI", "run")
    project.write("conf/local/mlflow.yml", "enabled: false\n")
    project.session_run()
    project.write("conf/local/mlflow.yml", f"tracking: {{uri: '{project.uri}'}}\n")
    project.session_run()
    assert project.run.info.status == "FINISHED"


def test_the_command(make_project: Any) -> None:
    """In ``--params`` of ``kedro run``, and in ``--uri`` of ``kedro mlflow sync``."""
    project = with_commands(make_project(NODES))
    given = f"mlflow.tracking.uri={WRONG}"
    refused(project, "--params mlflow.…: 'tracking.uri'", "run", "--params", given)
    project.session_run(runtime_params={"mlflow": {"tracking": {"mode": "offline"}}})
    (project.root / "ran.txt").unlink()
    waiting = list(project.root.glob(".mlflow_on_kedro/journal/*"))
    assert len(waiting) == 1
    done = project.kedro("mlflow", "sync", "--uri", WRONG)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).splitlines()[-1] == f"Error: --uri {SAID}"
    assert list(project.root.glob(".mlflow_on_kedro/journal/*")) == waiting


def test_a_hooks_argument(make_project: Any) -> None:
    """In an argument of a hook in settings.py."""
    project = make_project(NODES, settings=SETTINGS)
    refused(project, "settings.py: 'tracking.uri'", "run")


@pytest.mark.parametrize("words", [("ui", "--no-browser"), ("gantt", "last")])
def test_other_commands(make_project: Any, words: tuple[str, ...]) -> None:
    """Each command that asks MLflow says the same."""
    project = with_commands(make_project(NODES))
    wrong = {"MLFLOW_TRACKING_URI": WRONG}
    refused(project, "The environment variable MLFLOW_TRACKING_URI", "mlflow", *words, env=wrong)


def test_a_notebook(make_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``context.mlflow`` says it at its first use; the context itself loads."""
    project = make_project(NODES)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", WRONG)
    context = project.context()
    with pytest.raises(ConfigError, match=f"MLFLOW_TRACKING_URI {re.escape(SAID)}"):
        _ = context.mlflow.client


@pytest.mark.parametrize("argument", ["saving_tracking_uri", "loading_tracking_uri"])
def test_a_dataset(make_project: Any, argument: str) -> None:
    """In the catalog, and in a dataset that is made in Python."""
    entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json", argument: WRONG}
    project = make_project(NODES, catalog={"made": entry})
    refused(project, f"catalog.yml: 'made': `{argument}`", "run")
    with pytest.raises(DatasetError, match=f"^`{argument}` is '127.0.0.1:5055': the scheme"):
        MLflowDataset("json", **{argument: WRONG})


def test_a_model() -> None:
    """In a model's ``tracking_uri``."""
    with pytest.raises(DatasetError, match=r"^`tracking_uri` is 'htp://me'.*'http://me'\.$"):
        MLflowModelDataset(tracking_uri="htp://me")


def test_a_dataset_factory(make_project: Any, tmp_path: Path) -> None:
    """A factory's placeholder is no mistake before Kedro has filled it in."""
    entry = {
        "type": "mlflow_on_kedro.MLflowDataset",
        "dataset": "json",
        "saving_tracking_uri": f"sqlite:///{tmp_path.as_posix()}/{{name}}.db",
    }
    project = make_project(NODES, catalog={"{name}": entry})
    project.session_run()
    assert (tmp_path / "made.db").exists()
