"""``--where``: what MLflow checks, what is checked here, and what cannot be read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.history.conditions import filter_string, parse, split_key


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", ""),
        ("metrics.f1.mean > 1e-5", "metrics.`f1.mean` > 0.00001"),
        ("metric.`a b`<=-2", "metrics.`a b` <= -2.0"),
        ("params.kind = linear", "params.`kind` = 'linear'"),
        ("param.\"kind\" LIKE '%lin%'", "params.`kind` LIKE '%lin%'"),
        ("params.n = '3' and status=FAILED", "params.`n` = '3' AND attributes.`status` = 'FAILED'"),
        ("params.n = 3", "params.`n` != ''"),
        ("tags.x IS NOT NULL", ""),
        ("run_id IN ('a', 'b')", "attributes.`run_id` IN ('a', 'b')"),
        ('name = "it\'s"', 'attributes.`run_name` = "it\'s"'),
        ("start_time > 1790000000000", "attributes.`start_time` > 1790000000000"),
        ("dataset.name = 'x'", "datasets.`name` = 'x'"),
        ("params.a == AND", None),
        ("params.a > 1 AND", None),
        ("params.a > 1 OR params.b > 2", None),
        ("params.a IS NULL x", None),
        ("params.a > 'x", None),
        ("accuracy > 0.9", None),
        ("metrics.f1 > high", None),
        ("start_time > yesterday", None),
        ("x" * 5000, None),
    ],
)
def test_for_mlflow(where: str, expected: str | None) -> None:
    """Names stand in backticks, and what only this plugin can check is left out."""
    if expected is not None:
        assert filter_string(parse(where)) == expected
        return
    with pytest.raises(MLflowOnKedroError, match=r"^--where: "):
        parse(where)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("params.C > 0.1", True),
        ("params.C = 0.500", True),
        ("params.C != 0.5", False),
        ("params.C < 1e-3", False),
        ("params.kind > 1", False),
        ("params.kind != 1", True),
        ("params.kind >= 'k'", True),
        ("params.none > 0", False),
        ("params.none IS NULL", True),
        ("params.C IS NULL", False),
        ("tags.x IS NOT NULL", True),
    ],
)
def test_checked_here(where: str, *, expected: bool) -> None:
    """Numbers compare as numbers; a run without the parameter fulfils no comparison."""
    data = SimpleNamespace(params={"C": "0.5", "kind": "linear"}, tags={"x": ""})
    (condition,) = parse(where)
    assert not condition.is_for_mlflow
    assert condition.holds(SimpleNamespace(data=data)) is expected


def test_times() -> None:
    """Dates are in this machine's time zone."""
    day, minute = parse("start_time >= 2026-11-27 and end_time < '2026-11-27 00:01'")
    assert int(minute.value) - int(day.value) == 60_000


def test_keys() -> None:
    """What runs are sorted by is a metric, a parameter or an attribute."""
    assert split_key("metrics.`a.b`", "--sort") == ("metrics", "a.b")
    assert split_key("name", "--sort") == ("attributes", "run_name")
    with pytest.raises(MLflowOnKedroError, match=r"--sort: 'stat' .* `metrics\.stat` for a metric"):
        split_key("stat", "--sort")
