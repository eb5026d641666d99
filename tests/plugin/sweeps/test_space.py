"""Tests of what a sweep tries: values as the user writes them, and their grid."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.sweeps.space import (
    Choices,
    Interval,
    grid,
    label,
    parse_domain,
    parse_option,
)

DATES = (["2024-01-01"], {"2024-01-02": [True, None, "2024-01-03"]})


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("0.01,0.1,1", [0.01, 0.1, 1]),
        ("1e-3, 1E2", [0.001, 100.0]),
        (".5,-2,+3", [0.5, -2, 3]),
        ("1..5", [1, 2, 3, 4, 5]),
        ("-1..1", [-1, 0, 1]),
        ("1..9..3", [1, 4, 7]),
        ("0..1..0.25", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("0.1..0.3..0.1", [0.1, 0.2, 0.3]),
        ("1..3,10", [1, 2, 3, 10]),
        ("lbfgs,'a,b',\"c, d\"", ["lbfgs", "a,b", "c, d"]),
        ("[age,size],[age]", [["age", "size"], ["age"]]),
        ("{depth: 3, kind: x}", [{"depth": 3, "kind": "x"}]),
        ("true,false,null", [True, False, None]),
        ("1,1.0,true,1", [1, 1.0, True]),
        ("2024-01-01", ["2024-01-01"]),
        ("[2024-01-01],{2024-01-02: [true, null, 2024-01-03]}", [*DATES]),
        ("choice(a,b)", ["a", "b"]),
        ("it's,fine", ["it's", "fine"]),
        ([1, "x"], [1, "x"]),
        (3, [3]),
    ],
)
def test_values(given: Any, values: list[Any]) -> None:
    """Values are those of YAML, and of ranges."""
    found = parse_domain(given, "--param")
    assert isinstance(found, Choices)
    assert [(type(one), one) for one in found.values] == [(type(one), one) for one in values]


@pytest.mark.parametrize(
    ("given", "interval"),
    [
        ("log(0.001, 10)", Interval("log", 0.001, 10)),
        ("uniform(-1,1)", Interval("uniform", -1, 1)),
        ("int(1,9)", Interval("int", 1, 9)),
    ],
)
def test_intervals(given: str, interval: Interval) -> None:
    """An interval is any number between two."""
    assert parse_domain(given, "--param") == interval


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("model.C", "write the name of a parameter, = and its values"),
        ("=1,2", "write the name of a parameter, = and its values"),
        ("a b=1", "write the name of a parameter, = and its values"),
        ("C=", "there is no value"),
        ("C=1,,2", "a value is missing beside a comma"),
        ("C=1,2,", "a value is missing beside a comma"),
        ("C=[1,2", "a bracket is not closed"),
        ("C='a,b", "a quote ' is not closed"),
        ("C=a: b: c", "is no value in YAML"),
        ("C=1..", "a range has two ends"),
        ("C=5..1", "a range goes from the smaller number"),
        ("C=1..5..0", "a range goes from the smaller number"),
        ("C=0..1.5", "give the step of a range of fractions"),
        ("C=1..1000000000", "more than 10,000 values"),
        ("C=lag(1,2)", "there is no 'lag'"),
        ("C=log(1)", "'log' takes two numbers, as in log(1,9)"),
        ("C=log(0,1)", "the numbers of 'log' must be greater than 0"),
        ("C=uniform(a,b)", "'uniform' takes two numbers"),
        ("C=int(1,2.5)", "'int' takes two whole numbers"),
        ("C=int(5,1)", "the first number of 'int' must be the smaller one"),
        ("C=choice()", "there is no value"),
    ],
)
def test_wrong(option: str, message: str) -> None:
    """A mistake gives one message, which quotes the option."""
    with pytest.raises(ConfigError) as error:
        parse_option(option)
    assert message in error.value.message
    assert f'--param "{option}"' in error.value.message


def test_grid() -> None:
    """The last parameter changes fastest."""
    space = {"a": Choices((1, 2)), "b": Choices(("x", "y"))}
    assert [label(values) for values in grid(space)] == [
        "a=1, b=x",
        "a=1, b=y",
        "a=2, b=x",
        "a=2, b=y",
    ]


def test_no_grid() -> None:
    """An interval has no grid, and a huge grid is refused before it is made."""
    with pytest.raises(ConfigError, match="takes any number from 0 to 1, which has no grid"):
        grid({"a": Interval("uniform", 0, 1)})
    many = Choices(tuple(range(200)))
    with pytest.raises(ConfigError, match="These are 8,000,000 combinations"):
        grid({"a": many, "b": many, "c": many})
