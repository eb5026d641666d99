"""Comparing two runs misses nothing."""

from __future__ import annotations

import doctest

import pytest

from . import compare as compare_module
from .compare import Difference, any_value, compare, entries, number_as_param

HELD = {
    "params": {"depth": "3"},
    "metrics": {"f1": [[0, 0.5], [0, 0.5], [1, 0.75]]},
    "artifacts": {"a.csv": "digest"},
    "models": {"model": [1.0]},
}


def test_equal_runs() -> None:
    """Nothing is said of runs that hold the same."""
    assert compare(entries(HELD), entries(HELD), []) == []


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("params", "depth", "4"),
        ("metrics", "f1", [[0, 0.5]]),
        ("artifacts", "a.csv", "another"),
        ("models", "model", [2.0]),
    ],
)
def test_another_value_is_said(kind: str, name: str, value: object) -> None:
    """A parameter, point, file or prediction that differs is named."""
    other = {**HELD, kind: {name: value}}
    (line,) = compare(entries(HELD), entries(other), [])
    assert line.startswith(f"{kind.removesuffix('s')} {name}: theirs ")


@pytest.mark.parametrize("kind", HELD)
def test_what_is_missing_is_said(kind: str) -> None:
    """What only one run holds is said, whichever it is."""
    without = {**HELD, kind: {}}
    (line,) = compare(entries(HELD), entries(without), [])
    assert line.endswith("ours has none")
    (line,) = compare(entries(without), entries(HELD), [])
    assert "theirs has none" in line


def test_names_that_differ_by_design() -> None:
    """A difference renames, leaves out, explains what is new, and judges values its own way."""
    theirs = {"metric _time train": [[0, 1.0]], "param __begin": "now", "metric on": [[0, 1.0]]}
    ours = {"metric time/train": [[0, 2.0]], "param on": "True", "artifact gantt.html": "x"}
    differences = [
        Difference(r"metric _time (\w+)", r"metric time/\1", "grouped", any_value),
        Difference("param __begin", None, "a tag"),
        Difference("metric on", "param on", "a bool is no number", number_as_param),
        Difference(None, r"artifact gantt\.html", "a chart"),
    ]
    assert compare(theirs, ours, differences) == []
    (line,) = compare(theirs, {**ours, "param on": "False"}, differences)
    assert line == "metric on (param on): theirs [[0, 1.0]], ours 'False'"


def test_a_difference_that_explains_nothing_is_said() -> None:
    """An entry of the table that is out of date does not stay there."""
    (line,) = compare({}, {}, [Difference("metric gone", None, "it was there once")])
    assert line == "no such difference: metric gone (it was there once)"


def test_examples() -> None:
    """The docstrings' examples are so."""
    found = doctest.testmod(compare_module)
    assert found.attempted >= 2
    assert found.failed == 0
