"""Ask the user before a command changes anything."""

from __future__ import annotations

import sys

import click


def confirm(question: str) -> None:
    """Ask a question, and return if the answer is yes.

    Args:
        question: The question.

    Raises:
        ClickException: There is no terminal, as in a script; the message names the option that
            answers yes.
        Abort: The answer is no.
    """
    try:
        agrees = click.confirm(question)
    except click.Abort:
        if sys.stdin is not None and sys.stdin.isatty():  # Ctrl-C
            raise
        click.echo()
        raise click.ClickException(
            "There is no terminal to answer at, so nothing was changed. Give --yes to agree."
        ) from None
    if not agrees:
        raise click.Abort
