"""``kedro mlflow unvendor``: use the installed plugin instead of the project's copy."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from .asking import confirm
from .upgrade import check_edits


@click.command()
@click.option("--force", is_flag=True, help="Remove a copy that was edited, too.")
@click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
@click.pass_obj
def unvendor(metadata: Any, *, force: bool, yes: bool) -> None:
    """Use the installed plugin instead of this project's copy.

    Moves the copy to .mlflow_on_kedro/copies, and adds the plugin to requirements.txt. `vendor`
    undoes this.
    """
    from ..errors import MLflowOnKedroError
    from ..vendoring.copies import Copy
    from ..vendoring.requirements import how_to_compile, with_plugin, write
    from ..vendoring.sources import installed

    root = Path(metadata.project_path)
    copy = Copy(root, Path(metadata.source_dir))
    if not copy.exists:
        raise click.ClickException(f"There is no copy of the plugin in {copy.source}.")
    line = copy.record.requirement
    try:
        source = installed()
    except MLflowOnKedroError:
        how = f' Install it first: pip install "{line}"' if line else ""
        raise click.ClickException(f"The package mlflow-on-kedro is not installed.{how}") from None
    check_edits(copy, force=force)
    version = source.record.version
    if not yes:
        confirm(f"Remove {copy.folder}, and use the installed version {version}?")
    click.echo(f"Moved the copy to {copy.remove()}.")
    line = source.record.requirement
    if write(root, partial(with_plugin, line=line)):
        click.echo(f"Added {line} to requirements.txt.")
        if "file:" in line:
            click.echo("Others cannot install it from there: give an address that they reach.")
    elif advice := how_to_compile(root, line):
        click.echo(advice)
