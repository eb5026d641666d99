"""Scorers by their names, and by the import path of functions."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow.genai.scorers import Scorer, scorer
from mlflow_on_kedro.evaluation.scorers import make_all, specs_of
from mlflow_on_kedro.utils import mlflow_version

HERE = __name__
pytestmark = pytest.mark.skipif(
    mlflow_version.major_minor(mlflow_version.mlflow_version()) < (3, 4),
    reason="MLflow is too old to evaluate",
)


def is_short(outputs: str) -> bool:
    """A scorer without a line of MLflow."""
    return len(outputs) < 10


@scorer
def is_polite(outputs: str) -> bool:
    """A scorer as MLflow has them."""
    return "please" in outputs


def needs_output(output: str) -> bool:
    """A scorer whose parameter is misspelt."""
    return len(output) < 10


def takes_more(outputs: str, limit: int = 10, **others: Any) -> bool:
    """A scorer with parameters that need no value."""
    return len(outputs) < limit + len(others)


def named(name: str) -> Scorer:
    """What makes a scorer."""
    return scorer(is_short, name=name)


def made(*given: Any, model: str | None = None) -> list[Scorer]:
    """The scorers of a catalog entry."""
    return make_all(specs_of(list(given), model))


def test_kinds() -> None:
    """MLflow's own, plain functions, MLflow's decorated ones, and what makes one."""
    found = made(
        "Correctness",
        {"Guidelines": {"guidelines": "Be brief.", "name": "brief"}},
        f"{HERE}.is_short",
        f"{HERE}.is_polite",
        f"{HERE}.takes_more",
        {f"{HERE}.named": {"name": "mine"}},
    )
    assert [each.name for each in found] == [
        "correctness",
        "brief",
        "is_short",
        "is_polite",
        "takes_more",
        "mine",
    ]


def test_judge() -> None:
    """The entry's model is that of scorers that name none."""
    own = {"Guidelines": {"guidelines": "Be brief.", "model": "openai:/own"}}
    relevance, guidelines, short = made(
        "RelevanceToQuery", own, f"{HERE}.is_short", model="openai:/x"
    )
    assert (relevance.model, guidelines.model) == ("openai:/x", "openai:/own")  # type: ignore[attr-defined]
    assert short.run(outputs="yes") is True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "is a list of scorers, such as `scorers: "),
        ([3], "3 is neither a name nor a name with arguments"),
        (["Corectness"], "no scorer 'Corectness'. Did you mean 'Correctness'"),
        ([{"Guidelines": {"rules": "Be brief."}}], "'Guidelines' cannot be made with these arg"),
        (["no_such.module"], "'no_such.module' cannot be imported: ModuleNotFoundError"),
        ([f"{HERE}.HERE"], "is no scorer, but"),
        ([{f"{HERE}.is_short": {"outputs": "a"}}], "made a bool, which is no scorer"),
        (["Safety", "Safety"], "two are named 'safety'"),
        (
            [f"{HERE}.needs_output"],
            "has the parameter 'output', for which MLflow has no value. Did you mean 'outputs'",
        ),
    ],
)
def test_mistakes(given: list[Any], message: str) -> None:
    """Each is one message that says what to write."""
    with pytest.raises(DatasetError, match=message):
        made(*given)
