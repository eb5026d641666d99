"""``kedro mlflow migrate``: rewrite a project that was written for another plugin."""

from __future__ import annotations

from typing import Any

import click

from .asking import confirm
from .init import project_of, show
from .project import ignore_kedro_warnings


@click.command(short_help="Rewrite a project that was written for another plugin.")
@click.option("--yes", "-y", is_flag=True, help="Write the changes without asking.")
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@click.pass_obj
def migrate(metadata: Any, *, yes: bool, dry_run: bool) -> None:
    """Rewrite a project of kedro-mlflow, PipelineX or Kedro-Viz's experiment tracking.

    The mlflow.yml and catalog files of all environments, PipelineX's hooks in parameters files,
    settings.py, imports in other modules, and requirements. Comments, order, anchors and `${…}`
    stay, and so does each line that has nothing of the other plugin. Runs log what they logged
    before.

    All changes are shown, and nothing is written until you agree; then all files are written, or
    none. What cannot be rewritten stays as it is, and is listed with its file and line, and with
    what to do. You can run it again at any time: what is rewritten already is not changed.
    """
    from .migrating.plan import plan
    from .migrating.sources import SOURCES
    from .migrating.writing import write_all

    ignore_kedro_warnings()
    project = project_of(metadata)
    found = plan(project)
    for change in found.changes:
        show(change.diff(project.root))
    if not found.changes:
        is_left = "what is below" if found.findings else "this project is written for this plugin"
        click.echo(f"Nothing to rewrite: {is_left}.")
    elif not dry_run:
        if not yes:
            count = len(found.changes)
            confirm(f"Write {'this file' if count == 1 else f'these {count} files'}?")
        write_all(found.changes)
        for change in found.changes:
            click.echo(f"Wrote {change.path}")
    if found.findings:
        click.echo("\nLeft to you:")
        for finding in found.findings:
            click.echo(f"  {finding}")
    if found.changes and not dry_run:
        names = ", ".join(one.name for one in SOURCES if one.is_replaced and one.name in found.uses)
        then = f"Uninstall {names}, if it is installed. Then" if names else "Now"
        click.echo(f"\n{then} `kedro run` tracks as before.")
