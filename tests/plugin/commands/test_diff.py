"""``kedro mlflow diff`` and ``context.mlflow.diff``, on runs that a client makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.git_calls import commit_all

PIPELINE = "from kedro.pipeline import pipeline\ncreate_pipeline = lambda: pipeline([])\n"


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project without nodes."""
    return make_project(PIPELINE)


@pytest.fixture
def add(project: Any) -> Callable[..., str]:
    """A function that adds a run with metrics and files."""
    experiment = project.client.create_experiment(project.package, (project.root / "a").as_uri())
    start = 1_790_000_000_000

    def add_(name: str, accuracy: float, params: dict[str, str], **files: str) -> str:
        nonlocal start
        start += 1000
        client = project.client
        run_id = str(client.create_run(experiment, start, run_name=name).info.run_id)
        client.log_metric(run_id, "accuracy", accuracy)
        client.log_metric(run_id, "system/time/train", accuracy)
        for key, value in params.items():
            client.log_param(run_id, key, value)
        for file, text in files.items():
            client.log_text(run_id, text, f"kedro/{file.replace('_', '.')}")
        client.set_terminated(run_id, "FINISHED", start + 2000)
        return run_id

    return add_


def diff(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "diff", *words], obj=metadata)


def test_texts_and_json(project: Any, add: Callable[..., str], tmp_path: Path) -> None:
    """The command prints text or JSON, and its exit status can say that metrics differ."""
    commit = commit_all(project.root, "First")
    environment = json.dumps({"command": "kedro run", "git": {"commit": commit, "dirty": False}})
    files = {"environment_json": environment, "requirements_txt": "pandas==2.2.0\n"}
    a = add("one", 0.9, {"C": "1"}, parameters_yml="C: 1\n", **files)
    add("two", 0.8, {"C": "2"}, parameters_yml="C: 2\n", **files)
    add("old", 0.8, {"C": "2"})

    done = diff(project, "one", "two")
    assert done.exit_code == 0, done.output
    assert "Likely cause: parameters (C: 1 -> 2)" in done.output
    assert "accuracy  0.9 -> 0.8  (-0.1)" in done.output
    assert "Equal: loaded versions, code, packages" in done.output
    assert diff(project, "one", "two", "--exit-code").exit_code == 1
    assert diff(project, "two", "old", "--exit-code").exit_code == 0

    file = tmp_path / "diff.json"
    assert diff(project, a[:8], "two", "--json", "-o", str(file)).exit_code == 0
    content = json.loads(file.read_text())
    assert content["a"]["run_id"] == a
    assert content["metrics"]["differences"] == [{"name": "accuracy", "a": 0.9, "b": 0.8}]
    assert [item["title"] for item in content["causes"] if item["differs"]] == ["Parameters"]

    old = diff(project, "one").output  # with the newest run
    assert "Likely cause: parameters (C: 1 -> 2)" in old
    assert "Not recorded: data (in A and B), loaded versions (in B), code (in B)" in old

    found = project.context().mlflow.diff("one", "two")
    assert repr(found) in done.output
    assert "accuracy  0.9 -&gt; 0.8" in found._repr_html_()

    add("no data", 0.9, {}, pipeline_json='{"nodes": [], "inputs": ["params:C"]}')
    assert "Not recorded: data" not in diff(project, "no data", "no data").output


def test_secrets(project: Any, add: Callable[..., str]) -> None:
    """A parameter that somebody has logged with a secret's name is not shown."""
    add("one", 0.9, {"api_key": "hunter2"})
    add("two", 0.9, {"api_key": "hunter3"})
    assert "hunter" not in diff(project, "one", "two").output


def test_mistakes(project: Any, add: Callable[..., str]) -> None:
    """An unknown run is one message."""
    add("one", 0.9, {})
    done = diff(project, "one", "nope")
    assert done.exit_code == 1
    assert "has no run with the id or name 'nope'" in done.output
