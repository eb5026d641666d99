"""``kedro mlflow migrate`` in projects of PipelineX and of Kedro-Viz's experiment tracking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from mlflow_on_kedro.commands.setup import settings_trial

from tests.plugin.compat.kedro_viz.old_sessions import FIRST, save
from tests.plugin.migrating import content_of, migrate

NODES = """
from kedro.pipeline import node, pipeline

def score():
    return {"f1": 0.75}

def describe():
    return {"names": ["alcohol", "ash"], "rows": 178}

def create_pipeline():
    return pipeline([node(score, None, "scores"), node(describe, None, "columns")])
"""

# In the form of its starter.
HOOKS = """\
import pipelinex

hooks = (
    pipelinex.MLflowBasicLoggerHook(
        experiment_name="experiment_001",  # ours
    ),
    pipelinex.MLflowCatalogLoggerHook(auto=True),
    pipelinex.AddTransformersHook(
        transformers=[pipelinex.MLflowIOTimeLoggerTransformer()],
    ),  # load and save
)
"""
PIPELINEX = """\
scores:
  type: pipelinex.MLflowDataSet  # a metric
  dataset: m
columns:
  type: json.JSONDataSet
  filepath: data/columns.json
picture:
  type: pipelinex.HistgramDataSet
  filepath: data/picture.png
"""
STORE = """\
from kedro_viz.integrations.kedro.sqlite_store import SQLiteStore

SESSION_STORE_CLASS = SQLiteStore
SESSION_STORE_ARGS = {"path": "data"}
"""
TRACKING = """\
scores:  # of the test set
  type: tracking.MetricsDataset
  filepath: data/09_tracking/scores.json

columns: {type: kedro_datasets.tracking.JSONDataSet, filepath: data/09_tracking/columns.json}
"""


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try settings.py out here; a process takes seconds, and other tests do."""
    monkeypatch.setattr(settings_trial, "try_out", settings_trial.execute)


def text(project: Any, path: str) -> str:
    """The text of a file."""
    return str((project.root / path).read_text(encoding="utf-8"))


def test_pipelinex(make_project: Callable[..., Any]) -> None:
    """Its hooks in a module, and its catalog; settings.py is tried with the new module."""
    settings = "from .hooks import hooks\n\nHOOKS = hooks\n"
    project = make_project(NODES, catalog=PIPELINEX, mlflow="", settings=settings)
    (project.root / "conf/base/mlflow.yml").unlink()
    hooks = f"src/{project.package}/hooks.py"
    project.write(hooks, HOOKS)
    project.write("requirements.txt", "kedro\nmlflow\npipelinex>=0.7.7  # tracking\n")
    result = migrate(project, "--yes")
    assert result.exit_code == 0, result.output
    new = HOOKS.replace("pipelinex", "mlflow_on_kedro")
    start, _, end = new.partition("    mlflow_on_kedro.AddTransformersHook(")
    last = "    mlflow_on_kedro.MLflowIOTimeLoggerTransformer()"
    assert text(project, hooks) == start + last + end[end.index(",  # load") :]
    assert text(project, f"src/{project.package}/settings.py") == settings
    entries = yaml.safe_load(text(project, "conf/base/catalog.yml"))
    assert entries["scores"] == {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"}
    assert entries["columns"]["type"] == "json.JSONDataset"
    assert "pipelinex" not in text(project, "requirements.txt").partition("#")[0]
    assert not (project.root / "conf/base/mlflow.yml").exists()
    (left,) = [line for line in result.output.splitlines() if "catalog.yml:" in line]
    assert "save it with `type: mlflow_on_kedro.MLflowDataset` and `dataset: figure`" in left
    assert "Uninstall PipelineX" in result.output
    assert "Nothing more can be rewritten. This is left to you:" in migrate(project, "--yes").output


@pytest.mark.usefixtures("_in_this_process")
def test_hooks_in_parameters(make_project: Callable[..., Any]) -> None:
    """They become the mlflow.yml of the same environment, and settings.py gets this plugin's."""
    parameters = (
        "depth: 3\n\nHOOKS:\n  - =: pipelinex.MLflowBasicLoggerHook # the run\n    uri: {}\n"
    )
    project = make_project(NODES, parameters=parameters.format("sqlite:///a.db"), settings="A = 1")
    (project.root / "conf/base/mlflow.yml").unlink()
    project.write("conf/prod/parameters.yml", parameters.format("http://h") + "RUN_CONFIG: {}\n")
    result = migrate(project, "--yes")
    assert result.exit_code == 0, result.output
    assert text(project, "conf/base/parameters.yml") == "depth: 3\n\n"
    assert text(project, "conf/prod/parameters.yml") == "depth: 3\n\nRUN_CONFIG: {}\n"
    assert text(project, "conf/prod/mlflow.yml") == "tracking:\n  uri: http://h\n"
    base = text(project, "conf/base/mlflow.yml")
    assert yaml.safe_load(base)["tracking"]["uri"] == "sqlite:///a.db"
    assert "# What goes to MLflow" in base
    assert "HOOKS = mlflow_hooks()" in text(project, f"src/{project.package}/settings.py")
    assert "conf/prod/parameters.yml:3: 'RUN_CONFIG' is PipelineX's" in result.output


@pytest.mark.usefixtures("_in_this_process")
def test_json(make_project: Callable[..., Any]) -> None:
    """It is not rewritten, and what is PipelineX's in it is not read either."""
    project = make_project(NODES)
    hooks = '{"HOOKS": [{"=": "pipelinex.MLflowTimeLoggerHook"}]}'
    project.write("conf/base/parameters_h.json", hooks)
    project.write("conf/base/parameters_x.json", '{"sign": {"=": "a"}}')
    project.write("conf/base/catalog_a.json", '{"a": {"type": "pipelinex.MLflowDataSet"}}')
    result = migrate(project, "--dry-run")
    assert result.exit_code == 0, result.output
    left = result.output.partition("Left to you:\n")[2]
    what = "is JSON with parts of PipelineX, which are not rewritten: rewrite them by hand."
    assert sorted(line.strip() for line in left.splitlines() if "JSON" in line) == [
        f"conf/base/catalog_a.json: {what}",
        f"conf/base/parameters_h.json: {what}",
    ]


def test_kedro_viz(make_project: Callable[..., Any]) -> None:
    """Runs log the same before and after, and `import` finds the sessions of before."""
    as_it_is = make_project(NODES, catalog=TRACKING)
    as_it_is.session_run()
    project = make_project(NODES, catalog=TRACKING, settings=STORE)
    settings = f"src/{project.package}/settings.py"
    project.write("requirements.txt", "kedro\nkedro-viz~=6.0\n")
    save(project.root / "data/09_tracking/scores.json", FIRST, {"f1": 0.5})
    result = migrate(project, "--yes")
    assert result.exit_code == 0, result.output
    written = text(project, settings)
    assert "SQLiteStore" not in written
    assert 'SESSION_STORE_ARGS = {"path": "data"}' in written
    assert "HOOKS = mlflow_hooks()" in written
    assert text(project, "conf/base/catalog.yml") == TRACKING.replace(
        "tracking.MetricsDataset", "mlflow_on_kedro.compat.MetricsDataset"
    ).replace("kedro_datasets.tracking.JSONDataSet", "mlflow_on_kedro.compat.JSONDataset")
    assert text(project, "requirements.txt").startswith("kedro\nkedro-viz~=6.0\n")
    assert "data/09_tracking/scores.json: has sessions of Kedro-Viz. `kedro mlflow import`" in (
        result.output
    )
    assert "Uninstall" not in result.output
    again = migrate(project, "--yes").output
    assert again.startswith("Nothing to rewrite: this project is written for this plugin.")
    project.session_run()
    before, after = (content_of(one, one.run) for one in (as_it_is, project))
    assert {**after, "name": None} == {**before, "name": None}
    assert after["metrics"] == {"scores.f1": 0.75, "columns.rows": 178}
