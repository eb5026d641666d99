"""`p`, `m` and `a`: what MLflow holds, and what is read back from it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.config.sections import Config, Params, Tracking
from mlflow_on_kedro.datasets.value_kinds import VALUE_KINDS
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

NESTED = {"train": {"size": 32, "rate": 0.5}, "name": "rbf", "deep": {"er": {"on": True}}}


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Any:
    """An open pipeline run; failures of tracking are raised."""
    config = Config(tracking=Tracking(uri=store_uri, on_failure="raise"))
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    assert run is not None
    yield run
    run.end("FINISHED")


def logged(run: OwnRun, kind: str, value: Any, limits: Params | None = None) -> Any:
    """Log a value as `x` and return what the run holds then."""
    VALUE_KINDS[kind].check("x", value)
    VALUE_KINDS[kind].log(run, "x", value, limits or Params())
    run.flush()
    return run.client.get_run(run.run_id).data


def read(run: OwnRun, kind: str, key: str = "x") -> Any:
    """Read a value back from MLflow."""
    run.flush()
    return VALUE_KINDS[kind].read(run.client, run.run_id, key)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("rbf", "rbf"),
        (3, "3"),
        (0.5, "0.5"),
        (True, "True"),
        (None, "None"),
        ("", ""),
        ([], "[]"),
        ({}, "{}"),
        (np.float64(0.25), "0.25"),
        (np.int32(7), "7"),
        ([np.int64(1), "é"], "[1, 'é']"),
        ({"b": {"a": (1, 2)}}, "{'b': {'a': (1, 2)}}"),
        ({"東京", "b"}, "{'b', '東京'}"),
        ("東京 🍣\nline", "東京 🍣\nline"),
    ],
)
def test_p_is_one_parameter_with_readable_text(run: OwnRun, value: Any, text: str) -> None:
    """`p` logs any value as one parameter's text, and reads that text back."""
    data = logged(run, "p", value)
    assert data.params == {"x": text}
    assert data.metrics == {}
    assert read(run, "p") == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.9, 0.9),
        (0, 0),
        (True, 1),
        (np.bool_(False), 0),
        (np.float32(0.5), 0.5),
        (np.int64(-3), -3),
        (np.array(2.5), 2.5),
        (10**20, 1e20),
    ],
)
def test_m_is_one_metric(run: OwnRun, value: Any, number: float) -> None:
    """`m` logs any number, NumPy's and bools too, and reads it back."""
    data = logged(run, "m", value)
    assert data.metrics == {"x": number}
    assert data.params == {}
    assert read(run, "m") == number


def test_m_keeps_nan(run: OwnRun) -> None:
    """A NaN is a metric and stays one."""
    logged(run, "m", float("nan"))
    assert math.isnan(read(run, "m"))


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_m_reads_an_infinity_back(run: OwnRun, value: float) -> None:
    """An infinity, which MLflow cannot hold as a metric, comes back from the tag; no other tag."""
    run.set_tag("x.version", 3)
    data = logged(run, "m", {"best": value, "other": 1.0})
    assert data.metrics == {"x.other": 1.0}
    assert read(run, "m") == {"best": value, "other": 1.0}


def test_m_with_a_dict_is_a_metric_for_each_leaf(run: OwnRun) -> None:
    """A dict of numbers, nested or not, is flattened, and comes back as the same dict."""
    value = {"f1": 0.5, "by class": {"a": np.float64(0.25), "ü": 1}}
    data = logged(run, "m", value)
    assert data.metrics == {"x.f1": 0.5, "x.by class.a": 0.25, "x.by class.ü": 1}
    assert read(run, "m") == value


@pytest.mark.parametrize("series", [[0.5, 0.25, 0.125], (1, 2), [0.1] * 3])
def test_m_with_a_list_is_a_series(run: OwnRun, series: Any) -> None:
    """A list is one metric with the steps 0, 1, …, and comes back as a list."""
    logged(run, "m", series)
    history = run.client.get_metric_history(run.run_id, "x")
    assert sorted((point.step, point.value) for point in history) == list(enumerate(series))
    assert read(run, "m") == list(series)


def test_m_with_a_dict_of_lists_is_a_series_each(run: OwnRun) -> None:
    """Learning curves by name come back as they were."""
    value = {"train": [0.5, 0.75], "test": [0.25, 0.5, 0.5]}
    logged(run, "m", value)
    assert read(run, "m") == value


def test_m_logged_again_reads_the_last_value(run: OwnRun) -> None:
    """A metric that a continued run logs again is a number still, not a series."""
    logged(run, "m", 0.5)
    logged(run, "m", 0.75)
    assert read(run, "m") == 0.75


@pytest.mark.parametrize("value", [[], {}, (), {"a": []}])
def test_m_with_nothing_in_it_logs_nothing(run: OwnRun, value: Any) -> None:
    """An empty list or dict is no mistake, and no metric."""
    assert logged(run, "m", value).metrics == {}


@pytest.mark.parametrize(
    ("value", "name", "type_name"),
    [
        ("high", "x", "str"),
        (None, "x", "NoneType"),
        ([1, "two"], "x", "str"),
        ({"a": {"b": "c"}}, "x.a.b", "str"),
        (1j, "x", "complex"),
        (object(), "x", "object"),
    ],
)
def test_m_refuses_what_is_no_number(value: Any, name: str, type_name: str) -> None:
    """The message names the leaf, its type and what to use instead."""
    with pytest.raises(DatasetError) as caught:
        VALUE_KINDS["m"].check("x", value)
    message = str(caught.value)
    assert f"'{name}' is saved with `dataset: m`" in message
    assert f"it is a {type_name}" in message
    assert "Use `p` (a parameter) or `a`" in message


def test_a_logs_by_type(run: OwnRun) -> None:
    """Numbers are metrics, text and collections parameters, dicts are flattened."""
    data = logged(run, "a", {**NESTED, "list": [1, 2], "set": {1}, "none": None})
    assert data.metrics == {"x.train.size": 32, "x.train.rate": 0.5}
    assert data.params == {
        "x.name": "rbf",
        "x.deep.er.on": "True",
        "x.list": "[1, 2]",
        "x.set": "{1}",
    }


@pytest.mark.parametrize(
    "value",
    [
        3,
        0.5,
        True,
        False,
        "rbf",
        "",
        "naïve 東京 🍣",
        "[not a list",
        [],
        [1, "a", None, 0.5],
        (1,),
        (),
        {1, 2},
        set(),
        {},
        NESTED,
        {"empty": {}, "list": [], "text": ""},
        {"best": math.inf, "worst": -math.inf, "text": "inf"},
        {"a": {"b": {"c": {"d": [1, [2]]}}}},
        {"schlüssel": "wert", "ключ 1": 1},
        np.float64(0.125),
        {"np": np.int64(4)},
    ],
    ids=str,
)
def test_a_reads_back_what_was_saved(run: OwnRun, value: Any) -> None:
    """`a` gives the same value back from MLflow, dicts unflattened."""
    logged(run, "a", value)
    loaded = read(run, "a")
    assert loaded == value
    assert not isinstance(value, bool | str | list | tuple | set | dict) or (
        type(loaded) is type(value)
    )


def test_a_finds_values_under_keys_that_mlflow_does_not_allow(run: OwnRun) -> None:
    """A value is read under the same name, though MLflow holds it under a legal one."""
    VALUE_KINDS["a"].log(run, "f1 (macro)", 0.5, Params())
    assert read(run, "a", "f1 (macro)") == 0.5


def test_values_of_longer_names_do_not_mix(run: OwnRun) -> None:
    """`score` is the number that was saved, though `score.test` is there as well."""
    for kind in ("m", "a"):
        VALUE_KINDS[kind].log(run, f"{kind}score", 0.5, Params())
        VALUE_KINDS[kind].log(run, f"{kind}score.test", 0.75, Params())
        assert read(run, kind, f"{kind}score") == 0.5
        assert read(run, kind, f"{kind}score.test") == 0.75


@pytest.mark.parametrize("kind", ["p", "a"])
@pytest.mark.parametrize(("too_long", "length"), [("tag", 7000), ("tag", 9000), ("artifact", 7000)])
def test_long_text_is_read_back_whole(run: OwnRun, kind: str, too_long: str, length: int) -> None:
    """What is a tag or an artifact for its length comes back as the value, all of it."""
    value = "ü" * length
    logged(run, kind, value, Params(too_long=too_long))
    assert read(run, kind) == value


def test_text_that_points_out_of_the_artifacts_is_left_alone(run: OwnRun) -> None:
    """A parameter's text from a server names no file elsewhere."""
    text = "see the artifact params/../../../../etc/passwd.txt"
    logged(run, "p", text)
    assert read(run, "p") == text


@pytest.mark.parametrize("kind", ["p", "m", "a"])
def test_reading_what_is_not_there_is_a_key_error(run: OwnRun, kind: str) -> None:
    """The dataset makes its message of it."""
    with pytest.raises(KeyError):
        read(run, kind, "nothing")
