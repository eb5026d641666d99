"""The ``kedro mlflow`` commands."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from kedro.framework.cli.utils import LazyGroup

from .commands.version import show_version

_COMMANDS = (
    "init",
    "migrate",
    "ui",
    "runs",
    "show",
    "diff",
    "rerun",
    "gantt",
    "sweep",
    "modelify",
    "status",
    "sync",
    "discard",
    "import",
    "upgrade",
    "vendor",
    "unvendor",
)
"""In the order in which users need them."""
_MODULES = {"import": "import_sessions.import_sessions"}  # `import` is no name for a module


class _InOrder(LazyGroup):
    """Lists its commands in the order in which they are given, and not sorted by name."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.lazy_subcommands)


@click.group(name="mlflow-on-kedro")
def cli() -> None:
    """Commands for a Kedro project that tracks its runs with MLflow."""


# Every `kedro` command imports this module, so a command's own module is imported when it is used.
@cli.group(
    name="mlflow",
    cls=_InOrder,
    lazy_subcommands={
        name: f"{__package__}.commands.{_MODULES.get(name, f'{name}.{name}')}" for name in _COMMANDS
    },
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show which version is used, and from where.",
)
def mlflow_group() -> None:
    """MLflow for this project: set it up, look at its runs, deliver what waits.

    `kedro run` logs each run to MLflow, and `kedro mlflow ui` shows them. A project that did not
    come from the starter needs `kedro mlflow init` once.
    """


if __name__ == "__main__":
    # As `kedro`, but of the installed package, where the project has a copy that is older.
    from kedro.utils import find_kedro_project

    from .commands.starting import start
    from .errors import ConfigError

    project = find_kedro_project(Path.cwd())
    if project is None:
        sys.exit("This is not a Kedro project: change to the folder of one first.")
    try:
        found = start(project, sys.argv[1:])
    except ConfigError as error:
        sys.exit(error.message)
    cli(obj=found, prog_name="python -m mlflow_on_kedro.cli")
