"""``kedro mlflow --version``: print the version and its location."""

from __future__ import annotations

import click


def show_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version and its location, and exit; Click calls this for the option."""
    if not asked or context.resilient_parsing:
        return
    from ..utils.installation import DISTRIBUTION, present

    found = present()
    click.echo(f"{DISTRIBUTION} {found.version} in {found.folder}")
    if found.other is not None:
        click.echo(f"{DISTRIBUTION} {found.other} is installed, too, and is not used here.")
    context.exit()
