"""Logging stays as the project has set it up while MLflow opens a store."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.mlflow_internals.logging_guard import kept_logging

# The fixtures of all tests replace it.
FILE_CONFIG = logging.config.fileConfig

INI = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = ()
"""


@pytest.fixture
def root_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The root logger with a handler of the test's own, and Python's own way to set it up."""
    monkeypatch.setattr("logging.config.fileConfig", FILE_CONFIG)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [logging.NullHandler()]
    yield root
    root.handlers[:], root.level = before, level


def test_opening_a_store_leaves_the_handlers(root_logger: logging.Logger, store_uri: str) -> None:
    """A store that MLflow opens, with migrations or without, changes no handler and no level."""
    import mlflow

    handlers, level = root_logger.handlers[:], root_logger.level
    with kept_logging():
        mlflow.MlflowClient(store_uri).search_experiments()
    assert (root_logger.handlers, root_logger.level) == (handlers, level)


@pytest.mark.parametrize(
    ("place", "applies"), [("db_migrations/alembic.ini", False), ("logging.ini", True)]
)
def test_only_mlflows_file_is_left_out(
    root_logger: logging.Logger, tmp_path: Path, place: str, applies: bool
) -> None:
    """The file of MLflow's migrations is not read; any other is, as ever."""
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(INI)
    with kept_logging():
        logging.config.fileConfig(path, disable_existing_loggers=False)
    assert (root_logger.level == logging.ERROR) == applies


def test_the_function_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the block, also after an error in it, Python's own function is there again."""

    def own(*_: Any) -> None:
        """Set up nothing."""

    monkeypatch.setattr("logging.config.fileConfig", own)
    with pytest.raises(RuntimeError), kept_logging():
        raise RuntimeError
    assert logging.config.fileConfig is own
