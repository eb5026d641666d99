"""Values: what a Python value becomes in MLflow, within MLflow's limits, and back."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import logging
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from mlflow_on_kedro.journal import long_values, values
from mlflow_on_kedro.journal.entries import Metric, Tag, Text
from mlflow_on_kedro.utils import mlflow_limits

# The same examples in every run, and no folder of found ones.
quick = settings(max_examples=150, database=None, derandomize=True, deadline=None)


class Colour(str, enum.Enum):
    """A str of a class of its own."""

    RED = "red"


class TestLimits:
    """The limits are those of the MLflow that is installed."""

    def test_lengths(self) -> None:
        """The lengths equal the constants of mlflow.utils.validation."""
        from mlflow.utils import validation

        assert mlflow_limits.MAX_PARAM_LENGTH == validation.MAX_PARAM_VAL_LENGTH
        assert mlflow_limits.MAX_TAG_LENGTH == validation.MAX_TAG_VAL_LENGTH


NUMBERS = [
    0,
    -3,
    2.5,
    math.nan,
    np.int64(7),
    np.uint8(7),
    np.float32(0.5),
    np.float64(0.5),
    np.longdouble(0.5),
    np.array(3),
    np.array(0.25),
    fractions.Fraction(1, 4),
]
TEXTS = [
    "",
    "naïve 東京 🍣",
    Colour.RED,
    np.str_("text"),
    True,
    False,
    np.bool_(True),
    np.array(False),
    [],
    [1, "a"],
    (),
    (1,),
    set(),
    {"b", "a"},
    frozenset({1}),
]
OTHERS = [
    None,
    b"bytes",
    1j,
    decimal.Decimal("1.5"),
    dt.date(2026, 1, 2),
    np.datetime64("2026-01-02", "ns"),
    np.timedelta64(5, "ns"),
    np.array([1, 2]),
    pd.DataFrame({"a": [1]}),
    pd.Series([1]),
    pd.Timestamp(0),
    object(),
    print,
]


class TestByType:
    """The `a` rule."""

    @pytest.mark.parametrize("value", NUMBERS, ids=repr)
    def test_numbers_are_metrics(self, value: Any) -> None:
        """Python's and NumPy's real numbers, 0-d arrays too, are metrics."""
        assert values.is_number(value)
        assert [kind for _, _, kind in values.by_type("k", value)] == ["metric"]

    @pytest.mark.parametrize("value", TEXTS, ids=values.param_text)  # sets in one order
    def test_text_and_collections_are_params(self, value: Any) -> None:
        """str, bool (NumPy's too), list, tuple and set are parameters, empty ones too."""
        assert values.is_text(value)
        assert [kind for _, _, kind in values.by_type("k", value)] == ["param"]

    @pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
    def test_other_types_are_left_alone(self, value: Any, caplog: pytest.LogCaptureFixture) -> None:
        """Any other type gives nothing but a debug line that names the key and the type."""
        caplog.set_level(logging.DEBUG, "mlflow_on_kedro")
        assert list(values.by_type("thing", value)) == []
        assert [record.levelno for record in caplog.records] == [logging.DEBUG]
        assert "'thing'" in caplog.text
        assert type(value).__name__ in caplog.text

    def test_dicts_are_flattened(self) -> None:
        """Nested dicts give a key for each leaf, joined by dots; an empty dict is not lost."""
        value = {
            "train": {"size": np.int64(32), "on": True, "layers": [1, 2]},
            "empty": {},
            "none": None,
            7: collections.OrderedDict(x=1.5),
        }
        assert list(values.by_type("c", value)) == [
            ("c.train.size", 32, "metric"),
            ("c.train.on", True, "param"),
            ("c.train.layers", [1, 2], "param"),
            ("c.empty", {}, "param"),
            ("c.7.x", 1.5, "metric"),
        ]

    def test_an_empty_dict_is_a_param(self) -> None:
        """An empty dict at the top is a parameter of its own."""
        assert list(values.by_type("c", {})) == [("c", {}, "param")]


class TestParamText:
    """Values as a parameter's text."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("as it is", "as it is"),
            ("", ""),
            ("東京 🍣", "東京 🍣"),
            (True, "True"),
            (np.bool_(False), "False"),
            (None, "None"),
            (np.float64(0.5), "0.5"),
            (np.array(3), "3"),
            ([np.int64(1), "a", None], "[1, 'a', None]"),
            ((np.float32(0.5),), "(0.5,)"),
            ((), "()"),
            ({"b", "a"}, "{'a', 'b'}"),
            (set(), "set()"),
            (frozenset(), "set()"),
            ({"k": [np.int8(1)], "ü": {}}, "{'k': [1], 'ü': {}}"),
            (dt.date(2026, 1, 2), "2026-01-02"),
            ({"since": dt.date(2026, 1, 2)}, "{'since': '2026-01-02'}"),
            (decimal.Decimal("1.50"), "1.50"),
        ],
    )
    def test_text(self, value: Any, text: str) -> None:
        """Each kind of value has one readable text."""
        assert values.param_text(value) == text

    def test_sets_are_sorted(self) -> None:
        """A set's text is the same in every process, whatever the order of its hashes."""
        words = [f"word{number}" for number in range(50)]
        assert values.param_text(set(words)) == f"{{{', '.join(sorted(map(repr, words)))}}}"

    @pytest.mark.parametrize(
        "value",
        [True, False, [], [1, [2.5, "a"]], (), (1,), set(), {1, 2}, {}, {"k": [1]}, "", "rbf", "1"],
        ids=repr,
    )
    def test_round_trip(self, value: Any) -> None:
        """Bools and collections come back as they were, and text stays text."""
        assert values.parse_param(values.param_text(value)) == value

    @pytest.mark.parametrize(
        "text", ["[nan]", "{x", "(", "[1, 2", "{!r}", "[__import__('os')]", "None", "3"]
    )
    def test_what_is_no_literal_stays_text(self, text: str) -> None:
        """Text that only looks like a collection is given back as text, and never run."""
        assert values.parse_param(text) == text


class TestMetric:
    """Numbers as metrics."""

    @pytest.mark.parametrize("value", [value for value in NUMBERS if value == value])  # noqa: PLR0124
    def test_finite(self, value: Any) -> None:
        """A finite number is a metric of that value, as Python's float."""
        entry = values.metric("k", value, 5, 2)
        assert entry == Metric("k", float(value), 5, 2)
        assert type(entry.value) is float

    def test_nan(self) -> None:
        """NaN is a metric, as MLflow stores it."""
        entry = values.metric("k", np.float32("nan"), 5)
        assert isinstance(entry, Metric)
        assert math.isnan(entry.value)

    @pytest.mark.parametrize("value", [math.inf, -math.inf, np.float64("inf"), np.array(-np.inf)])
    def test_infinity(self, value: Any, caplog: pytest.LogCaptureFixture) -> None:
        """An infinity becomes a tag, with a warning that names the key."""
        assert values.metric("loss", value, 5) == Tag("loss", str(float(value)))
        assert "'loss'" in caplog.text

    def test_integers_beyond_a_float(self, caplog: pytest.LogCaptureFixture) -> None:
        """An integer that no float holds becomes a tag with its digits."""
        assert values.metric("n", -(10**400), 5) == Tag("n", str(-(10**400)))
        assert "'n'" in caplog.text
        assert len(caplog.text) < 400

    def test_integers_beyond_what_python_writes(self) -> None:
        """An integer of more digits than Python writes becomes a tag with its magnitude."""
        assert values.metric("n", -(2**20000), 5) == Tag("n", "about -2**20000")

    def test_steps_and_times_are_integers(self) -> None:
        """Steps and times given as floats are stored as integers, which HTTP servers require."""
        assert values.metric("k", 1, 5.0, 2.0) == Metric("k", 1.0, 5, 2)  # type: ignore[arg-type]


class TestTags:
    """Tags and texts that a store would refuse."""

    def test_half_characters(self) -> None:
        """Text with lone surrogates, which no store can encode, is made storable."""
        entries = [*long_values.param("k", "bad \udcff"), values.tag("k", ["\ud800"])]
        assert [entry.value.encode() for entry in entries if not isinstance(entry, Text)]

    def test_a_tag_is_cut(self, caplog: pytest.LogCaptureFixture) -> None:
        """A tag beyond MLflow's limit is cut, with a warning that names it and both lengths."""
        assert values.tag("k", "x" * 9000) == Tag("k", "x" * 7997 + "...")
        assert all(word in caplog.text for word in ("'k'", "9000", "8000"))
