"""What a process logs and prints is passed on once, and printed as before."""

# ruff: noqa: T201 - it is about what is printed

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from mlflow_on_kedro.observability import process_output
from rich.console import Console
from rich.logging import RichHandler


@contextlib.contextmanager
def _taken() -> Iterator[list[str]]:
    """Collect the messages of this process, without time and process."""
    messages: list[str] = []
    before = sys.stdout, sys.stderr
    process_output.begin("run", lambda text: messages.append(text.split(" ", 3)[3]))
    try:
        yield messages
    finally:
        process_output.end("run")
    assert (sys.stdout, sys.stderr) == before


def test_prints(capsys: Any) -> None:
    """Whole lines are passed on, without colours and secrets; the console has them as printed."""
    with _taken() as taken:
        print("one", "two")
        print("\x1b[1mbold\x1b[0m token=abc\nand more", file=sys.stderr)
        print("no end", end="")
        assert taken == ["stdout   one two\n", "stderr   bold token=***\n", "stderr   and more\n"]
    assert taken[-1] == "stdout   no end\n"
    assert capsys.readouterr() == ("one two\nno end", "\x1b[1mbold\x1b[0m token=abc\nand more\n")


def test_progress_bar() -> None:
    """Of a line that is overwritten, the last state is passed on, and one now and then."""
    with _taken() as taken:
        for percent in range(101):
            print(f"\r{percent}%", end="")
        print()
    assert taken == ["stdout   0%\n", "stdout   100%\n"]


@pytest.mark.parametrize("propagates", [True, False])
def test_records_that_the_console_prints(propagates: bool) -> None:
    """A record is passed on once, as it was logged, whatever the console makes of it."""
    logger, handler = logging.getLogger("some.module"), RichHandler(console=Console(width=20))
    logger.propagate = propagates
    logger.addHandler(handler)
    try:
        with _taken() as taken:
            logger.error("a message that is longer than the console is wide")
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    assert taken == ["ERROR    some.module: a message that is longer than the console is wide\n"]


def test_logging_is_configured_meanwhile() -> None:
    """After `ensure` records are taken although somebody has removed all handlers."""
    root = logging.getLogger()
    with _taken() as taken:
        kept, root.handlers = root.handlers, []
        process_output.ensure()
        logging.getLogger("x").error("still here")
        root.handlers = kept
    assert taken == ["ERROR    x: still here\n"]
