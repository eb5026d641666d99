"""Tests of the choice of combinations."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.sweeps import search as searches
from mlflow_on_kedro.sweeps.combination import Result
from mlflow_on_kedro.sweeps.ranking import score
from mlflow_on_kedro.sweeps.search import GridSearch, OptunaSearch
from mlflow_on_kedro.sweeps.space import Choices, Interval

SPACE = {"C": Interval("log", 0.01, 10), "kind": Choices(("a", [1, 2])), "n": Interval("int", 1, 3)}


def optuna_search(trials: int = 4, **given: Any) -> OptunaSearch:
    """A search for the highest `f1`."""
    named = {"sampler": "tpe", "seed": 7, "minimize": False, "done": {}, **given}
    return OptunaSearch(SPACE, trials, score=lambda result: score(result, "f1"), **named)


def test_grid_goes_on() -> None:
    """What has finished before is left out, and the numbers stay."""
    search = GridSearch({"C": Choices((1, 2, 3))}, done=[2])
    asked = [search.ask(), search.ask(), search.ask()]
    assert asked == [(1, {"C": 1}), (3, {"C": 3}), None]
    assert search.total == 3


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to install it, and what does without."""
    real = builtins.__import__

    def without(name: str, *words: Any, **named: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *words, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"--trials needs Optuna.*`pip install optuna`"):
        optuna_search()


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler whose package is missing is refused with that package's name."""
    pytest.importorskip("optuna")
    monkeypatch.setitem(searches._SAMPLERS, "gp", ("GPSampler", "no_such_package"))
    with pytest.raises(ConfigError, match=r"sampler 'gp' needs .*pip install no_such_package"):
        optuna_search(sampler="gp")


def test_optuna() -> None:
    """Optuna asks within the space, is told failures, and goes on from what has run before."""
    pytest.importorskip("optuna")
    search = optuna_search()
    done: dict[int, Result] = {}
    while (asked := search.ask()) is not None:
        number, values = asked
        assert 0.01 <= values["C"] <= 10
        assert values["kind"] in SPACE["kind"].values  # type: ignore[union-attr]
        assert values["n"] in {1, 2, 3}
        value = None if number == 2 else values["C"]
        search.tell(number, value)
        if value is not None:
            metrics = {"f1": value}
            done[number] = Result(f"{number:04}", "x", values, "FINISHED", metrics=metrics)
    assert sorted(done) == [1, 3, 4]
    again = optuna_search(trials=5, done=done)
    rest = [again.ask(), again.ask(), again.ask()]
    assert [one and one[0] for one in rest] == [5, 6, None]
    assert rest[0] is not None
    assert rest[0][1] != done[1].values, "the seed does not give the same combinations again"
