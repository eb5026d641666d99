"""Names that mlflow.yml gives, and that the project does not have."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.framework import project
from kedro.pipeline import Pipeline, node
from mlflow_on_kedro.hooks.registered_names import warn_of_unknown, warn_of_unknown_pipelines


def made(output: str) -> Pipeline:
    """A pipeline that saves one dataset."""
    return Pipeline([node(lambda: 1, None, output, name=output)])


class Registry(dict[str, Pipeline]):
    """Kedro's, of a command that names a pipeline: the others are not loaded yet."""

    others: Any = None

    def set_requested(self, names: list[str] | None) -> None:
        """Load them."""
        assert names is None
        self.update(self.others())


def warn(names: list[str], registry: dict[str, Pipeline], **run_params: Any) -> None:
    """Warn of those names that are no outputs."""
    running = made("score")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "pipelines", registry)
        warn_of_unknown("no '%s'.", names, running, run_params, lambda item: item.all_outputs())


def test_all_are_loaded(said: list[str]) -> None:
    """What any registered pipeline has is no mistake; other names are said with the nearest."""
    registry = {"__default__": made("score"), "other": made("report")}
    warn(["score", "report", "reprot"], registry)
    assert said == ["no 'reprot'. Did you mean 'report'?"]


def test_some_are_loaded(said: list[str]) -> None:
    """A name that is like none may be that of another pipeline, and is not worth loading it."""
    registry = Registry(one=made("score"))
    warn(["report"], registry, pipeline_names=["one"])
    assert said == []


def test_one_that_seems_misspelt(said: list[str]) -> None:
    """Then all pipelines are loaded: it may be a name in one of them."""
    registry = Registry(one=made("score"))
    registry.others = lambda: {"two": made("scores")}
    warn(["scores", "scorre", "elsewhere"], registry, pipeline_names=["one"])
    assert said == ["no 'scorre'. Did you mean 'score'?"]


def test_pipelines_that_cannot_be_loaded(said: list[str]) -> None:
    """They fail where they are run; nothing is known of their names."""
    registry = Registry(one=made("score"))
    registry.others = lambda: {}["none"]
    warn(["scores"], registry, pipeline_names=["one"])
    assert said == []


def test_pipelines(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of pipelines are looked at where Kedro has loaded all of them."""
    monkeypatch.setattr(project, "pipelines", Registry(__default__=made("a"), train=made("b")))
    warn_of_unknown_pipelines("key", ["trian"], {"pipeline_names": ["train"]})
    warn_of_unknown_pipelines("key", ["trian", "train"], {})
    assert said == ["key: there is no pipeline 'trian'. Did you mean 'train'?"]
