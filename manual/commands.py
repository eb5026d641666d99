"""The manual's page on the `kedro mlflow` commands, from their help texts."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import click


def sections() -> str:
    """Make a section for each command: its usage, what it does, and its options."""
    from mlflow_on_kedro.cli import mlflow_group

    context = click.Context(mlflow_group)
    names = mlflow_group.list_commands(context)
    return "\n\n".join(
        part for name in names for part in _section(name, mlflow_group.get_command(context, name))
    )


def _section(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}"
    arguments = [option for option in command.params if isinstance(option, click.Argument)]
    words = [argument.make_metavar(click.Context(command)) for argument in arguments]
    yield f"```text\nkedro mlflow {' '.join([name, *words, '[OPTIONS]'])}\n```"
    yield from map(_paragraph, inspect.cleandoc(command.help).split("\n\n"))
    rows = [
        f"| {', '.join(f'`{word}`' for word in option.opts)} | {option.help} |"
        for option in command.params
        if isinstance(option, click.Option)
    ]
    yield "\n".join(("| Option | |", "|---|---|", *rows))


def _paragraph(text: str) -> str:
    """Write a paragraph in Markdown; Click keeps the lines of one that begins with this sign."""
    if text.startswith("\b\n"):
        return f"```text\n{textwrap.dedent(text[2:])}\n```"
    return text.replace("<", "&lt;")
