"""The examples in the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import logging
import pkgutil
from collections.abc import Iterator

import mlflow_on_kedro
import pytest

MODULES = [
    module.name for module in pkgutil.walk_packages(mlflow_on_kedro.__path__, "mlflow_on_kedro.")
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """No log on standard output, where Kedro's logging of an earlier test would write it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str) -> None:
    """Each example runs and gives what is written below it."""
    found = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_examples_are_found() -> None:
    """The search for examples finds modules and examples at all."""
    found = doctest.testmod(importlib.import_module("mlflow_on_kedro.journal.values"))
    assert "mlflow_on_kedro.hooks.basic" in MODULES
    assert found.attempted > 0
