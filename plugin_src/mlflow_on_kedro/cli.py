"""The ``kedro mlflow`` commands."""

from __future__ import annotations

import click

from .commands.gantt import gantt
from .commands.modelify import modelify
from .commands.status import status
from .commands.sync import sync
from .commands.ui import ui


@click.group(name="mlflow-on-kedro")
def cli() -> None:
    """Commands for a Kedro project that tracks its runs with MLflow."""


@cli.group(name="mlflow")
def mlflow_group() -> None:
    """Look at this project's MLflow runs, and deliver what waits."""


for command in (gantt, modelify, status, sync, ui):
    mlflow_group.add_command(command)
