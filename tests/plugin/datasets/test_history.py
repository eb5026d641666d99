"""`m` with a mode: points that continue, and the forms in which they are loaded."""

from __future__ import annotations

import importlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.config.sections import Config, Run, Tracking
from mlflow_on_kedro.datasets.history import MetricHistory
from mlflow_on_kedro.delivery import backlog, journal_delivery
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

APPEND = {"save_args": {"mode": "append"}}

# `loss` is the number, or what else `params:value` is, that one dataset saves and a node takes.
PIPELINE = """
    from kedro.pipeline import node, pipeline

    SEEN = []

    def make(value):
        return value

    def chunks(value):
        yield from value

    def use(loss):
        SEEN.append(loss)

    def create_pipeline(**_):
        return pipeline([
            node({maker}, "params:value", "loss", name="make"), node(use, "loss", None, name="use"),
        ])
"""


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project around the dataset `loss`."""

    def make(value: Any, maker: str = "make", mlflow: Any = None, **entry: Any) -> Any:
        return make_project(
            PIPELINE.replace("{maker}", maker),
            catalog={"loss": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m", **entry}},
            parameters={"value": value},
            mlflow={"catalog": {"enabled": False}, **(mlflow or {})},
        )

    return make


def seen(project: Any) -> list[Any]:
    """What the node `use` has got so far."""
    return list(importlib.import_module(f"{project.package}.nodes").SEEN)


def points(project: Any, key: str = "loss") -> list[tuple[int, float]]:
    """The points of a metric in the project's only run."""
    history = project.client.get_metric_history(project.run.info.run_id, key)
    return sorted((point.step, point.value) for point in history)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("list", [0.5, 0.25]), ("dict", {0: 0.5, 10: 0.25}), ("history", [(0, 0.5), (10, 0.25)])],
)
def test_each_mode_is_the_same_from_memory_file_and_mlflow(
    project: Callable[..., Any], mode: str, expected: Any
) -> None:
    """The next node, a later session, and one that has MLflow only get the same."""
    made = project({0: 0.5, 10: 0.25}, load_args={"mode": mode})
    made.session_run()
    made.session_run(node_names=["use"])
    run_id = next(run for run in made.runs() if run.data.metrics.get("loss")).info.run_id
    shutil.rmtree(made.root / "data")
    reader = MLflowDataset(
        "m",
        dataset_name="loss",
        loading_tracking_uri=made.uri,
        loading_run_id=run_id,
        load_args={"mode": mode},
    )
    first, *others = [*seen(made), reader.load()]
    assert others == [first, first]
    if mode == "history":
        first = [(point["step"], point["value"]) for point in first]
    assert first == expected
    assert not (made.root / "data").exists()


def test_a_generators_values_follow_each_other(project: Callable[..., Any]) -> None:
    """What a node yields is one series, for MLflow and for the next node."""
    made = project([0.5, [0.25, 0.125], {9: 0.1}, 0.05], "chunks", **APPEND)
    made.session_run()
    assert points(made) == [(0, 0.5), (1, 0.25), (2, 0.125), (9, 0.1), (10, 0.05)]
    assert seen(made) == [{0: 0.5, 1: 0.25, 2: 0.125, 9: 0.1, 10: 0.05}]


def test_without_append_steps_are_overwritten(project: Callable[..., Any]) -> None:
    """Each value that a node yields is at step 0 again; the last one counts."""
    made = project([0.5, 0.25], "chunks", load_args={"mode": "dict"})
    made.session_run()
    assert {step for step, _ in points(made)} == {0}
    assert seen(made) == [{0: 0.25}]


def test_a_continued_run_is_appended_to(project: Callable[..., Any]) -> None:
    """With the same `run.key`, or `run.id`, steps continue after those that the run has."""
    made = project([0.5, 0.25], mlflow={"run": {"key": "nightly"}}, **APPEND)
    made.session_run()
    made.session_run()
    assert points(made) == [(0, 0.5), (1, 0.25), (2, 0.5), (3, 0.25)]
    made.write("conf/again/mlflow.yml", f"run: {{id: {made.run.info.run_id}, key: null}}")
    made.session_run(env="again")
    assert [step for step, _ in points(made)] == [0, 1, 2, 3, 4, 5]
    assert seen(made) == [[0.5, 0.25], [0.5, 0.25] * 2, [0.5, 0.25] * 3]


def test_a_new_run_begins_at_step_0(project: Callable[..., Any]) -> None:
    """What an earlier run has left in the local file is not continued."""
    made = project(0.5, **APPEND)
    made.session_run()
    made.session_run()
    for run in made.runs():
        (point,) = made.client.get_metric_history(run.info.run_id, "loss")
        assert point.step == 0


def test_names_are_appended_to_one_by_one(project: Callable[..., Any]) -> None:
    """Each metric of a dict has steps of its own."""
    made = project([{"a": 1, "b": [1, 2]}, {"a": 3, "b": 4}], "chunks", **APPEND)
    made.session_run()
    assert points(made, "loss.a") == [(0, 1), (1, 3)]
    assert points(made, "loss.b") == [(0, 1), (1, 2), (2, 4)]
    assert seen(made) == [{"a": [1, 3], "b": [1, 2, 4]}]


def test_datasets_of_one_name_share_the_steps(make_project: Callable[..., Any]) -> None:
    """Nodes in other processes append to the same metric; the run begins offline too."""
    entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m", "dataset_name": "loss"}
    nodes = """
        from kedro.pipeline import node, pipeline

        def make(_): return [0.5, 0.25]

        def create_pipeline(**_):
            return pipeline([
                node(make, "params:value", "one"), node(make, "one", "two"),
                node(make, "two", "three"),
            ])
    """
    files = {
        name: {**entry, **APPEND, "filepath": f"{name}.pkl"} for name in ("one", "two", "three")
    }
    made = make_project(
        nodes, catalog=files, parameters={"value": 1}, mlflow={"catalog": {"enabled": False}}
    )
    result = made.kedro(
        "run", "--runner", "ParallelRunner", env={"MLFLOW_ON_KEDRO_MODE": "offline"}
    )
    assert result.returncode == 0, result.stderr
    (waiting,) = backlog.find(made.root)
    journal_delivery.deliver(waiting, Connection(made.uri), made.root)
    assert points(made) == list(enumerate([0.5, 0.25] * 3))


def test_alone_and_with_an_active_run(store_uri: str, tmp_path: Path) -> None:
    """In a notebook too: without a run points follow each other, with one those of the run."""
    dataset = MLflowDataset("m", tmp_path / "loss.pkl", "loss", caching=False, **APPEND)
    dataset.save(0.5)
    dataset.save([0.25])
    assert dataset.load() == [0.5, 0.25]
    mlflow.set_tracking_uri(store_uri)
    with mlflow.start_run(experiment_id="0"):
        mlflow.log_metric("loss", 1.0, step=41)
        dataset.save(0.125)
    assert dataset.load() == {41: 1.0, 42: 0.125}


def test_a_run_that_cannot_be_asked_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Steps of a continued run begin at 0 while MLflow is away, with a warning."""
    config = Config(tracking=Tracking(uri="http://127.0.0.1:9", timeout=1), run=Run(key="nightly"))
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    with caplog.at_level(logging.WARNING):
        kept = MetricHistory(None, appends=True).log(run, "loss", 0.5)
    run.end("FINISHED")
    assert "the steps of 'loss' begin at 0" in caplog.text
    assert [(point["step"], point["value"]) for point in kept] == [(0, 0.5)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"load_args": {"mode": "tuple"}}, "'load_args.mode' must be one of list, dict, history"),
        ({"save_args": {"mode": "add"}}, "'save_args.mode' must be one of overwrite, append"),
    ],
)
def test_an_unknown_mode_is_refused(arguments: Any, message: str) -> None:
    """The message lists the modes."""
    with pytest.raises(ConfigError, match=message):
        MLflowDataset("m", dataset_name="loss", **arguments)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, [(7, 0.5)]),
        ([0.5, 0.25], [(7, 0.5), (8, 0.25)]),
        ([{"step": 2, "value": 0.5}, 0.25], [(2, 0.5), (8, 0.25)]),
    ],
)
def test_the_first_step(project: Callable[..., Any], value: Any, expected: Any) -> None:
    """`save_args: {step: 7}` is the step of a number, and the first one of a list."""
    made = project(value, save_args={"step": 7}, load_args={"step": expected[0][0]})
    made.session_run()
    assert points(made) == expected
    assert seen(made) == [0.5]


def test_a_step_of_a_run(project: Callable[..., Any]) -> None:
    """`load_args: {step: 1}` loads that value of each metric from a run; a missing one is said."""
    made = project({"train": [0.5, 0.25], "test": {1: 0.75, 5: 0.125}})
    made.session_run()
    arguments = {"loading_tracking_uri": made.uri, "loading_run_id": made.run.info.run_id}
    shutil.rmtree(made.root / "data")

    def load(step: int) -> Any:
        reader = MLflowDataset("m", dataset_name="loss", load_args={"step": step}, **arguments)
        return reader.load()

    assert load(1) == {"train": 0.25, "test": 0.75}
    with pytest.raises(DatasetError, match=r"'train' has no value at `load_args.step` 5.*: 0, 1\."):
        load(5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"save_args": {"step": "x"}}, "'save_args.step' must be a whole number: 'x'"),
        ({"save_args": {"stepp": 1}}, "no 'stepp'. Did you mean 'step'"),
        ({"save_args": {"step": 1, "mode": "append"}}, "give only one of"),
        ({"load_args": {"step": 1, "mode": "list"}}, "give only one of"),
        ({"dataset": "p", "save_args": {"step": 1}}, "is for metrics: `dataset: m`"),
        ({"dataset": "a", "load_args": {"mode": "list"}}, "is for metrics: `dataset: m`"),
    ],
)
def test_wrong_steps(given: dict[str, Any], message: str) -> None:
    """What makes no sense is refused when the dataset is made, with what is valid."""
    with pytest.raises(ConfigError, match=message):
        MLflowDataset(**{"dataset": "m", "dataset_name": "loss", **given})


def test_bare_names(project: Callable[..., Any], said: list[str]) -> None:
    """With `prefix: ""` metrics have the names of the dict that is saved, also when loaded."""
    made = project({"mae": 0.5, "rmse": [0.25, 0.125], "max": float("inf")}, prefix="")
    made.session_run()
    run = made.run
    metrics = {name: value for name, value in run.data.metrics.items() if "/" not in name}
    assert metrics == {"mae": 0.5, "rmse": 0.125}
    assert seen(made) == [{"mae": 0.5, "rmse": [0.25, 0.125], "max": float("inf")}]
    shutil.rmtree(made.root / "data")
    arguments = {"loading_tracking_uri": made.uri, "loading_run_id": run.info.run_id}
    reader = MLflowDataset("m", dataset_name="loss", prefix="", **arguments)
    assert reader.load() == {"mae": 0.5, "rmse": [0.25, 0.125], "max": float("inf")}
    assert len(said) == 1  # of the infinity


def test_another_prefix(project: Callable[..., Any]) -> None:
    """Any other `prefix` stands before a dot, and the local file keeps the dataset's name."""
    made = project({"mae": 0.5}, prefix="eval", **APPEND)
    made.session_run()
    assert points(made, "eval.mae") == [(0, 0.5)]
    assert (made.root / "data/mlflow/loss.pkl").exists()


def test_a_number_has_no_bare_name(project: Callable[..., Any]) -> None:
    """A number without any name is refused, and so is a prefix of what is no metric."""
    with pytest.raises(DatasetError, match="'loss' is one metric and has no name"):
        project(0.5, prefix="").session_run()
    with pytest.raises(ConfigError, match="`prefix` is for metrics"):
        MLflowDataset("p", dataset_name="loss", prefix="")
