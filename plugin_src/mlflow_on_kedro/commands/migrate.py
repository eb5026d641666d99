"""``kedro mlflow migrate``: rewrite a project that was written for another plugin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asking import confirm
from .init import project_of, show
from .project import ignore_kedro_warnings

if TYPE_CHECKING:
    from .migrating.project_texts import Plan


@click.command(short_help="Rewrite a project that was written for another plugin.")
@click.option("--yes", "-y", is_flag=True, help="Write the changes without asking.")
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@click.pass_obj
def migrate(metadata: Any, *, yes: bool, dry_run: bool) -> None:
    """Rewrite a project of kedro-mlflow, PipelineX or Kedro-Viz's experiment tracking.

    It rewrites the mlflow.yml and catalog files of all environments, PipelineX's hooks in
    parameters files, settings.py, imports in other modules, requirements, and the version of Kedro
    in pyproject.toml. Comments, order, anchors and `${…}` stay, and so does each line that has
    nothing of the other plugin. Runs log what they logged before.

    All changes are shown, and nothing is written until you agree; then all files are written, or
    none. What cannot be rewritten stays as it is, and is listed with its file and line, and with
    what to do. You can run it again at any time: what is rewritten already is not changed.
    """
    from .migrating.plan import plan
    from .migrating.writing import write_all

    ignore_kedro_warnings()
    project = project_of(metadata)
    found = plan(project)
    for change in found.changes:
        show(change.diff(project.root))
    for dropped in found.dropped:
        click.echo(dropped)
    is_written = bool(found.changes) and not dry_run
    if not found.changes and not found.findings:
        click.echo("Nothing to rewrite: this project is written for this plugin.")
    if is_written:
        if not yes:
            count = len(found.changes)
            confirm(f"Write {'this file' if count == 1 else f'these {count} files'}?")
        write_all(found.changes)
        for change in found.changes:
            click.echo(f"Wrote {change.path}")
    _list(found, project.root, is_written=is_written)
    if is_written:
        click.echo(f"\n{_end(found)}")
    elif found.changes:
        click.echo("\nNothing was written.")


def _list(found: Plan, root: Path, *, is_written: bool) -> None:
    if not found.findings:
        return
    click.echo(
        "\nLeft to you:" if found.changes else "Nothing more can be rewritten. This is left to you:"
    )
    for finding in found.findings if is_written else found.findings_before(root):
        click.echo(f"  {finding}")


def _end(found: Plan) -> str:
    """Say what comes next."""
    from .migrating.sources import SOURCES

    names = ", ".join(one.name for one in SOURCES if one.is_replaced and one.name in found.uses)
    first = f"Uninstall {names}, if it is installed. " if names else ""
    if found.findings:
        return f"{first}Once you have done what is listed above, `kedro run` tracks as before."
    return f"{first}{'Then' if names else 'Now'} `kedro run` tracks as before."
