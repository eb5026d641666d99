"""What MLflow loads of a pipeline model."""

from __future__ import annotations

import ast
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.checks import COPY_MODES
from mlflow_on_kedro.pipeline_models import pipeline_model
from mlflow_on_kedro.pipeline_models.pipeline_model import (
    DESCRIPTION,
    PipelineModel,
    flat_parameters,
    override,
)

PARAMETERS = {
    "params:model": {"depth": 3, "name": "x", "layers": [1, 2], "seed": None, "mixed": [1, "a"]},
    "params:runner": 5,
    "parameters": {"model": {"depth": 3}, "on": True},
}


def append(new: list[Any], words: list[Any], options: Any) -> list[Any]:
    """A node that changes its inputs."""
    words.append(len(words))
    new.append(words[-1])
    return [*new, options]


def keep(value: Any) -> Any:
    """A node that gives back its input."""
    return value


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PipelineModel]:
    """A function that makes a model of one node; its arguments change the description."""

    def make_(**told: Any) -> PipelineModel:
        (tmp_path / "words.json").write_text("[]")
        words = {
            "config": {"type": "kedro_datasets.json.JSONDataset"},
            "argument": "filepath",
            "path": "words.json",
        }
        description = {
            "input": "new",
            "output": "answer",
            "runner": "SequentialRunner",
            "copy_mode": "assign",
            "parameters": {"params:options": {"top": 1}},
            "datasets": {"words": words},
            "nodes": [
                {
                    "function": f"{__name__}:append",
                    "inputs": ["new", "words", "params:options"],
                    "outputs": "answer",
                    "name": "append",
                }
            ],
            **told,
        }
        (tmp_path / DESCRIPTION).write_text(json.dumps(description))
        return PipelineModel(tmp_path)

    return make_


def test_it_stands_alone() -> None:
    """The file imports nothing of the plugin: it goes into models without it."""
    tree = ast.parse(Path(pipeline_model.__file__).read_bytes())
    imports = [item for item in ast.walk(tree) if isinstance(item, ast.ImportFrom)]
    names = {item.module.partition(".")[0] for item in imports if item.module and not item.level}
    assert not [item for item in imports if item.level]
    assert names <= {"__future__", "collections", "functools", "kedro", "pathlib", "typing"}


def test_parameters_by_their_names() -> None:
    """Numbers, texts, booleans and lists of one type have a name; a runner's name stays free."""
    assert flat_parameters(PARAMETERS) == {
        "model.depth": 3,
        "model.name": "x",
        "model.layers": [1, 2],
        "params:runner": 5,
        "on": True,
    }


def test_other_values() -> None:
    """A name changes all places that have it, and no others; the originals stay."""
    found = override(PARAMETERS, {"model.depth": 7, "params:runner": 6, "runner": "x"})
    assert found["params:model"]["depth"] == found["parameters"]["model"]["depth"] == 7
    assert found["params:runner"] == 6
    assert found["params:model"]["seed"] is None
    assert PARAMETERS["params:model"]["depth"] == 3  # type: ignore[index]


def test_numpy_values() -> None:
    """NumPy's numbers become Python's."""
    import numpy as np

    found = override({"params:top": 1}, {"top": np.int64(3)})
    assert type(found["params:top"]) is int


@pytest.mark.parametrize(("mode", "second"), [("assign", 1), ("copy", 0), ("deepcopy", 0)])
def test_copy_modes(make: Callable[..., PipelineModel], mode: str, second: int) -> None:
    """Artifacts are handed out as they are, or as copies; the input is always a copy."""
    model = make(copy_mode=mode)
    new = ["first"]
    assert model.predict(new) == ["first", 0, {"top": 1}]
    assert model.predict(new) == ["first", second, {"top": 1}]
    assert new == ["first"]


@pytest.mark.parametrize(
    ("modes", "second", "kept"),
    [
        ({}, 1, True),
        ({"words": "deepcopy"}, 0, True),
        ({"new": "assign", "words": "copy"}, 0, False),
        ({"answer": "assign"}, 1, True),
    ],
)
def test_a_copy_mode_for_each_dataset(
    make: Callable[..., PipelineModel], modes: dict[str, str], second: int, *, kept: bool
) -> None:
    """Each dataset may have its own; those that are not named have the usual one."""
    model = make(copy_mode=modes)
    model.predict(["first"])
    new = ["first"]
    assert model.predict(new) == ["first", second, {"top": 1}]
    assert (new == ["first"]) is kept


@pytest.mark.parametrize(("mode", "is_same"), [("assign", True), ("deepcopy", False)])
def test_the_copy_mode_of_a_value_between_nodes(
    make: Callable[..., PipelineModel], mode: str, *, is_same: bool
) -> None:
    """What one node gives to the next is handed on as its copy mode says."""
    nodes = [
        {"function": f"{__name__}:keep", "inputs": ["new"], "outputs": "kept", "name": "keep"},
        {"function": f"{__name__}:keep", "inputs": ["kept"], "outputs": "answer", "name": "give"},
    ]
    model = make(nodes=nodes, copy_mode=dict.fromkeys(("new", "kept", "answer"), mode))
    new = {"a": [1]}
    assert (model.predict(new) is new) is is_same
    assert model.predict(new, {"runner": "ParallelRunner"}) == new


def test_all_copy_modes() -> None:
    """Those that mlflow.yml may name are those that a model knows."""
    assert pipeline_model.COPY_MODES == COPY_MODES


@pytest.mark.parametrize("runner", ["ThreadRunner", "ParallelRunner"])
def test_runners(make: Callable[..., PipelineModel], runner: str) -> None:
    """Kedro's other runners run the same pipeline."""
    assert make().predict(["a"], {"runner": runner, "options.top": 2}) == ["a", 0, {"top": 2}]


@pytest.mark.parametrize(
    "runner", ["os.abort", "AbstractRunner", "Task", "kedro.runner.Thread", ""]
)
def test_no_runner(make: Callable[..., PipelineModel], runner: str) -> None:
    """Nothing but Kedro's runners may be asked for, least of all by an address."""
    with pytest.raises(ValueError, match=r"runner: .* is none of ParallelRunner, Seq"):
        make().predict(["a"], {"runner": runner})


def test_a_runner_of_the_projects(make: Callable[..., PipelineModel]) -> None:
    """The runner that the project chose may be one of its own."""
    name = "kedro.runner.thread_runner.ThreadRunner"
    assert make(runner=name).predict(["a"])[:2] == ["a", 0]
    with pytest.raises(ValueError, match="is none of"):
        make().predict(["a"], {"runner": name})


def test_kedro_is_quiet(make: Callable[..., PipelineModel]) -> None:
    """Kedro does not tell of nodes while a model predicts, and does again afterwards."""
    kedro = logging.getLogger("kedro")
    before, seen = kedro.level, []
    kedro.setLevel(logging.INFO)
    model = make()
    threads = [threading.Thread(target=model.predict, args=([],)) for _ in range(4)]
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign,assignment]
    kedro.addHandler(handler)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kedro.removeHandler(handler)
    assert kedro.level == logging.INFO
    kedro.setLevel(before)
    assert seen == []
