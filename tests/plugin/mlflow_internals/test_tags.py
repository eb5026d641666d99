"""The names of tags that MLflow itself sets and reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlflow
from mlflow.prompt import constants
from mlflow.tracing import constant
from mlflow.utils import mlflow_tags
from mlflow_on_kedro.mlflow_internals import tags
from packaging.version import Version

OF_COST = {tags.SPAN_COST, tags.SPAN_MODEL, tags.SPAN_PROVIDER, tags.TRACE_COST}
"""MLflow has these since 3.10."""


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
    if Version(mlflow.__version__) < Version("3.10"):
        own -= OF_COST
    assert own <= {*texts(mlflow_tags), *texts(constant), *texts(constants)}
