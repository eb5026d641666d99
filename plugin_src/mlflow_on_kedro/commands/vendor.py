"""``kedro mlflow vendor``: copy the installed plugin into the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asking import confirm


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
@click.pass_obj
def vendor(metadata: Any, *, yes: bool) -> None:
    """Copy the installed plugin into this project's source folder.

    The project then needs no package but those of the plugin's requirements, and everybody who
    has the project has the same version. `unvendor` goes back.
    """
    from ..vendoring.copies import Copy
    from ..vendoring.requirements import without_plugin, write
    from ..vendoring.sources import installed

    root = Path(metadata.project_path)
    copy = Copy(root, Path(metadata.source_dir))
    if copy.exists:
        raise click.ClickException(
            f"{copy.folder} is there already. `kedro mlflow upgrade` replaces it."
        )
    source = installed()
    if not yes:
        confirm(f"Copy the plugin, version {source.record.version}, to {copy.folder}?")
    copy.replace(source)
    click.echo(f"Wrote {copy.folder}.")
    if write(root, without_plugin):
        click.echo("Removed the plugin from requirements.txt.")
