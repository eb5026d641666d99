"""The plugin's log messages where Rich prints the log, as Kedro does by default."""

from __future__ import annotations

import logging
import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.logging import RichHandler
    from rich.text import Text

_PACKAGE = __package__.partition(".")[0]
_TIME_FORMAT = "[%x %X]"
_LEAST_WIDTH = 20
_COMMAND = re.compile("`[^`]+`")
_UNBROKEN = "\N{NO-BREAK SPACE}"


def keep_words_whole() -> None:
    """Have Rich print the plugin's messages with each word, such as a URL or a path, in one piece.

    Rich breaks a word that is longer than the column of messages, which is narrow in a terminal of
    80 characters and in a pipe; a URL in two lines can be neither clicked nor copied. Handlers of
    other kinds are left alone, and so are messages of other packages.
    """
    rich_logging = sys.modules.get("rich.logging")
    if rich_logging is None:
        return
    for handler in _handlers(logging.getLogger(_PACKAGE)):
        if isinstance(handler, rich_logging.RichHandler) and not any(
            isinstance(item, _OwnLayout) for item in handler.filters
        ):
            handler.addFilter(_OwnLayout(handler))


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


class _OwnLayout(logging.Filter):
    """Prints the plugin's messages itself, and keeps them from the handler.

    Args:
        handler: The handler whose filter this is.
    """

    def __init__(self, handler: RichHandler) -> None:
        super().__init__()
        self._handler = handler

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the handler is to print the message."""
        if record.name.partition(".")[0] != _PACKAGE or record.exc_info:
            return True
        try:
            self._print(record)
        except Exception:
            self._handler.handleError(record)
        return False

    def _print(self, record: logging.LogRecord) -> None:
        from rich.text import Text

        handler, console = self._handler, self._handler.console
        formatter = handler.formatter
        moment = datetime.fromtimestamp(record.created).astimezone()
        time = moment.strftime((formatter and formatter.datefmt) or _TIME_FORMAT)
        head = Text.assemble((time, "log.time"), " ", handler.get_level_text(record), " ")
        lines = wrapped(handler.format(record), console.width - head.cell_len)
        for number, line in enumerate(lines):
            begin = head if number == 0 else Text(" " * head.cell_len)
            console.print(begin + self._highlighted(line), soft_wrap=True)

    def _highlighted(self, line: str) -> Text:
        from rich.text import Text

        highlighter = self._handler.highlighter
        return highlighter(line) if highlighter is not None else Text(line)


def wrapped(message: str, width: int) -> list[str]:
    """Break a message into lines at spaces; a longer word, or a `command`, has a line of its own.

    Args:
        message: The message.
        width: The most characters of other lines.

    Example:
        >>> wrapped("It is at https://mlflow.example.com/#/experiments/1 in MLflow.", 20)
        ['It is at', 'https://mlflow.example.com/#/experiments/1', 'in MLflow.']
    """
    message = _COMMAND.sub(lambda found: found[0].replace(" ", _UNBROKEN), message)
    return [
        line.replace(_UNBROKEN, " ")
        for paragraph in message.splitlines()
        for line in textwrap.wrap(
            paragraph,
            max(width, _LEAST_WIDTH),
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [""]
    ]
