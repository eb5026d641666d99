"""Automatic logging: which values are small, and what is said of the others."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow_on_kedro.hooks.small_values import Leaf, Limits, Selection, select

LIMITS = Limits(100, 250)


@dataclass
class Report:
    """A class of the user's own."""

    f1: float = 0.5


def chosen(value: Any, limits: Limits = LIMITS, **how: Any) -> Selection:
    """Choose of a value called `v`."""
    return select("v", value, limits, **how)


def missed(value: Any, limits: Limits = LIMITS) -> list[tuple[str, str]]:
    """Name and kind of what is not logged of a value, all of which is not."""
    selection = chosen(value, limits)
    assert selection.leaves == []
    return [(item.name, item.what) for item in selection.unlogged]


NESTED: list[Any] = []
NESTED.append(NESTED)
DEEP: Any = 1
for _ in range(5000):
    DEEP = {"a": DEEP}


class TestSmall:
    """What is logged."""

    @pytest.mark.parametrize(
        ("value", "kind"),
        [(3, "metric"), (np.float32(0.5), "metric"), ("x" * 250, "param"), ([1, 2], "param")],
    )
    def test_small_values(self, value: Any, kind: Any) -> None:
        """Numbers, and short texts and lists, as by the `a` rule."""
        assert chosen(value) == Selection([Leaf("v", value, kind)])

    @pytest.mark.parametrize("value", [[0.5] * 1000, tuple(range(500)), [np.float64(0.25)] * 999])
    def test_a_long_list_of_numbers_is_a_series(self, value: Any) -> None:
        """Up to 1,000 numbers that are too long for a parameter are a metric's points."""
        assert chosen(value) == Selection([Leaf("v", value, "series")])

    def test_as_many_leaves_as_are_allowed(self) -> None:
        """A dict of 100 leaves is logged, of whatever depth."""
        value = {f"k{n}": {"a": n} for n in range(100)}
        assert len(chosen(value).leaves) == 100

    def test_the_user_may_say_more(self) -> None:
        """With other limits the same values are logged."""
        limits = Limits(50_000, 6000)
        assert len(chosen(dict(enumerate(range(50_000))), limits).leaves) == 50_000
        assert chosen("x" * 6000, limits).leaves == [Leaf("v", "x" * 6000, "param")]

    def test_none_is_no_value(self) -> None:
        """None is neither logged nor missed."""
        assert chosen({"best": None, "n": 1}) == Selection([Leaf("v.n", 1, "metric")])

    def test_lists_apart(self) -> None:
        """As PipelineX does it, a list is taken apart, but not one of more than 100 items."""
        apart = chosen({"features": ["age", {"n": 2}], "pair": (1, 2)}, lists=True)
        assert [(leaf.key, leaf.value) for leaf in apart.leaves] == [
            ("v.features.0", "age"),
            ("v.features.1.n", 2),
            ("v.pair", (1, 2)),
        ]
        assert chosen([0.5] * 1000, lists=True) == Selection([Leaf("v", [0.5] * 1000, "series")])


class TestUnlogged:
    """What is not logged, and how it is named."""

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            (dict(enumerate(range(50_000))), "dict of 50,000 items"),
            (["a review"] * 25_000, "list of 25,000 items"),
            ([0.5] * 300_000, "list of 300,000 items"),
            ([["x" * 251]], "list of 1 item"),
            ("x" * 251, "text of 251 characters"),
            (NESTED, "list of 1 item"),
            (DEEP, "dict of 1 item"),
            (pd.Series([1.0]), "Series"),
            (pd.DataFrame({"a": [1]}), "DataFrame"),
            (np.zeros(3), "ndarray"),
            (decimal.Decimal("0.5"), "Decimal"),
            (Report(), "Report"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_large_and_other_values(self, value: Any, what: str) -> None:
        """Too much, too long or of another type: nothing of it is logged, and it is named."""
        assert missed(value) == [("v", what)]

    def test_nothing_of_the_content_is_told(self) -> None:
        """The list of what was not logged says what a value is, and not what is in it."""
        (item,) = chosen(["hunter2"] * 1000).unlogged
        assert "hunter2" not in str(item)
        assert "250 characters (catalog.max_length)" in item.why
        assert "dataset: json" in item.how
        assert "dataset: m" in chosen([0.5] * 2000).unlogged[0].how
        assert "catalog.max_leaves" in chosen(dict.fromkeys(range(200), 1)).unlogged[0].how
        kinds = {"m": np.zeros(3), "csv": pd.DataFrame(), "pkl": Report()}
        for kind, value in kinds.items():
            assert f"dataset: {kind}`" in chosen(value).unlogged[0].how

    def test_the_rest_of_a_dict_is_logged(self) -> None:
        """One leaf that is too long, of another type or secret leaves the others where they are."""
        value = {"f1": 0.5, "text": "x" * 300, "frame": pd.DataFrame(), "db": [{"password": "x"}]}
        selection = chosen(value)
        assert selection.leaves == [Leaf("v.f1", 0.5, "metric"), Leaf("v.db", [{}], "param")]
        assert [(item.name, item.what) for item in selection.unlogged] == [
            ("v.text", "text of 300 characters"),
            ("v.frame", "DataFrame"),
            ("v.db.0.password", "secret"),
        ]
