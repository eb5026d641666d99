"""mlflow_hooks: all hooks at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow_on_kedro import mlflow_hooks
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.hooks.base import TrackingHook
from mlflow_on_kedro.hooks.registry import default_hooks, hook_classes

PLUGIN = Path(__file__).parents[3] / "plugin_src"


def test_all() -> None:
    """It gives the hooks of the design, each a new one at every call."""
    names = [type(hook).__name__ for hook in mlflow_hooks()]
    assert names == [hook.__name__ for hook in default_hooks()]
    shipped = [
        "MLflowBasicLoggerHook",
        "MLflowCatalogLoggerHook",
        "MLflowInputsLoggerHook",
        "MLflowArtifactsLoggerHook",
        "MLflowEnvVarsLoggerHook",
        "MLflowTimeLoggerHook",
        "MLflowPipelineModelLoggerHook",
    ]
    assert [name for name in names if name in shipped] == shipped
    first, second = mlflow_hooks(), mlflow_hooks()
    assert not [hook for hook in first if any(hook is other for other in second)]


def test_like_a_tuple() -> None:
    """It can be read again and again, cut, and put together with other hooks."""
    hooks, own = mlflow_hooks(), object()
    number = len(default_hooks())
    assert len(hooks) == number
    assert list(hooks) == list(hooks) == [hooks[n] for n in range(number)]
    assert hooks[:2] == (hooks[0], hooks[1])
    assert (*hooks, own) == hooks + (own,)  # noqa: RUF005 - as a user may write it
    assert [own, *hooks] == list([own] + hooks)  # noqa: RUF005 - as above


def test_for_a_command_that_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs no pipeline gets one hook, which completes the catalog."""
    monkeypatch.setattr(sys, "orig_argv", ["kedro", "catalog", "describe-datasets"])
    assert [type(hook) for hook in mlflow_hooks()] == [TrackingHook]


@pytest.mark.parametrize("name", hook_classes())
def test_each_hook(name: str) -> None:
    """A hook can be imported from the plugin, and its section is one of mlflow.yml's."""
    hook = hook_classes()[name]
    assert name in {"TrackingHook", "NodeTimesHook", "NodeValuesHook"} or (
        getattr(mlflow_on_kedro, name) is hook
    )
    assert not hook.section or hasattr(Config(), hook.section)


def test_settings_import_no_hook(make_project: Any) -> None:
    """Who reads settings.py only, as most ``kedro`` commands do, imports no hook."""
    project = make_project("def create_pipeline(): ...")
    script = (
        "import sys; from pathlib import Path; from kedro.framework.startup import "
        "bootstrap_project; bootstrap_project(Path.cwd()); print(sorted(name for name in "
        "sys.modules if name.startswith('mlflow_on_kedro')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = ("hooks", "hooks.registry", "utils", "utils.command_line")
    expected = ["mlflow_on_kedro", *(f"mlflow_on_kedro.{name}" for name in modules)]
    assert done.stdout.splitlines()[-1] == str(expected), done.stdout


def test_no_mlflow_yml(make_project: Any) -> None:
    """Without an mlflow.yml all work with their defaults."""
    text = """
    from kedro.pipeline import node, pipeline

    def double(n):
        return n * 2

    def create_pipeline():
        return pipeline([node(double, "params:n", "twice", name="double")])
    """
    project = make_project(text, parameters={"n": 3})
    (project.root / "conf/base/mlflow.yml").unlink()
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params == {"n": "3"}
    assert set(run.data.metrics) == {
        "twice",
        "system/time/pipeline",
        "system/time/double",
    }
    files = {"gantt.html", "kedro/timeline.json", "kedro/parameters.yml"}
    assert files <= project.artifacts(run.info.run_id)
    assert "kedro_command" in run.data.tags


def test_public_names() -> None:
    """Every name of ``__all__`` is there, and ``__all__`` is sorted."""
    names = mlflow_on_kedro.__all__
    assert all(hasattr(mlflow_on_kedro, name) for name in names)
    assert names == sorted(names)
