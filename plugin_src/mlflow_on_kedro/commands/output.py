"""Printing what has names and values of others in it, on any terminal and into any file."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from ..errors import MLflowOnKedroError


def write_text(text: str, path: Path | None = None) -> None:
    """Print a text, or write it to a file.

    Args:
        text: The text. What the terminal's encoding lacks becomes ``?``, as on older Windows.
        path: The file; None: the standard output.

    Raises:
        MLflowOnKedroError: The file cannot be written.
    """
    if path is None:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        click.echo(text.encode(encoding, "replace").decode(encoding))
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8", errors="replace")
    except OSError as error:
        raise MLflowOnKedroError(f"{path} could not be written: {error.strerror}.") from None


def write_json(content: Any, path: Path | None = None) -> None:
    """Print JSON, or write it to a file; only in ASCII, so that any program reads it."""
    write_text(json.dumps(content, indent=2), path)


def is_terminal() -> bool:
    """Whether the standard output is a terminal, and not a file or another program."""
    return sys.stdout.isatty()


def width() -> int:
    """Return how many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def styled(text: str, look: str) -> str:
    """Return a text in a colour, or ``bold``, for a terminal."""
    if look == "bold":
        return click.style(text, bold=True)
    return click.style(text, fg=look) if look else text
