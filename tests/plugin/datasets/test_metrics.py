"""`m`: the forms in which it takes metrics, and those that it gives back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.config.sections import Config, Tracking
from mlflow_on_kedro.datasets import metric_forms, metrics
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Any:
    """An open pipeline run; failures of tracking are raised."""
    config = Config(tracking=Tracking(uri=store_uri, on_failure="raise"))
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    yield run
    run.end("FINISHED")


def logged(run: OwnRun, value: Any) -> dict[str, list[tuple[int, float, int]]]:
    """Log a value as `x` and return every metric's points as MLflow has them."""
    metrics.check("x", value)
    metrics.log(run, "x", value)
    run.flush()
    keys = run.client.get_run(run.run_id).data.metrics
    histories = {key: run.client.get_metric_history(run.run_id, key) for key in keys}
    return {
        key: [(p.step, p.value, p.timestamp) for p in history] for key, history in histories.items()
    }


def steps(points: list[tuple[int, float, int]]) -> dict[int, float]:
    """The points without their times."""
    return {step: value for step, value, _ in points}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({0: 0.5, 10: 0.25}, {"x": {0: 0.5, 10: 0.25}}),
        ({np.int64(-1): np.float32(0.5)}, {"x": {-1: 0.5}}),
        ([{"step": 3, "value": 0.5}, {"step": 1, "value": True}], {"x": {3: 0.5, 1: 1.0}}),
        ([{"value": 0.5}, 0.25, {"value": 1, "step": 7}], {"x": {0: 0.5, 1: 0.25, 7: 1.0}}),
        ({"step": 4, "value": 0.5}, {"x": {4: 0.5}}),
        (np.array([0.5, 0.25]), {"x": {0: 0.5, 1: 0.25}}),
        ({"loss": pd.Series([0.5, 1])}, {"x.loss": {0: 0.5, 1: 1.0}}),
        # The index of a Series: names, or steps in rising order.
        (pd.Series({"step": 0.5, "value": 1}), {"x.step": {0: 0.5}, "x.value": {0: 1.0}}),
        (pd.Series({("f1", 0): 0.5, ("f1", 1): 1}), {"x.f1.0": {0: 0.5}, "x.f1.1": {0: 1.0}}),
        (pd.Series([0.5, 1], [10, 20]), {"x": {10: 0.5, 20: 1.0}}),
        (pd.Series([0.5, 1], [20, 10]), {"x": {0: 0.5, 1: 1.0}}),
        (pd.Series([0.5, 1], ["a", "a"]), {"x": {0: 0.5, 1: 1.0}}),
        (pd.Series([0.5, 1], [0.1, 0.2]), {"x": {0: 0.5, 1: 1.0}}),
        (
            {"train": {0: 1, 2: 2}, "test": {"f1": {"step": 3, "value": 0.5}}, "best": 9},
            {"x.train": {0: 1.0, 2: 2.0}, "x.test.f1": {3: 0.5}, "x.best": {0: 9.0}},
        ),
        # A dict of dicts by number, and names that only look like a point's, stay names.
        ({0: {"f1": 0.5}, 1: {"f1": 1}}, {"x.0.f1": {0: 0.5}, "x.1.f1": {0: 1.0}}),
        ({"0": 0.5}, {"x.0": {0: 0.5}}),
        ({"value": 0.5}, {"x.value": {0: 0.5}}),
        (
            {"step": 1, "value": 2, "loss": 3},
            {f"x.{k}": {0: v} for k, v in [("step", 1), ("value", 2), ("loss", 3)]},
        ),
        ({"step": [1.0], "value": [2.0]}, {"x.step": {0: 1.0}, "x.value": {0: 2.0}}),
    ],
    ids=str,
)
def test_forms_that_say_their_steps(run: OwnRun, value: Any, expected: Any) -> None:
    """Whole-number keys and dicts of a point are steps, at any depth; other keys are names."""
    assert {key: steps(points) for key, points in logged(run, value).items()} == expected


def test_timestamps_are_kept(run: OwnRun) -> None:
    """A timestamp that is given, in milliseconds, is MLflow's; the others are now."""
    points = [{"step": 0, "value": 1, "timestamp": 1_700_000_000_123}, {"step": 1, "value": 2}]
    first, second = logged(run, points)["x"]
    assert first == (0, 1.0, 1_700_000_000_123)
    assert second[2] >= run.start_ms


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            [{"step": 0}],
            r"'x' is saved .* is a dict.*a dict is a point: \{step, value, timestamp\}",
        ),
        ([{"value": "high"}], r"'x' is saved with `dataset: m`.* is a str: 'high'"),
        ([{"value": 1, "step": 0.5}], "'x': a metric's step is a whole number, not 0.5"),
        ([{"value": 1, "step": True}], "'x': a metric's step is a whole number, not True"),
        ({"a": [{"value": 1, "timestamp": "noon"}]}, "'x.a': a metric's timestamp .* not 'noon'"),
        ({0: 0.5, 1: "high"}, "'x.1' is saved"),
    ],
)
def test_what_is_no_point_is_refused(value: Any, message: str) -> None:
    """The message names the metric and what is wrong with it."""
    with pytest.raises(DatasetError, match=message):
        metrics.check("x", value)


@pytest.mark.parametrize("value", [{0: 0.5, 10: 0.25}, {"a": {1: 0.5, 2: 1.0}, "b": [1.0, 2.0]}])
def test_steps_are_read_back(run: OwnRun, value: Any) -> None:
    """Where steps are left out, they come back with the values."""
    logged(run, value)
    assert metric_forms.read(run.client, run.run_id, "x") == value


def test_history_is_read_back_whole(run: OwnRun) -> None:
    """All points come back, in order, also those of a step that was logged again."""
    first = [
        {"step": 1, "value": 0.5, "timestamp": 2000},
        {"step": 0, "value": 1.0, "timestamp": 1000},
    ]
    again = [{"step": 1, "value": 0.25, "timestamp": 3000}]
    logged(run, first)
    logged(run, again)
    assert metric_forms.read(run.client, run.run_id, "x", "history") == [first[1], first[0], *again]
    assert metric_forms.read(run.client, run.run_id, "x") == [1.0, 0.25]


@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        (0.5, "list", [0.5]),
        (0.5, "dict", {0: 0.5}),
        ({3: 0.5, 1: 0.25}, "list", [0.25, 0.5]),
        ({3: 0.5}, None, 0.5),
        (
            [{"step": 1, "value": 2, "timestamp": 3}],
            "history",
            [{"step": 1, "value": 2, "timestamp": 3}],
        ),
        ({"a": [1, 2], "b": {"c": 3}}, "dict", {"a": {0: 1, 1: 2}, "b": {"c": {0: 3}}}),
        ([], "dict", {}),
    ],
)
def test_a_value_is_shown_in_each_form(value: Any, mode: str | None, expected: Any) -> None:
    """Whatever form was saved, the form that is asked for is made of it."""
    assert metric_forms.in_form(value, mode) == expected
