"""What the hooks' tests share: what the plugin says."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


class _Memory(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.messages.append(record.getMessage())


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The warnings and errors that the plugin has logged; Kedro takes pytest's own handler away."""
    memory = _Memory()
    logger = logging.getLogger("mlflow_on_kedro")
    logger.addHandler(memory)
    yield memory.messages
    logger.removeHandler(memory)
