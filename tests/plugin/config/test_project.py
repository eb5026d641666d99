"""mlflow.yml in a real project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro.config import project as project_config
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.errors import ConfigError


class TestRead:
    """mlflow.yml in a real project."""

    PIPELINE = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([node(lambda: 1.5, None, "score", name="score")])
    """

    def test_the_file(self, make_project: Callable[..., Any]) -> None:
        """The file of the base environment is read."""
        project = make_project(self.PIPELINE, mlflow={"run": {"name": "mine"}})
        assert project_config.read(project.context()).run.name == "mine"

    @pytest.mark.parametrize("text", [None, "", "# nothing but a comment\n"])
    def test_no_file(self, make_project: Callable[..., Any], text: str | None) -> None:
        """Without a file, or with an empty one, all is at its default, and a pipeline is logged."""
        project = make_project(self.PIPELINE, mlflow=text or "")
        if text is None:
            (project.root / "conf/base/mlflow.yml").unlink()
        assert project_config.read(project.context()) == Config()
        project.session_run()
        assert project.run.data.metrics["score"] == 1.5

    def test_an_environment_changes_single_keys(self, make_project: Callable[..., Any]) -> None:
        """An environment's file changes the keys that it names; the section's others stay."""
        base = {"tracking": {"on_failure": "raise"}, "run": {"name": "base", "tags": {"a": 1}}}
        project = make_project(self.PIPELINE, mlflow=base)
        project.write("conf/prod/mlflow.yml", "run: {name: prod, tags: {b: 2}}\n")
        read = project_config.read(project.context("prod"))
        assert read.run.name == "prod"
        assert read.run.tags == {"a": 1, "b": 2}
        assert read.tracking.on_failure == "raise"
        assert project_config.read(project.context()).run.name == "base"

    @pytest.mark.parametrize(
        "text", ["run: {tags: [a, b]}\n", "- a\n", "5\n", "run: {name: '${'}\n"]
    )
    def test_environments_that_do_not_fit(
        self, make_project: Callable[..., Any], text: str
    ) -> None:
        """What is no mapping, or cannot be resolved, is one message, and no traceback."""
        project = make_project(self.PIPELINE, mlflow={"run": {"tags": {"a": 1}}})
        project.write("conf/local/mlflow.yml", text)
        with pytest.raises(
            ConfigError, match=r"^conf/base/mlflow\.yml and conf/local/mlflow\.yml cannot"
        ):
            project.context()

    def test_the_local_environment(self, make_project: Callable[..., Any]) -> None:
        """conf/local is the environment when none is named."""
        project = make_project(self.PIPELINE, mlflow={"run": {"name": "base"}})
        project.write("conf/local/mlflow.yml", "run: {name: mine}\n")
        assert project_config.read(project.context()).run.name == "mine"

    def test_disabled(self, make_project: Callable[..., Any]) -> None:
        """With `enabled: false` in one environment the pipeline runs and nothing is logged."""
        project = make_project(self.PIPELINE)
        project.write("conf/quiet/mlflow.yml", "enabled: false\n")
        assert project.session_run(env="quiet")["score"].load() == 1.5
        assert project.runs() == []
        project.session_run()
        assert len(project.runs()) == 1

    def test_a_mistake(self, make_project: Callable[..., Any]) -> None:
        """A mistake in an environment's file is said when its context is made."""
        project = make_project(self.PIPELINE)
        project.write("conf/prod/mlflow.yml", "tracking: {url: http://localhost:5000}\n")
        with pytest.raises(ConfigError, match=r"^conf/prod/mlflow.yml: unknown key 'tracking.url'"):
            project.context("prod")

    @pytest.mark.parametrize(
        ("base", "local", "message"),
        [
            ("run: {nam: x}\n", "run: {key: x}\n", "conf/base/mlflow.yml: unknown key"),
            ("run: {name: x}\n", "catalog: {auto: 5}\n", "conf/local/mlflow.yml: 'catalog.auto'"),
            ("autolog: {sklaern: }\n", None, "conf/base/mlflow.yml: MLflow has no autologging"),
            (
                "run: {nam: x}\n",
                "ui: {prot: 1}\n",
                "conf/base/mlflow.yml and conf/local/mlflow.yml: 2 unknown keys",
            ),
        ],
    )
    def test_which_file(
        self, make_project: Callable[..., Any], base: str, local: str | None, message: str
    ) -> None:
        """A mistake is said with the file that has it, also one that is found by the pipeline."""
        project = make_project(self.PIPELINE, mlflow=base)
        if local is not None:
            project.write("conf/local/mlflow.yml", local)
        with pytest.raises(ConfigError) as caught:
            project.session_run()
        assert caught.value.message.startswith(message)
        assert project.runs() == []
