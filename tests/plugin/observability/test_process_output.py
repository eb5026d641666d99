"""What a process logs and prints is passed on once, and printed as before."""

# ruff: noqa: T201 - it is about what is printed

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
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


def _print_bars_of_tqdm() -> None:
    from tqdm import tqdm

    for _ in tqdm(range(3), desc="outer", mininterval=0):
        for _ in tqdm(range(50), desc="inner", mininterval=0):
            pass


def _print_bars_of_rich() -> None:
    from rich.progress import Progress

    console = Console(force_terminal=True, width=80)
    with Progress(console=console, auto_refresh=False) as progress:
        outer, inner = progress.add_task("outer", total=3), progress.add_task("inner", total=150)
        for number in range(150):
            progress.advance(inner)
            progress.advance(outer, number % 50 == 49)
            progress.refresh()


@pytest.mark.parametrize(
    ("print_bars", "inner"), [(_print_bars_of_tqdm, 3), (_print_bars_of_rich, 1)]
)
def test_several_progress_bars(print_bars: Callable[[], None], inner: int) -> None:
    """Of bars below each other there is a line now and then as well, and their last states."""
    with _taken() as taken:
        print_bars()
        print("after them")
    ends = [text.split()[1].strip(":") for text in taken if "100%" in text]
    assert sorted(ends) == ["inner"] * inner + ["outer"]
    assert taken[-1] == "stdout   after them\n"
    assert len(taken) < 15


class _Tee:
    """A stream of the user's, which prints to the one before, too."""

    def __init__(self) -> None:
        self.before = sys.stdout

    def write(self, text: str) -> int:
        return self.before.write(text)

    def flush(self) -> None:
        self.before.flush()


class _Logged(_Tee):
    """A stream of the user's, which logs what is printed, but not what a log's handler prints."""

    is_logging = False

    def write(self, text: str) -> int:
        if text.strip() and not self.is_logging:
            self.is_logging = True
            logging.getLogger("printed").error(text)
            self.is_logging = False
        return len(text)


@pytest.mark.parametrize(
    ("stream", "line"), [(_Tee, "stdout   once\n"), (_Logged, "ERROR    printed: once\n")]
)
def test_a_stream_of_the_users(stream: type[_Tee], line: str) -> None:
    """A line is passed on once, although a stream that somebody has put before is taken, too."""
    with _taken() as taken:
        own = stream()
        with contextlib.redirect_stdout(own):  # type: ignore[type-var]
            process_output.ensure()  # as at the begin of the next node
            print("once")
    assert taken == [line]


def test_a_long_line() -> None:
    """One that is printed at once is whole; one that grows is cut, but never within a secret."""
    for size in range(7950, 8010):
        with _taken() as taken:
            print("x" * 9000)
            for part in ("y" * size, ' {"api_key"', ": ", '"hunter2"', "}, ", "z" * 2000, "."):
                print(part, end="")
            assert taken[0] == f"stdout   {'x' * 9000}\n"
            assert len(taken) == 2
        assert "hunter2" not in "".join(taken)
        assert "".join(text.removeprefix("stdout   ").strip("\n") for text in taken[1:]).endswith(
            "."
        )


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
