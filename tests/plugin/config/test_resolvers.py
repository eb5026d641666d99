"""What mlflow.yml can say in ``${…}``."""

from __future__ import annotations

import random
import re
import warnings
from typing import Any

import pytest
from mlflow_on_kedro.config import project as project_config
from mlflow_on_kedro.config import resolvers
from mlflow_on_kedro.errors import ConfigError
from omegaconf import OmegaConf

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""
NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,3}")


def test_random_names_do_not_depend_on_a_seed() -> None:
    """They look as MLflow's, and differ also where a project sets the seed."""
    names = set()
    for _ in range(20):
        random.seed(1)
        names.add(resolvers.random_name())
    assert len(names) > 15
    assert all(NAME.fullmatch(name) for name in names)


@pytest.mark.parametrize("name", ["mlflow.random_name", "km.random_name"])
def test_run_name(make_project: Any, name: str) -> None:
    """`run.name: ${mlflow.random_name:}` works without a word in settings.py."""
    project = make_project(NODES, mlflow={"run": {"name": f"nightly-${{{name}:}}"}})
    project.session_run()
    assert NAME.fullmatch(project.run.info.run_name.removeprefix("nightly-"))


def test_no_warning_of_omegaconf() -> None:
    """OmegaConf, which has renamed its function, finds nothing to warn of."""
    for name in resolvers.RESOLVERS:
        OmegaConf.clear_resolver(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resolvers.register()
    assert all(OmegaConf.has_resolver(name) for name in resolvers.RESOLVERS)


def test_kedros_own(make_project: Any) -> None:
    """Kedro's `runtime_params` and `globals` work in mlflow.yml, too."""
    text = "run: {name: '${runtime_params:label, usual}', tags: {team: '${globals:team}'}}"
    project = make_project(NODES, mlflow=text)
    project.write("conf/base/globals.yml", "team: wine")
    project.session_run(runtime_params={"label": "try7"})
    assert project.run.info.run_name == "try7"
    assert project.run.data.tags["team"] == "wine"
    assert project_config.read(project.context()).run.name == "usual"


def test_a_projects_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that the project has registered under such a name is left alone."""
    name = "mlflow.random_name"
    before = OmegaConf.has_resolver(name)
    try:
        OmegaConf.clear_resolver(name)
        monkeypatch.setattr(resolvers, "RESOLVERS", {name: lambda: "mine"})
        resolvers.register()
        monkeypatch.undo()
        resolvers.register()
        assert OmegaConf.create({"a": f"${{{name}:}}"}).a == "mine"
    finally:
        OmegaConf.clear_resolver(name)
        if before:
            resolvers.register()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('run: {name: "${mlflow.rnadom_name:}"}', "mlflow.rnadom_name"),
        ("run: {name: '${runtime_params:x}'}", "Runtime parameter 'x' not found"),
        ("run: [", "conf/base/mlflow.yml, unable to read line"),
        ("run: {name: a}\nrun: {name: b}", "duplicate key run"),
    ],
)
def test_a_file_that_cannot_be_read(make_project: Any, text: str, words: str) -> None:
    """A mistake in the file's YAML or in ``${…}`` is one message, and no library's traceback."""
    project = make_project(NODES, mlflow=text)
    with pytest.raises(ConfigError) as caught:
        project.context()
    assert caught.value.message.startswith("conf/base/mlflow.yml cannot be read: ")
    assert words in caught.value.message
    assert "\n" not in caught.value.message
