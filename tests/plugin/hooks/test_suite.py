"""mlflow_hooks: all hooks at once."""

from __future__ import annotations

from typing import Any

import mlflow_on_kedro
from mlflow_on_kedro import mlflow_hooks


def test_all() -> None:
    """It gives the hooks of the design, each a new one at every call."""
    names = [type(hook).__name__ for hook in mlflow_hooks()]
    assert names == [
        "MLflowBasicLoggerHook",
        "MLflowCatalogLoggerHook",
        "MLflowInputsLoggerHook",
        "MLflowArtifactsLoggerHook",
        "MLflowEnvVarsLoggerHook",
        "MLflowTimeLoggerHook",
        "MLflowPipelineModelLoggerHook",
    ]
    first, second = mlflow_hooks(), mlflow_hooks()
    assert not [hook for hook in first if any(hook is other for other in second)]


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
        "time/pipeline",
        "time/node/double",
        "time/save/twice",
    }
    assert project.artifacts(run.info.run_id) == {"gantt.html"}
    assert "kedro_command" in run.data.tags


def test_public_names() -> None:
    """Every name of ``__all__`` is there, and ``__all__`` is sorted."""
    names = mlflow_on_kedro.__all__
    assert all(hasattr(mlflow_on_kedro, name) for name in names)
    assert names == sorted(names)
