"""Hooks of the installed package, which no settings.py names."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow_on_kedro
import pytest
from kedro.framework.hooks.manager import _create_hook_manager, _register_hooks
from mlflow_on_kedro.hooks.installed import InstalledHooks
from mlflow_on_kedro.hooks.registry import default_hooks
from mlflow_on_kedro.utils import installation

PLUGIN = Path(mlflow_on_kedro.__file__).parents[1]
VERSION = mlflow_on_kedro.__version__

NODES = """
from kedro.pipeline import node, pipeline

def double(n):
    return n * 2

def create_pipeline():
    return pipeline([node(double, "params:n", "twice", name="double")])
"""
METRICS = {"twice", "system/time/pipeline", "system/time/double"}
NO_HOOKS = "HOOKS = ()\n"
ALL_HOOKS = "from mlflow_on_kedro import mlflow_hooks\n\nHOOKS = mlflow_hooks()\n"
ONE_HOOK = "from mlflow_on_kedro import MLflowTimeLoggerHook\n\nHOOKS = (MLflowTimeLoggerHook(),)\n"
DISABLED = 'DISABLE_HOOKS_FOR_PLUGINS = ("mlflow-on-kedro",)\n'
BESIDE_KEDRO_MLFLOW = 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)\n'


def add_distribution(site: Path, name: str) -> Path:
    """Write the metadata of an installed distribution, and return their folder."""
    folder = site / f"{name.replace('-', '_')}-{VERSION}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n")
    return folder


def add_plugin(site: Path) -> Path:
    """Write the plugin's metadata, with the entry points of its pyproject.toml."""
    text = (PLUGIN / "pyproject.toml").read_text(encoding="utf-8")
    groups = re.findall(r'\[project\.entry-points\."(.+)"\]\n((?:.+\n)+)', text)
    folder = add_distribution(site, "mlflow-on-kedro")
    (folder / "entry_points.txt").write_text(
        "".join(f"[{name}]\n{lines.replace(chr(34), '')}\n" for name, lines in groups)
    )
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed distributions, in which the plugin is one, edited in place."""
    folder = tmp_path / "site"
    url = {"url": PLUGIN.as_uri(), "dir_info": {"editable": True}}
    (add_plugin(folder) / "direct_url.json").write_text(json.dumps(url))
    monkeypatch.syspath_prepend(str(folder))
    installation.present.cache_clear()
    yield folder
    installation.present.cache_clear()


@pytest.fixture
def make(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project with some text of settings.py."""

    def make_(settings: str = NO_HOOKS) -> Any:
        return make_project(NODES, parameters={"n": 3}, settings=settings)

    return make_


@pytest.mark.usefixtures("site")
class TestInstalled:
    """The package is installed, and the project has no copy of it."""

    @pytest.mark.parametrize("runner", ["SequentialRunner", "ParallelRunner"])
    def test_tracks(self, make: Callable[..., Any], runner: str) -> None:
        """A project with mlflow.yml is tracked as with ``mlflow_hooks()``."""
        import kedro.runner

        project = make()
        project.session_run(runner=getattr(kedro.runner, runner)())
        run = project.run
        assert run.info.status == "FINISHED"
        assert run.data.params == {"n": "3"}
        assert set(run.data.metrics) == METRICS
        assert project.artifacts(run.info.run_id) == {"gantt.html", "kedro/timeline.json"}

    def test_no_mlflow_yml(self, make: Callable[..., Any]) -> None:
        """A project without mlflow.yml is left alone."""
        project = make()
        (project.root / "conf/base/mlflow.yml").unlink()
        project.session_run()
        assert project.runs() == []
        assert not (project.root / ".mlflow_on_kedro").exists()
        assert not hasattr(project.context(), "mlflow")

    def test_never_twice(self, make: Callable[..., Any]) -> None:
        """Beside ``HOOKS = mlflow_hooks()`` everything is logged once."""
        project = make(ALL_HOOKS)
        project.session_run()
        run = project.run
        assert set(run.data.metrics) == METRICS
        for name in METRICS:
            assert len(project.client.get_metric_history(run.info.run_id, name)) == 1

    def test_chosen_hooks(self, make: Callable[..., Any]) -> None:
        """Where settings.py has some of the hooks, there are no others."""
        project = make(ONE_HOOK)
        project.session_run()
        assert set(project.run.data.metrics) == {"system/time/double"}

    def test_disabled(self, make: Callable[..., Any]) -> None:
        """Kedro's own setting switches them off."""
        project = make(DISABLED)
        project.session_run()
        assert project.runs() == []

    def test_beside_kedro_mlflow(self, make: Callable[..., Any], site: Path) -> None:
        """Where kedro-mlflow is installed, mlflow.yml is its file, unless its hooks are off."""
        add_distribution(site, "kedro-mlflow")
        project = make()
        project.session_run()
        assert project.runs() == []
        project.write(f"src/{project.package}/settings.py", BESIDE_KEDRO_MLFLOW)
        done = project.kedro("run", env={"PYTHONPATH": os.pathsep.join([str(PLUGIN), str(site)])})
        assert done.returncode == 0, done.stderr
        assert set(project.run.data.metrics) == METRICS


def test_a_copy_in_src(make: Callable[..., Any], tmp_path: Path) -> None:
    """A project with a copy of the plugin is tracked only by the hooks in its settings.py."""
    project = make()
    site = tmp_path / "site"
    add_plugin(site)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PLUGIN / "mlflow_on_kedro", site / "mlflow_on_kedro", ignore=ignore)
    environment = {"PYTHONPATH": str(site)}
    copy = project.root / "src" / "mlflow_on_kedro"
    shutil.copytree(PLUGIN / "mlflow_on_kedro", copy, ignore=ignore)
    done = project.kedro("run", env=environment)
    assert done.returncode == 0, done.stderr
    assert project.runs() == []
    shutil.rmtree(copy)
    done = project.kedro("run", env=environment)
    assert done.returncode == 0, done.stderr
    assert set(project.run.data.metrics) == METRICS


def test_one_plugin_for_all_hooks() -> None:
    """As one plugin, the hooks have the same methods in the same order as each by itself."""
    separate, together = _create_hook_manager(), _create_hook_manager()
    hooks = [hook() for hook in default_hooks()]
    _register_hooks(separate, hooks)
    together.register(InstalledHooks(hooks))
    for name in (name for name in dir(separate.hook) if not name.startswith("_")):
        expected, found = (
            [
                (item.function.__self__, item.hookwrapper, item.tryfirst, item.argnames)
                for item in getattr(manager.hook, name).get_hookimpls()
            ]
            for manager in (separate, together)
        )
        assert found == expected
