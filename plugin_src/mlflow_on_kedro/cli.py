"""The ``kedro mlflow`` commands."""

from __future__ import annotations

import click

from .commands.discard import discard
from .commands.gantt import gantt
from .commands.init import init
from .commands.modelify import modelify
from .commands.status import status
from .commands.sync import sync
from .commands.ui import ui
from .commands.version import show_version


@click.group(name="mlflow-on-kedro")
def cli() -> None:
    """Commands for a Kedro project that tracks its runs with MLflow."""


@cli.group(name="mlflow")
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


for command in (discard, gantt, init, modelify, status, sync, ui):
    mlflow_group.add_command(command)
