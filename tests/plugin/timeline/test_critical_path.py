"""The chain of dependent nodes that takes longest."""

from __future__ import annotations

from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.timeline.critical_path import critical_path, dependencies_of


def test_the_longest_of_several_chains() -> None:
    """It counts seconds, not nodes."""
    durations = {"a": 1.0, "b": 1.0, "c": 1.0, "slow": 5.0, "end": 0.5}
    needed = {"b": ["a"], "c": ["b"], "end": ["c", "slow"]}

    assert critical_path(durations, needed) == ["slow", "end"]


def test_nodes_may_be_given_in_any_order() -> None:
    """The chain is in the order of the dependencies, whatever ran or is listed first."""
    assert critical_path({"z": 1.0, "a": 1.0, "m": 1.0}, {"a": ["m"], "m": ["z"]}) == [
        "z",
        "m",
        "a",
    ]


def test_a_tie_is_always_decided_alike() -> None:
    """Equal runs give equal charts."""
    needed = {"end": {"one", "two"}}

    assert critical_path({"one": 1.0, "two": 1.0, "end": 1.0}, needed) == ["one", "end"]


def test_no_dependencies() -> None:
    """Unknown or without any, there is no chain."""
    assert critical_path({"a": 1.0, "b": 2.0}, {}) == []


def test_a_circle() -> None:
    """Processes of one run may have nodes of the same names, which are no reason to fail."""
    assert critical_path({"a": 1.0, "b": 1.0}, {"a": ["b"], "b": ["a"]}) == []


def test_dependencies_come_from_loads_and_saves() -> None:
    """A free input has no maker; a dataset that nobody loads makes no dependency."""
    spans = [
        Span("load", "clean", "raw", 0.0, 1.0, 0),
        Span("save", "clean", "wines", 1.0, 2.0, 0),
        Span("save", "clean", "report", 2.0, 3.0, 0),
        Span("load", "train", "wines", 3.0, 4.0, 1),
        Span("run", "train", "wines", 3.0, 4.0, 1),
    ]

    assert dependencies_of(spans) == {"train": {"clean"}}
