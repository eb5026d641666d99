"""``kedro mlflow upgrade``: replace the project's copy of the plugin by another version."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asking import confirm

if TYPE_CHECKING:
    from ..vendoring.copies import Copy

_LISTED = 20
"""So many changed files are listed by name."""
_SHOWN = ("Changed", "Deprecated", "Removed")
"""The sections of a CHANGELOG with what may need work of the user's."""


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

    Shows what has changed between the two versions, and which files of the copy differ. Where
    pyproject.toml lists the copy's files for `kedro package`, it gets the new ones. The old copy
    is moved to .mlflow_on_kedro/copies. A project that uses the installed package is upgraded by
    pip.
    """
    from ..vendoring.copies import DATA, OLD_DATA, Copy
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
                f"{copy.folder} is the version {new.version} already, except for your edits:\n"
                + "\n".join(f"  {change}" for change in changes)
                + "\n--force replaces them; they are kept in .mlflow_on_kedro/copies."
            )
        click.echo(f"From {old.version} ({old.origin})\nto   {new.version} ({new.origin})\n")
        click.echo(_news(sections_since(source.changelog, old.version)))
        click.echo(f"\n{_in_words(changes)}")
        lists_data = copy.lacks_data
        if lists_data:
            click.echo(f"\nIn pyproject.toml, for `kedro package`:\n- {OLD_DATA}\n+ {DATA}\n")
        check_edits(copy, force=force)
        if dry_run:
            click.echo("Nothing was written.")
            return
        if not yes:
            also = ", and change pyproject.toml" if lists_data else ""
            confirm(f"Replace {copy.folder}{also}?")
        backup = copy.replace(source)
    click.echo(f"Wrote {copy.folder}. The old copy is {backup}.")
    if lists_data:
        click.echo(f"Wrote {copy.root / 'pyproject.toml'}.")


def _news(changelog: str) -> str:
    """Return what may need work of the user's; what is new else is only counted."""
    if not changelog:
        return "There is no CHANGELOG."
    shown, counts = [], dict[str, int]()
    for part in re.split(r"^(?=##)", changelog, flags=re.MULTILINE):
        name = part.partition("\n")[0].strip("# ")
        if part.startswith("###") and name not in _SHOWN:
            counts[name] = counts.get(name, 0) + len(re.findall(r"^- ", part, re.MULTILINE))
        else:
            shown.append(part.strip())
    rest = ", ".join(f"{name} ({count})" for name, count in counts.items())
    more = [f"Not shown: {rest}. The new version's CHANGELOG.md has all."] if rest else []
    return "\n\n".join([*shown, *more])


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
            f"{copy.folder} was edited since it was copied. --force does it anyway; the copy "
            "with your edits is kept in .mlflow_on_kedro/copies."
        )
    if edited is None:
        click.echo(
            "Whether the copy was edited is not recorded. Edits would stay in the old copy only, "
            "which is kept in .mlflow_on_kedro/copies."
        )
