"""The names of tags that MLflow itself sets and reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlflow.prompt import constants
from mlflow.tracing import constant
from mlflow.utils import mlflow_tags
from mlflow_on_kedro.mlflow_internals import tags


def texts(place: Any) -> Iterator[str]:
    """All texts of a module, and of the classes in it."""
    for value in vars(place).values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, type):
            yield from texts(value)


def test_names_are_mlflows() -> None:
    """Each has the value that MLflow gives it."""
    own = {value for name, value in vars(tags).items() if name.isupper()}
    assert len(own) > 10
    assert own <= {*texts(mlflow_tags), *texts(constant), *texts(constants)}
