"""``kedro mlflow upgrade``: replace the project's copy of the plugin by another version."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asking import confirm

if TYPE_CHECKING:
    from ..vendoring.copies import Copy

_LISTED = 20
"""So many changed files are listed by name."""


@click.command()
@click.option(
    "--from",
    "origin",
    help="Where the new version is: a folder, a wheel, or git+https://…. "
    "By default it is the installed package.",
)
@click.option("--force", is_flag=True, help="Replace a copy that was edited, too.")
@click.option("--yes", "-y", is_flag=True, help="Replace it without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.pass_obj
def upgrade(metadata: Any, origin: str | None, *, force: bool, yes: bool, dry_run: bool) -> None:
    """Replace this project's copy of the plugin by another version.

    Shows what has changed between the two versions. The old copy is moved to
    .mlflow_on_kedro/copies. A project that uses the installed package is upgraded by pip.
    """
    from ..vendoring.copies import Copy
    from ..vendoring.sources import given, installed, sections_since

    copy = Copy(Path(metadata.project_path), Path(metadata.source_dir))
    if not copy.exists:
        raise click.ClickException(
            f"There is no copy of the plugin in {copy.source}: this project uses the installed "
            "package. Upgrade that with pip."
        )
    with tempfile.TemporaryDirectory(prefix="mlflow_on_kedro-") as folder:
        source = installed() if origin is None else given(origin, Path(folder))
        old, new = copy.record, source.record
        changes = copy.differences(source)
        if not changes:
            click.echo(f"Nothing to do: {copy.folder} is the version {new.version} already.")
            return
        if old.digest == new.digest and not force:
            raise click.ClickException(
                f"{copy.folder} is the version {new.version} already, but for your edits:\n"
                + "\n".join(f"  {change}" for change in changes)
                + "\n--force replaces them; they are kept in .mlflow_on_kedro/copies."
            )
        click.echo(f"From {old.version} ({old.origin})\nto   {new.version} ({new.origin})\n")
        click.echo(sections_since(source.changelog, old.version) or "There is no CHANGELOG.")
        click.echo(f"\n{_in_words(changes)}")
        check_edits(copy, force=force)
        if dry_run:
            return
        if not yes:
            confirm(f"Replace {copy.folder}?")
        backup = copy.replace(source)
    click.echo(f"Wrote {copy.folder}. The old copy is {backup}.")


def _in_words(changes: list[str]) -> str:
    kinds = {"A": "added", "M": "modified", "D": "deleted"}
    counts = [
        f"{number} {word}"
        for kind, word in kinds.items()
        if (number := sum(change.startswith(kind) for change in changes))
    ]
    names = "".join(f"\n  {change}" for change in changes) if len(changes) <= _LISTED else ""
    return f"Files of the copy: {', '.join(counts)}.{names}"


def check_edits(copy: Copy, *, force: bool) -> None:
    """Raise an error for a copy that was edited, unless the user wants that."""
    edited = copy.is_edited
    if edited and not force:
        raise click.ClickException(
            f"{copy.folder} was edited since it was copied. --force does it all the same; the copy "
            "with your edits is kept in .mlflow_on_kedro/copies."
        )
    if edited is None:
        click.echo(
            "Whether the copy was edited is not recorded. Edits would stay in the old copy only, "
            "which is kept in .mlflow_on_kedro/copies."
        )
