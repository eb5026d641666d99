"""Hooks: any one alone, all in any order, configured in both ways, and how the run ends."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

NODES = """
from kedro.pipeline import node, pipeline

def double(n):
    return n * 2

def half(twice):
    return twice / 2

def create_pipeline():
    return pipeline([
        node(double, "params:n", "twice", name="double"),
        node(half, "twice", "once", name="half"),
    ])
"""

FAILING = """
from kedro.pipeline import node, pipeline

def fail(n):
    raise ValueError("no such luck")

def create_pipeline():
    return pipeline([node(fail, "params:n", "never", name="fail")])
"""

ALONE = {
    "MLflowBasicLoggerHook()": lambda run: "kedro.version" in run.data.tags,
    "MLflowCatalogLoggerHook()": lambda run: run.data.metrics == {"twice": 6, "once": 3},
    "MLflowArtifactsLoggerHook(filepaths_after_pipeline_run=['note.txt'])": None,
    "MLflowEnvVarsLoggerHook(param_env_vars=['PATH'])": lambda run: "env..PATH" in run.data.params,
    "MLflowProvenanceLoggerHook()": lambda run: run.data.params == {},
    "MLflowTimeLoggerHook()": lambda run: "system/time/half" in run.data.metrics,
    "MLflowDataSetsLoggerHook()": lambda run: run.data.metrics == {"n": 3, "twice": 6, "once": 3},
    "MLflowOutputsLoggerHook()": lambda run: run.data.metrics == {"n": 3, "twice": 6, "once": 3},
    "MLflowIOTimeLoggerTransformer()": lambda run: "_time_to_save twice" in run.data.metrics,
    "AddCatalogDictHook({'once': MLflowDataset(dataset='m')})": lambda run: (
        run.data.metrics == {"once": 3}
    ),
}


ON = {"provenance": {"enabled": True}}


def settings(hooks: str) -> str:
    """Settings with these hooks."""
    return textwrap.dedent(f"""
        from mlflow_on_kedro import *

        HOOKS = ({hooks},)
    """)


@pytest.mark.parametrize("hook", ALONE)
def test_alone(make_project: Any, hook: str) -> None:
    """Any single hook opens the run, does its work within it and ends it as FINISHED."""
    project = make_project(NODES, parameters={"n": 3}, settings=settings(hook), mlflow=ON)
    project.write("note.txt", "hello")
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.info.end_time is not None
    check = ALONE[hook]
    if check is None:
        assert project.artifacts(run.info.run_id) == {"note.txt"}
    else:
        assert check(run), run.data


@pytest.mark.parametrize("hook", ALONE)
def test_alone_failing(make_project: Any, hook: str) -> None:
    """Any single hook ends the run of a failed pipeline as FAILED, and the error is raised."""
    project = make_project(FAILING, parameters={"n": 3}, settings=settings(hook), mlflow=ON)
    project.write("note.txt", "hello")
    with pytest.raises(ValueError, match="no such luck"):
        project.session_run()
    assert project.run.info.status == "FAILED"


FIVE = (
    "MLflowBasicLoggerHook(uri='sqlite:///mlflow.db', run_name='named', tags={'a': 'b'})",
    "MLflowCatalogLoggerHook()",
    "MLflowArtifactsLoggerHook(['note.txt'], ['note_after.txt'])",
    "MLflowEnvVarsLoggerHook(['PATH'])",
    "MLflowTimeLoggerHook()",
)


@pytest.mark.parametrize(
    "order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 0, 4, 2, 3), (2, 4, 1, 3, 0), (3, 2, 0, 4, 1)]
)
def test_any_order(make_project: Any, order: tuple[int, ...]) -> None:
    """The five hooks give the same one run in whatever order HOOKS has them."""
    hooks = ", ".join(FIVE[place] for place in order)
    project = make_project(NODES, parameters={"n": 3}, settings=settings(hooks))
    project.write("note.txt", "hello")
    project.write("note_after.txt", "bye")
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "named"
    assert run.data.tags["a"] == "b"
    assert set(run.data.params) == {"n", "env..PATH"}
    assert set(run.data.metrics) == {
        "twice",
        "once",
        "system/time/pipeline",
        "system/time/double",
        "system/time/half",
    }
    assert project.artifacts(run.info.run_id) == {
        "note.txt",
        "note_after.txt",
        "gantt.html",
        "kedro/timeline.json",
    }


OWN = """
from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks
from mlflow_on_kedro.runs.run_dataset import find_run

class Own:
    @hook_impl(trylast=True)
    def before_pipeline_run(self, catalog):
        find_run(catalog).set_tag("own.before", "yes")

    @hook_impl(trylast=True)
    def on_pipeline_error(self, catalog):
        find_run(catalog).set_tag("own.after", "yes")

HOOKS = {}
"""


@pytest.mark.parametrize("hooks", ["(Own(), *mlflow_hooks())", "(*mlflow_hooks(), Own())"])
def test_users_hooks_are_within_the_run(make_project: Any, hooks: str) -> None:
    """A hook of the user's own can log before and after the pipeline, also when it failed."""
    project = make_project(FAILING, parameters={"n": 3}, settings=OWN.format(hooks))
    with pytest.raises(ValueError, match="no such luck"):
        project.session_run()
    run = project.run
    assert (run.data.tags["own.before"], run.data.tags["own.after"]) == ("yes", "yes")
    assert run.info.status == "FAILED"


@pytest.mark.parametrize("hook", [hook for hook in ALONE if not hook.startswith("Add")])
def test_enable_mlflow_false(make_project: Any, hook: str) -> None:
    """A hook with ``enable_mlflow=False`` does nothing, and the pipeline runs."""
    off = hook.replace("()", "(enable_mlflow=False)").replace("])", "], enable_mlflow=False)")
    assert "enable_mlflow=False" in off
    project = make_project(NODES, parameters={"n": 3}, settings=settings(off))
    project.write("note.txt", "hello")
    assert project.session_run()["once"].load() == 3
    assert project.runs() == []


def test_one_of_several_off(make_project: Any) -> None:
    """A hook with ``enable_mlflow=False`` beside others leaves them their run."""
    hooks = "MLflowTimeLoggerHook(enable_mlflow=False), MLflowBasicLoggerHook(), "
    hooks += "MLflowCatalogLoggerHook(enable_mlflow=False), MLflowEnvVarsLoggerHook(['PATH'])"
    project = make_project(NODES, parameters={"n": 3}, settings=settings(hooks))
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert set(run.data.metrics) == {"system/time/pipeline"}
    assert set(run.data.params) == {"env..PATH"}


CATALOG = {
    "once": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    "twice": {
        "type": "mlflow_on_kedro.MLflowDataset",
        "dataset": "json",
        "saving_experiment_name": "elsewhere",
    },
}


def test_disabled(make_project: Any) -> None:
    """``enabled: false``: the pipeline runs, its files are written, and MLflow gets nothing."""
    project = make_project(NODES, parameters={"n": 3}, catalog=CATALOG, mlflow={"enabled": False})
    project.session_run()
    assert (project.root / "data/mlflow/twice.json").read_text() == "6"
    assert project.runs() == []
    assert project.runs("elsewhere") == []


def test_disabled_beside_an_active_run(make_project: Any) -> None:
    """``enabled: false`` also keeps values out of a run that the user has active."""
    import mlflow

    project = make_project(NODES, parameters={"n": 3}, catalog=CATALOG, mlflow={"enabled": False})
    mlflow.set_tracking_uri(project.uri)
    mlflow.set_experiment("mine")
    with mlflow.start_run():
        project.session_run()
    (run,) = project.runs("mine")
    assert run.data.metrics == {}


SECTIONS: dict[str, Any] = {
    "catalog": lambda logged: not logged & {"n", "twice", "once"},
    "artifacts": lambda logged: "note.txt" not in logged,
    "env_vars": lambda logged: "env..PATH" not in logged,
    "time": lambda logged: not logged & {"gantt.html", "system/time/half", "kedro/timeline.json"},
}


@pytest.mark.parametrize("section", SECTIONS)
def test_section_disabled(make_project: Any, section: str) -> None:
    """``enabled: false`` of a section switches that hook off and no other."""
    config: dict[str, Any] = {
        "catalog": {},
        "artifacts": {"before_pipeline_run": ["note.txt"]},
        "env_vars": {"params": ["PATH"]},
        "time": {},
    }
    config[section] = {**config[section], "enabled": False}
    project = make_project(NODES, parameters={"n": 3}, mlflow=config)
    project.write("note.txt", "hello")
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    logged = project.artifacts(run.info.run_id) | run.data.params.keys() | run.data.metrics.keys()
    assert {name for name, is_off in SECTIONS.items() if is_off(logged)} == {section}


def test_section_disabled_of_the_only_hook(make_project: Any) -> None:
    """A hook that does nothing but open the run ends it, too."""
    hooks = settings("MLflowTimeLoggerHook()")
    off = {"time": {"enabled": False}}
    project = make_project(NODES, parameters={"n": 3}, settings=hooks, mlflow=off)
    project.session_run()
    assert project.run.info.status == "FINISHED"
    assert project.run.data.metrics == {}


def test_arguments_win(make_project: Any) -> None:
    """An argument of a hook wins over mlflow.yml; what is not given comes from there."""
    hooks = (
        "MLflowTimeLoggerHook(metric_name_prefix='took '), MLflowEnvVarsLoggerHook(prefix='E_'), "
        "MLflowCatalogLoggerHook(parameters='none'), MLflowArtifactsLoggerHook(['note.txt']), "
        "MLflowBasicLoggerHook(experiment_name='given', enable_logging_time=False)"
    )
    config = {
        "experiment": {"name": "not this"},
        "run": {"name": "kept", "log_time": True},
        "time": {"prefix": "not this", "gantt": False},
        "env_vars": {"prefix": "not this", "params": ["PATH"]},
        "catalog": {"parameters": "by_type", "mlflow_catalog": {"once": None}},
        "artifacts": {"before_pipeline_run": ["not this"], "after_pipeline_run": ["after.txt"]},
    }
    project = make_project(NODES, parameters={"n": 3}, mlflow=config, settings=settings(hooks))
    project.write("note.txt", "hello")
    project.write("after.txt", "bye")
    project.session_run()
    (run,) = project.runs("given")
    assert run.info.run_name == "kept"
    assert set(run.data.params) == {"E_PATH"}
    nodes = {"took double", "took half"}
    assert set(run.data.metrics) == {"twice"} | nodes
    files = {"note.txt", "after.txt", "kedro/timeline.json"}
    assert project.artifacts(run.info.run_id) == files


def test_environment_file(make_project: Any) -> None:
    """conf/<env>/mlflow.yml configures the hooks in that environment."""
    project = make_project(NODES, parameters={"n": 3})
    project.write(
        "conf/prod/mlflow.yml", "experiment: {name: production}\ntime:\n  enabled: false\n"
    )
    project.session_run(env="prod")
    (run,) = project.runs("production")
    assert set(run.data.metrics) == {"twice", "once", "system/time/pipeline"}


def test_failing_before_the_pipeline(make_project: Any) -> None:
    """What a hook raises before the pipeline ends the run as FAILED: Kedro calls no hook for it."""
    from mlflow_on_kedro import ValueTooLongError

    config = {"params": {"too_long": "error", "max_length": 2}}
    project = make_project(NODES, parameters={"n": 12345}, mlflow=config)
    with pytest.raises(ValueTooLongError, match="'n' is 5 characters"):
        project.session_run()
    assert project.run.info.status == "FAILED"


def test_failing_in_a_node_hook(make_project: Any) -> None:
    """After a hook of a node has raised, the next run in this process is a new one."""
    import mlflow

    text = NODES.replace("return n * 2", "return 'long' * n")
    text = text.replace("return twice / 2", "return twice")
    config = {"params": {"too_long": "error", "max_length": 6}}
    project = make_project(text, parameters={"n": 3}, mlflow=config)
    with pytest.raises(Exception, match="'twice' is 12 characters"):
        project.session_run()
    assert mlflow.active_run() is None
    project.session_run(runtime_params={"n": 1})
    assert sorted(run.info.status for run in project.runs()) == ["FAILED", "FINISHED"]


def test_catalog_stays_lazy(make_project: Any) -> None:
    """A catalog entry that the pipeline does not use is not made, so it can't fail the run."""
    catalog = {"unused": {"type": "json.JSONDataset", "filepath": "x.json", "no_such": 1}}
    project = make_project(NODES, parameters={"n": 3}, catalog=catalog)
    project.session_run()
    assert project.run.info.status == "FINISHED"
