"""``kedro mlflow init``: shows, asks, writes; and then the project tracks."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow_on_kedro.commands.setup import settings_trial
from mlflow_on_kedro.utils.mlflow_version import major_minor

from tests.plugin import settings_texts

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


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Try settings.py out here; a process takes seconds, and other tests do."""
    monkeypatch.setattr(
        "mlflow_on_kedro.commands.setup.settings_trial.try_out", settings_trial.execute
    )
    yield
    for name in list(sys.modules):
        if name.split(".")[0] == "kedro_mlflow":  # the stand-in that a test has written
            del sys.modules[name]


def texts(project: Any) -> dict[str, str]:
    """All files of the project."""
    return {
        path.relative_to(project.root).as_posix(): path.read_text(encoding="utf-8")
        for path in project.root.rglob("*")
        if path.suffix in {".py", ".yml"} or path.name == ".gitignore"
    }


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize(("words", "said"), [(["--dry-run"], ""), ([], "n\n"), ([], "")])
def test_nothing_is_written(project: Any, words: list[str], said: str) -> None:
    """With `--dry-run`, or without a yes, the changes are only shown."""
    before = texts(project)
    result = init(project, *words, said=said)
    assert "+++ b/conf/base/mlflow.yml" in result.output
    assert "+HOOKS = mlflow_hooks()" in result.output
    assert "+.mlflow_on_kedro/" in result.output
    assert result.exit_code == (0 if words else 1)
    if major_minor(version("click")) >= (
        8,
        2,
    ):  # before, its runner takes the end for an empty line
        assert ("Give --yes to agree." in result.output) == (not words and not said)
    assert texts(project) == before


@pytest.mark.usefixtures("_in_this_process")
def test_requirements_with_hashes(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled requirements.txt stays as it is, and a message says where the plugin belongs."""
    monkeypatch.setattr(
        "mlflow_on_kedro.commands.init.shareable_requirement", lambda: "mlflow-on-kedro==1.0"
    )
    (project.root / "requirements.txt").write_text("kedro==1.0 --hash=sha256:1\n")
    result = init(project, "--dry-run")
    assert "put mlflow-on-kedro==1.0 into the file that it is compiled from" in result.output
    assert "b/requirements.txt" not in result.output


@pytest.mark.usefixtures("_in_this_process")
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


def test_what_runs_no_more_is_refused(project: Any) -> None:
    """A settings.py is run before it is written; else it stays, and the lines to add are said."""
    path = project.write(
        f"src/{project.package}/settings.py",
        """
        class Hooks:
            def __iter__(self):
                assert "mlflow_hooks" not in globals(), "no other hooks"
                return iter(())

        HOOKS = Hooks()
        """,
    )
    before = texts(project)
    result = init(project, "--yes")
    assert result.exit_code == 1
    assert f"{path} cannot be changed automatically: it would not run" in result.output
    assert "AssertionError: no other hooks" in result.output
    assert "    HOOKS = (*mlflow_hooks(), *HOOKS)\n" in result.output
    assert "Traceback" not in result.output
    assert texts(project) == before


def test_what_does_not_run_now_is_refused(project: Any) -> None:
    """An error that is there already is said; Kedro passes over one in an import."""
    text = "import no_such_module\n"
    project.write(f"src/{project.package}/settings.py", text)
    result = init(project, "--yes")
    assert result.exit_code == 1
    assert "does not run as it is: line 1: ModuleNotFoundError" in result.output
    assert texts(project)[f"src/{project.package}/settings.py"] == text


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("is_installed", [True, False])
def test_beside_kedro_mlflow(
    project: Any, monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    """kedro-mlflow's hooks go out of HOOKS, and those that it registers by itself are kept out."""
    for name, text in settings_texts.KEDRO_MLFLOW.items():
        project.write(f"src/{name}", text)
    project.write(f"src/{project.package}/hooks.py", settings_texts.HOOKS_MODULE)
    project.write(f"src/{project.package}/settings.py", settings_texts.OLD["between"])
    installed = {"kedro-mlflow": {"Name": "kedro_mlflow"}} if is_installed else {}

    def metadata(name: str) -> Any:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr("importlib.metadata.metadata", metadata)
    result = init(project, "--yes")
    assert result.exit_code == 0, result.output
    assert "kedro-mlflow's hooks are taken out of HOOKS" in result.output
    assert ("kedro-mlflow is installed, too" in result.output) is is_installed
    lines = texts(project)[f"src/{project.package}/settings.py"].splitlines()
    assert "HOOKS = (A(), *mlflow_hooks(), B())" in lines
    assert ('DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)' in lines) is is_installed


@pytest.mark.usefixtures("_in_this_process")
def test_kedro_vizs_session_store(project: Any) -> None:
    """A store that Kedro-Viz no longer has goes out, and the message names what comes instead."""
    project.write(
        f"src/{project.package}/settings.py",
        """
        from kedro_viz.integrations.kedro.sqlite_store import SQLiteStore

        SESSION_STORE_CLASS = SQLiteStore
        SESSION_STORE_ARGS = {"path": "data"}
        """,
    )
    result = init(project, "--yes")
    assert result.exit_code == 0, result.output
    assert "-SESSION_STORE_CLASS = SQLiteStore" in result.output
    assert "`kedro mlflow import` brings its sessions into MLflow." in result.output
    text = texts(project)[f"src/{project.package}/settings.py"]
    assert "kedro_viz" not in text
    assert 'SESSION_STORE_ARGS = {"path": "data"}' in text
    assert "HOOKS = mlflow_hooks()" in text


def test_a_mistake(project: Any) -> None:
    """A file that cannot be used is one message, and nothing is written."""
    project.write("conf/base/mlflow.yml", "serve: {}")
    before = texts(project)
    result = init(project, "--yes")
    assert result.exit_code == 1
    assert "unknown key 'serve'" in result.output
    assert "Traceback" not in result.output
    assert texts(project) == before
