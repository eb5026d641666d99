"""``kedro mlflow init``: shows, asks, writes; and then the project tracks."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""
SETTINGS = '''"""Project settings."""

# Instantiated project hooks.
# HOOKS = (ProjectHooks(),)
'''


def init(project: Any, *words: str, said: str = "") -> Result:
    """Run the command; ``said`` is what the user types."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    metadata = SimpleNamespace(**bootstrap_project(project.root)._asdict())
    return CliRunner().invoke(cli, ["mlflow", "init", *words], obj=metadata, input=said)


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project that knows nothing of MLflow."""
    project = make_project(NODES, settings=SETTINGS)
    (project.root / "conf/base/mlflow.yml").unlink()
    return project


def texts(project: Any) -> dict[str, str]:
    """All files of the project."""
    return {
        path.relative_to(project.root).as_posix(): path.read_text(encoding="utf-8")
        for path in project.root.rglob("*")
        if path.suffix in {".py", ".yml"} or path.name == ".gitignore"
    }


@pytest.mark.parametrize(("words", "said"), [(["--dry-run"], ""), ([], "n\n"), ([], "")])
def test_nothing_is_written(project: Any, words: list[str], said: str) -> None:
    """With `--dry-run`, or without a yes, the changes are only shown."""
    before = texts(project)
    result = init(project, *words, said=said)
    assert "+++ b/conf/base/mlflow.yml" in result.output
    assert "+HOOKS = mlflow_hooks()" in result.output
    assert "+.mlflow_on_kedro/" in result.output
    assert result.exit_code == (0 if words else 1)
    assert texts(project) == before


@pytest.mark.parametrize(("words", "said"), [(["--yes"], ""), (["-y"], ""), ([], "y\n")])
def test_written(project: Any, words: list[str], said: str) -> None:
    """After a yes the project is set up; the second time there is nothing to do."""
    result = init(project, *words, said=said)
    assert result.exit_code == 0, result.output
    assert ("Write these changes?" in result.output) is (not words)
    assert "`kedro mlflow ui`" in result.output
    before = texts(project)
    again = init(project)
    assert (again.exit_code, again.output) == (0, "Nothing to do: this project is set up.\n")
    assert texts(project) == before


def test_then_it_tracks(project: Any, store_template: Any) -> None:
    """The next `kedro run` is in MLflow."""
    assert init(project, "--yes").exit_code == 0
    shutil.copy(store_template, project.root / "mlflow.db")
    done = project.kedro("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.run.data.metrics["one"] == 1


def test_a_base_of_another_name(project: Any) -> None:
    """A project that has renamed its folders gets the file where Kedro looks for it."""
    text = 'CONF_SOURCE = "settings"\nCONFIG_LOADER_ARGS = {"base_env": "common"}\n'
    project.write(f"src/{project.package}/settings.py", text)
    result = init(project, "--yes")
    assert result.exit_code == 0, result.output
    assert (project.root / "settings/common/mlflow.yml").is_file()


def test_beside_kedro_mlflow(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kedro-mlflow is installed, too, it is said how to have each run tracked once."""
    monkeypatch.setattr("importlib.metadata.version", {"kedro-mlflow": "2.0.3"}.__getitem__)
    result = init(project, "--yes")
    assert 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow",)' in result.output


def test_a_mistake(project: Any) -> None:
    """A file that cannot be used is one message, and nothing is written."""
    project.write("conf/base/mlflow.yml", "server: {}")
    before = texts(project)
    result = init(project, "--yes")
    assert result.exit_code == 1
    assert "keys of something else: server" in result.output
    assert "Traceback" not in result.output
    assert texts(project) == before
