"""models/arguments.py: what belongs to the flavor, to the logged model and to the registry."""

from __future__ import annotations

import re
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.models.arguments import ModelArguments


def arguments(save_args: dict[str, Any] | None = None, **given: Any) -> ModelArguments:
    """The arguments of a dataset."""
    names = (
        *("alias", "promote", "metadata", "input_example"),
        *("signature", "tags", "registered_model_name"),
    )
    return ModelArguments.from_args(save_args, **{name: given.get(name) for name in names})


def never(name: str) -> Any:
    """Load nothing."""
    raise AssertionError(name)


def test_sorting() -> None:
    """`save_model` gets what it takes; the rest is for the logged model and the registry."""
    made = arguments(
        {
            "code_paths": ["src"],
            "model_type": "classifier",
            "params": {"a": 1},
            "step": 3,
            "await_registration_for": 5,
            "registered_model_name": "clf",
            "tags": {"owner": "me"},
        },
        alias="newest",
    )
    assert made.for_flavor(object(), never, "m") == {"code_paths": ["src"]}
    assert made.logged == {"model_type": "classifier", "params": {"a": 1}, "step": 3}
    assert made.tags == {"owner": "me"}
    assert made.registration is not None
    assert (made.registration.name, made.registration.alias) == ("clf", "newest")


@pytest.mark.parametrize(
    "argument", ["signature", "tags", "registered_model_name", "input_example"]
)
def test_given_twice(argument: str) -> None:
    """Which of two would be taken is not for the user to guess."""
    value = {"x": "y"} if argument == "tags" else "y"
    with pytest.raises(DatasetError, match=f"`{argument}` is given here and in `save_args`"):
        arguments({argument: value}, **{argument: value})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tags": ["a"]}, "`tags` must be a mapping"),
        ({"metadata": "x"}, "`metadata` must be a mapping"),
        ({"signature": 3}, "`signature` must be the name of a dataset"),
        ({"registered_model_name": 3}, "`registered_model_name`: 3 must be a name"),
        ({"registered_model_name": " "}, "`registered_model_name`: ' ' must be a name"),
        ({"registered_model_name": "a", "alias": ["x"]}, "`alias`: MLflow allows no alias"),
    ],
)
def test_wrong_types(given: dict[str, Any], message: str) -> None:
    """What is no value for an argument is said before the model is made."""
    with pytest.raises(DatasetError, match=re.escape(message)):
        arguments({}, **given)


@pytest.mark.parametrize("argument", ["run_id", "model_id", "prompts"])
def test_what_the_dataset_decides(argument: str) -> None:
    """What would be ignored is refused."""
    with pytest.raises(DatasetError, match=f"'{argument}' is set by this dataset: leave it out"):
        arguments({argument: "x"})


def test_metadata() -> None:
    """It is MLflow's and Kedro's; Kedro-Viz's part is not MLflow's, and save_args wins."""
    given = {"owner": "Zoë", "kedro-viz": {"layer": "models"}}
    assert arguments(metadata=given).flavor == {"metadata": {"owner": "Zoë"}}
    assert arguments(metadata={"kedro-viz": {"layer": "models"}}).flavor == {}
    assert arguments({"metadata": {"a": 1}}, metadata=given).flavor == {"metadata": {"a": 1}}


def test_names_of_datasets() -> None:
    """Those of the signature and of the example; values have none."""
    assert arguments(signature="x", input_example="y").datasets == ["x", "y"]
    assert arguments(signature={"inputs": "x", "outputs": [{"type": "long"}]}).datasets == ["x"]
    assert arguments(input_example={"a": 1}).datasets == []


def test_example_in_save_args() -> None:
    """There it is MLflow's own, also if it is a text."""
    made = arguments({"input_example": "Hello"})
    assert made.datasets == []
    assert made.for_flavor(object(), never, "m") == {"input_example": "Hello"}
