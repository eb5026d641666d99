"""``kedro mlflow init``: sets up a project that did not come from the starter."""

from __future__ import annotations

from importlib import metadata as packages
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Write the changes without asking.")
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@click.pass_obj
def init(metadata: Any, yes: bool, dry_run: bool) -> None:
    """Set up this project, so that `kedro run` tracks to MLflow.

    Writes conf/base/mlflow.yml with the most used keys at their defaults, adds the hooks to
    HOOKS in settings.py, and adds to .gitignore what is for this machine alone. Whatever is there
    already stays. All changes are shown first, and nothing is written until you agree.

    It can be run again at any time: a project that is set up is left alone.
    """
    from ..initializing import plan

    root = Path(metadata.project_path)
    changes = plan(root, _settings(metadata), _base(root))
    if not changes:
        click.echo("Nothing to do: this project is set up.")
        _say_other_plugin()
        return
    for change in changes:
        _show(change.diff(root))
    if dry_run:
        return
    if not yes:
        click.confirm("Write these changes?", abort=True)
    for change in changes:
        change.write()
        click.echo(f"Wrote {change.path}")
    _say_other_plugin()
    click.echo("Now `kedro run` tracks to MLflow, and `kedro mlflow ui` shows its runs.")


def _settings(metadata: Any) -> Path:
    return Path(metadata.source_dir, metadata.package_name, "settings.py")


def _base(root: Path) -> Path:
    """The folder of the base environment, which a project's settings may have renamed."""
    from kedro.framework.project import settings

    arguments: Any = settings.CONFIG_LOADER_ARGS or {}
    return root.joinpath(settings.CONF_SOURCE, arguments.get("base_env", "base"))


def _show(diff: str) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        click.secho(line, fg=colors.get(line[:1]))
    click.echo()


def _say_other_plugin() -> None:
    try:
        packages.version("kedro-mlflow")
    except packages.PackageNotFoundError:
        return
    click.echo(
        "kedro-mlflow is installed, too, and each run would be tracked twice: uninstall it, or put "
        'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow",) into settings.py.'
    )
