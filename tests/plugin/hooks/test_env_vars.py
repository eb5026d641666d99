"""MLflowEnvVarsLoggerHook: named environment variables, and never a secret by accident."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow_on_kedro.errors import ConfigError

NODES = """
from kedro.pipeline import node, pipeline

def one():
    return 1

def create_pipeline():
    return pipeline([node(one, None, "one")])
"""

HOOK = """
from mlflow_on_kedro import MLflowEnvVarsLoggerHook

HOOKS = (MLflowEnvVarsLoggerHook({}),)
"""


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few variables."""
    for name, value in {
        "SITE": "東京",
        "SEED": "42",
        "MY_API_TOKEN": "hush-token",
        "db_password": "hush-pw",
        "DB_URL": "postgres://me:hush-url@db/x",
        "EMPTY": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOT_SET", raising=False)


@pytest.mark.parametrize("way", ["arguments", "mlflow.yml"])
def test_params_and_metrics(make_project: Any, way: str) -> None:
    """Named variables are parameters or metrics under the prefix ``env..``."""
    config: dict[str, Any] = {}
    settings = HOOK.format("param_env_vars=['SITE', 'EMPTY'], metric_env_vars=['SEED']")
    if way == "mlflow.yml":
        config = {"env_vars": {"params": ["SITE", "EMPTY"], "metrics": ["SEED"]}}
        settings = HOOK.format("")
    project = make_project(NODES, mlflow=config, settings=settings)
    project.session_run()
    assert project.run.data.params == {"env..SITE": "東京", "env..EMPTY": ""}
    assert project.run.data.metrics == {"env..SEED": 42}


@pytest.mark.parametrize("prefix", ["host/", ""])
def test_prefix(make_project: Any, prefix: str) -> None:
    """``prefix`` replaces ``env..``, also by nothing."""
    project = make_project(NODES, settings=HOOK.format(f"['SITE'], ['SEED'], prefix={prefix!r}"))
    project.session_run()
    assert project.run.data.params == {f"{prefix}SITE": "東京"}
    assert project.run.data.metrics == {f"{prefix}SEED": 42}


@pytest.mark.parametrize("given", ["'__ALL__'", "['__ALL__']"])
def test_all(make_project: Any, given: str) -> None:
    """``__ALL__`` logs every variable but those whose names look like secrets; URLs are masked."""
    project = make_project(NODES, settings=HOOK.format(given))
    project.session_run()
    params = project.run.data.params
    assert params["env..SITE"] == "東京"
    assert {"env..PATH", "env..SEED", "env..EMPTY"} <= params.keys()
    assert not {"env..MY_API_TOKEN", "env..db_password"} & params.keys()
    assert params["env..DB_URL"] == "postgres://***@db/x"
    assert "hush" not in str(project.run.to_dictionary())


def test_all_in_yaml(make_project: Any) -> None:
    """``params: [__ALL__]`` in mlflow.yml means the same as the argument."""
    project = make_project(NODES, mlflow={"env_vars": {"params": ["__ALL__"]}})
    project.session_run()
    assert "env..SITE" in project.run.data.params
    assert "env..MY_API_TOKEN" not in project.run.data.params


def test_exact_name_of_a_secret(make_project: Any) -> None:
    """A secret-looking variable that is listed by its exact name is logged."""
    project = make_project(NODES, settings=HOOK.format("['MY_API_TOKEN', '__ALL__']"))
    project.session_run()
    params = project.run.data.params
    assert params["env..MY_API_TOKEN"].endswith("-token")
    assert "env..db_password" not in params
    assert "env..SITE" in params


def test_not_a_number(make_project: Any, said: list[str]) -> None:
    """A metric that is not a number is said, a secret's value is not; the others are logged."""
    project = make_project(
        NODES, settings=HOOK.format("metric_env_vars=['SITE', 'MY_API_TOKEN', 'SEED']")
    )
    project.session_run()
    assert project.run.info.status == "FINISHED"
    assert project.run.data.metrics == {"env..SEED": 42}
    assert said == [
        "Environment variable 'SITE' is not logged as a metric: '東京' is not a number.",
        "Environment variable 'MY_API_TOKEN' is not logged as a metric: its value is not a number.",
    ]


def test_not_set(make_project: Any, said: list[str]) -> None:
    """A variable that is not set is said and left out."""
    project = make_project(NODES, settings=HOOK.format("['NOT_SET', 'SITE'], ['NOT_SET']"))
    project.session_run()
    assert project.run.data.params == {"env..SITE": "東京"}
    assert project.run.data.metrics == {}
    assert said == ["Environment variable 'NOT_SET' is not set; it is not logged."]


def test_one_name_as_text(make_project: Any) -> None:
    """A single name may be given without a list, as in PipelineX."""
    project = make_project(
        NODES, settings=HOOK.format("param_env_vars='SITE', metric_env_vars='SEED'")
    )
    project.session_run()
    assert project.run.data.params == {"env..SITE": "東京"}
    assert project.run.data.metrics == {"env..SEED": 42}


def test_all_is_for_params_only(make_project: Any) -> None:
    """``__ALL__`` among the metrics is refused with a message, and nothing runs."""
    project = make_project(NODES, mlflow={"env_vars": {"metrics": ["__ALL__"]}})
    with pytest.raises(ConfigError, match="name each variable"):
        project.session_run()


SETTER = """
import os

from kedro.pipeline import node, pipeline

def set_them():
    os.environ |= {"NOT_SET": "a", "SEED": "43", "SITE": "Kyoto", "NEW_PASSWORD": "hush-new"}
    return 1

def create_pipeline():
    return pipeline([node(set_them, None, "one")])
"""


def test_what_the_pipeline_sets(
    make_project: Any, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """What a node sets or changes is logged at the end, as PipelineX does; what stays once."""
    monkeypatch.setenv("NEW_PASSWORD", "hush-old")
    monkeypatch.delenv("NEW_PASSWORD")
    settings = HOOK.format("['NOT_SET', 'SITE', '__ALL__'], ['SEED', 'NOT_SET', 'STILL_NOT']")
    monkeypatch.setenv("NOT_SET", "")
    monkeypatch.delenv("NOT_SET")
    project = make_project(SETTER, settings=settings, mlflow={"tracking": {"on_failure": "warn"}})
    project.session_run()
    run = project.run
    assert run.data.params["env..NOT_SET"] == "a"
    assert run.data.params["env..SITE"] == "東京"
    assert run.data.tags["param_changed.env..SITE"] == "Kyoto"
    history = project.client.get_metric_history(run.info.run_id, "env..SEED")
    assert [point.value for point in history] == [42, 43]
    assert "hush" not in str(run.to_dictionary())
    assert [text for text in said if "STILL_NOT" in text] == [
        "Environment variable 'STILL_NOT' is not set; it is not logged."
    ]
    assert "'NOT_SET' is not logged as a metric: 'a' is not a number" in "".join(said)
