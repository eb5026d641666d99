"""registration.py: what a user asks of the model registry."""

from __future__ import annotations

import math
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.config.registration import Promotion, Registration

PROMOTE = {"alias": "champion", "metric": "f1"}


def test_nothing_asked() -> None:
    """Without a registered name there is no registration."""
    assert Registration.from_arguments(None, None, None, {"a": "b"}) is None


@pytest.mark.parametrize(("alias", "promote"), [("champion", None), (None, PROMOTE)])
def test_alias_without_a_name(alias: Any, promote: Any) -> None:
    """An alias is one of a registered model, so its name is needed."""
    with pytest.raises(DatasetError, match="give `registered_model_name`"):
        Registration.from_arguments(None, alias, promote, None)


@pytest.mark.parametrize("name", ["a/b", "a:b", ""])
def test_names_that_mlflow_refuses(name: str) -> None:
    """The name is checked before anything runs."""
    with pytest.raises(DatasetError, match="must be a name without"):
        Registration.from_arguments(name, None, None, None)


@pytest.mark.parametrize("alias", ["latest", "V1", "a b", "a/b", ""])
def test_aliases_that_mlflow_refuses(alias: str) -> None:
    """Reserved and illegal aliases are found before anything runs."""
    with pytest.raises(DatasetError, match=f"no alias '{alias}'"):
        Registration.from_arguments("clf", alias, None, None)
    if alias:
        with pytest.raises(DatasetError, match=f"`promote`: MLflow allows no alias '{alias}'"):
            Registration.from_arguments("clf", None, {**PROMOTE, "alias": alias}, None)


@pytest.mark.parametrize(
    ("promote", "message"),
    [
        ({"alais": "champion"}, r"unknown key 'alais'. Did you mean 'alias'\? Valid here: alias"),
        ({"alias": "champion"}, "needs 'metric'"),
        ({"metric": "f1"}, "needs 'alias'"),
        ({**PROMOTE, "greater_is_better": "no"}, "'greater_is_better' must be true or false"),
        ("champion", "must be a mapping"),
    ],
)
def test_wrong_promotions(promote: Any, message: str) -> None:
    """The message names the key, and shows a right one."""
    with pytest.raises(DatasetError, match=message):
        Registration.from_arguments("clf", None, promote, None)


@pytest.mark.parametrize(
    ("new", "held", "greater", "better"),
    [
        (0.9, 0.8, True, True),
        (0.8, 0.8, True, False),
        (0.7, 0.8, True, False),
        (0.7, 0.8, False, True),
        (0.8, 0.7, False, False),
        (math.nan, 0.8, True, False),
        (0.1, math.nan, True, True),
        (0.1, math.nan, False, True),
        (math.nan, math.nan, False, False),
    ],
)
def test_better(new: float, held: float, greater: bool, better: bool) -> None:
    """Only a better value counts; a NaN is worse than any number."""
    assert Promotion("champion", "f1", greater_is_better=greater).is_better(new, held) is better


def test_text() -> None:
    """It comes back from the text in a tag."""
    asked = Registration.from_arguments("clf", "newest", PROMOTE, {"owner": "Zoë", "n": 1})
    assert asked is not None
    assert Registration.from_text(asked.to_text()) == asked
    assert asked.tags == {"owner": "Zoë", "n": "1"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x", "more": 1}', '{"promote": 1}'])
def test_damaged_text(text: str) -> None:
    """What somebody else wrote into the tag is a ValueError."""
    with pytest.raises(ValueError, match=r"registration|Expecting"):
        Registration.from_text(text)
