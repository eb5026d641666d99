"""Keys of mlflow.yml that are given with the command, for one run."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow_on_kedro.errors import ConfigError

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one"),
                     node(lambda: 2, None, "two", name="two")])
"""
SETTINGS = "from mlflow_on_kedro import mlflow_hooks\nHOOKS = mlflow_hooks()"
# As `kedro server start` sets it.
RESTRICTED = {
    "base_env": "base",
    "default_run_env": "local",
    "restrict_runtime_params_type_selection": True,
}
JOB = {"key": "job", "name": "try7"}


def test_any_key(make_project: Any) -> None:
    """``kedro run --params mlflow.…`` wins over mlflow.yml, and is no parameter of the pipeline."""
    project = make_project(NODES, mlflow={"run": {"name": "usual", "tags": {"team": "wine"}}})
    given = "mlflow.run.name=off,mlflow.time.gantt=false,mlflow.run.tags.more=red"
    done = project.kedro("run", f"--params={given}")
    assert done.returncode == 0, done.stdout + done.stderr
    run = project.run
    assert run.info.run_name == "off"  # and not False, as YAML has it
    assert 'mlflow.run.name="off"' in run.data.tags["kedro_command"]
    assert (run.data.tags["team"], run.data.tags["more"]) == ("wine", "red")
    assert project.artifacts(run.info.run_id) == {"kedro/timeline.json"}
    assert not any(key.startswith("mlflow") for key in run.data.params)
    project.session_run()
    assert project.runs()[0].info.run_name == "usual"


@pytest.mark.parametrize(
    ("own", "whole"),
    [
        ({"n": 1}, {"n": 2}),
        ({"n": 1, "mlflow": {"mine": 1}}, {"n": 2, "mlflow": {"mine": 1, "run": {"name": "x"}}}),
    ],
)
def test_all_parameters(make_project: Any, said: list[str], own: Any, whole: Any) -> None:
    """A node that takes all parameters gets no keys of mlflow.yml, nor are they logged.

    Where the project has parameters of its own under that name, Kedro has laid the two together.
    """
    nodes = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([node(lambda parameters: [parameters], "parameters", "whole", name="take")])
    """
    project = make_project(nodes, parameters=own, catalog={"whole": {"type": "MemoryDataset"}})
    given = {"n": 2, "mlflow": {"run": {"name": "x"}}}
    assert project.session_run(runtime_params=given)["whole"].load() == [whole]
    assert project.run.info.run_name == "x"
    if "mlflow" not in own:
        assert project.run.data.params == {"n": "2"}
    assert said == []


@pytest.mark.parametrize("given", ["file", "command"])
def test_run_key(make_project: Any, given: str) -> None:
    """Runs with the same key, from mlflow.yml or the command, are one."""
    project = make_project(NODES, mlflow={"run": JOB} if given == "file" else None)
    runtime = {"mlflow": {"run": JOB}} if given == "command" else None
    for node in ("one", "two"):
        project.session_run(node_names=[node], runtime_params=runtime)
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "try7"
    assert {"one", "two"} <= set(run.data.metrics)


def test_a_misspelt_key(make_project: Any) -> None:
    """An unknown key is refused, with the nearest and where it was given."""
    project = make_project(NODES)
    with pytest.raises(ConfigError, match=r"--params mlflow.*'run.nmae'. Did you mean 'run.name'"):
        project.session_run(runtime_params={"mlflow": {"run": {"nmae": "x"}}})
    assert project.runs() == []


@pytest.mark.parametrize("value", [False, "off", None, [1]])
def test_no_key(make_project: Any, value: Any) -> None:
    """The section without a key is refused, and not taken for the default."""
    project = make_project(NODES)
    with pytest.raises(ConfigError, match=r"--params mlflow=.*mlflow.enabled=false"):
        project.session_run(runtime_params={"mlflow": value})


@pytest.mark.parametrize("name", ["mlfow", "MLflow", "ml_flow"])
def test_a_misspelt_section(make_project: Any, said: list[str], name: str) -> None:
    """Keys below a name that is nearly right are the project's own, which is said."""
    project = make_project(NODES)
    bootstrap_project(project.root)
    with KedroSession.create(
        project.root, runtime_params={name: {"run": {"name": "x"}}, "model": {"run": 1}}
    ) as session:
        session.load_context()
    (message,) = said
    assert message == (
        f"--params {name}.run.name: no file in conf has such a parameter. Did you mean "
        "mlflow.run.name, which changes mlflow.yml for this run?"
    )


def test_over_a_hooks_arguments(make_project: Any) -> None:
    """What comes with the command wins over a hook's argument, and that over the file."""
    settings = """
    from mlflow_on_kedro import MLflowBasicLoggerHook

    HOOKS = (MLflowBasicLoggerHook(run_name="hook", tags={"who": "hook"}),)
    """
    project = make_project(
        NODES, mlflow={"run": {"name": "file", "tags": {"team": "wine"}}}, settings=settings
    )
    project.session_run()
    run = project.run
    assert (run.info.run_name, run.data.tags["who"]) == ("hook", "hook")
    assert "team" not in run.data.tags
    project.session_run(runtime_params={"mlflow": {"run": {"name": "command"}}})
    run = project.runs()[0]
    assert (run.info.run_name, run.data.tags["who"]) == ("command", "hook")


@pytest.mark.skipif(
    "restrict_runtime_params_type_selection" not in inspect.signature(OmegaConfigLoader).parameters,
    reason="this Kedro has no such sessions",
)
@pytest.mark.parametrize(
    "given",
    [
        {"tracking": {"uri": "http://evil"}},
        {"artifacts": {"before_pipeline_run": ["/etc/passwd"]}},
        {"experiment": {"name": "x", "artifact_location": "http://evil"}},
        {"env_vars": {"params": ["HOME"]}},
        {"enabled": False},
    ],
)
def test_from_anybody(make_project: Any, given: Any) -> None:
    """A session whose callers are not trusted lets them choose nothing that could do harm."""
    settings = f"{SETTINGS}\nCONFIG_LOADER_ARGS = {RESTRICTED}\n"
    project = make_project(NODES, settings=settings)
    with pytest.raises(ConfigError, match=r"can be set in mlflow\.yml only"):
        project.session_run(runtime_params={"mlflow": given})
    harmless = {"run": {"name": "try7"}, "experiment": {"name": project.package}}
    project.session_run(runtime_params={"mlflow": harmless})
    assert project.run.info.run_name == "try7"
