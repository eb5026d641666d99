"""How the plugin's messages look where Rich prints the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from mlflow_on_kedro.utils import log_lines
from rich.console import Console
from rich.logging import RichHandler

URL = f"https://mlflow.example.com/#/experiments/1/runs/{'0123456789abcdef' * 2}?workflowType=x"


@pytest.fixture
def screen() -> Iterator[io.StringIO]:
    """What a handler like Kedro's prints at 80 columns."""
    printed = io.StringIO()
    handler = RichHandler(console=Console(file=printed, width=80), markup=True)
    logger = logging.getLogger("mlflow_on_kedro")
    logger.addHandler(handler)
    log_lines.keep_words_whole()
    log_lines.keep_words_whole()  # each session of a notebook does so
    yield printed
    logger.removeHandler(handler)


def test_a_url_stays_in_one_piece(screen: io.StringIO) -> None:
    """It is on a line of its own, longer than the screen; other words are wrapped."""
    logging.getLogger("mlflow_on_kedro.runs").warning(
        "MLflow run [bold] [/x] %s is at %s, and in /path-with-hyphens/of-any/kind-of-length.",
        "awesome-shoat-32",
        URL,
    )
    first, second, third = screen.getvalue().splitlines()
    assert "WARNING  MLflow run [bold] [/x] awesome-shoat-32 is at" in first
    assert second.strip() == f"{URL},"
    assert third.strip() == "and in /path-with-hyphens/of-any/kind-of-length."
    assert len({len(line) - len(line.lstrip()) for line in (second, third)}) == 1


def test_a_command_stays_in_one_piece(screen: io.StringIO) -> None:
    """What stands in backticks can be copied from one line."""
    logging.getLogger("mlflow_on_kedro.runs").warning(
        "MLflow run awesome-shoat-32 ended as FINISHED; `kedro mlflow ui --last --env prod` shows"
    )
    assert [line for line in screen.getvalue().splitlines() if "`" in line] == [
        f"{'':29}`kedro mlflow ui --last --env prod` shows"
    ]


def test_errors_with_a_traceback_are_left_to_the_handler(screen: io.StringIO) -> None:
    """Rich shows the traceback as it always does."""
    try:
        int("no")
    except ValueError:
        logging.getLogger("mlflow_on_kedro.runs").exception("It failed.")
    assert "Traceback" in screen.getvalue()


def test_other_packages_are_left_to_the_handler() -> None:
    """Their messages look as they did."""
    printed = io.StringIO()
    handler = RichHandler(console=Console(file=printed, width=80))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        log_lines.keep_words_whole()
        logging.getLogger("mlflow_of_others").warning("At %s", URL)
    finally:
        root.removeHandler(handler)
    assert URL not in printed.getvalue()
    assert "test_log_lines.py" in printed.getvalue()
