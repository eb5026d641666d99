"""The ``kedro mlflow`` commands."""

from __future__ import annotations

import importlib

import click

from .commands.version import show_version

_NAMES = ("discard", "gantt", "init", "modelify", "status", "sync", "ui")


class _Commands(click.Group):
    """Imports a command when it is asked for: each ``kedro`` command imports the group."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(_NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _NAMES:
            return None
        module = importlib.import_module(f".commands.{cmd_name}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(name="mlflow-on-kedro")
def cli() -> None:
    """Commands for a Kedro project that tracks its runs with MLflow."""


@cli.group(name="mlflow", cls=_Commands)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show which version is used, and from where.",
)
def mlflow_group() -> None:
    """Set up this project for MLflow, look at its runs, and deliver what waits.

    Begin with `init` in a project that did not come from the starter, then `kedro run` and `ui`.
    """
