"""``kedro mlflow vendor``: copy the installed plugin into the project."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..utils.installation import DISTRIBUTION, PACKAGE
from .asking import confirm

_IMPORT = "from mlflow_on_kedro.cli import cli"
_CLI = f"""\
\"\"\"Commands of this project: ``kedro mlflow`` beside Kedro's own.\"\"\"

from kedro.framework.cli.project import run  # `python -m <package>` looks for it here
{_IMPORT}

__all__ = ["cli", "run"]
"""


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
@click.pass_obj
def vendor(metadata: Any, *, yes: bool) -> None:
    """Copy the installed plugin into this project's source folder.

    The project then needs only the packages that the plugin requires, which replace it in
    requirements.txt, and everybody who has the project has the same version. Kedro finds the
    commands by the package's cli.py, which is written if there is none. What else the project
    needs is printed. `unvendor` undoes this.
    """
    from ..vendoring.copies import Copy
    from ..vendoring.requirements import with_needs, write
    from ..vendoring.sources import installed

    root = Path(metadata.project_path)
    copy = Copy(root, Path(metadata.source_dir))
    if copy.exists:
        raise click.ClickException(
            f"{copy.folder} is there already. `kedro mlflow upgrade` replaces it."
        )
    source = installed()
    package = Path(metadata.source_dir, *metadata.package_name.split("."))
    left = list(_left(root, package))
    if not yes:
        confirm(f"Copy the plugin, version {source.record.version}, to {copy.folder}?")
    copy.replace(source)
    click.echo(f"Wrote {copy.folder}.")
    if write(root, partial(with_needs, requires=source.requires)):
        click.echo("In requirements.txt, the plugin's requirements replace it.")
    cli = package / "cli.py"
    if not cli.exists():
        cli.write_text(_CLI, encoding="utf-8", newline="\n")
        click.echo(f"Wrote {cli}, by which Kedro finds the commands.")
    for one in left:
        click.echo(f"Left to you: {one}")


def _left(root: Path, package: Path) -> Iterator[str]:
    """Say what the installed package does, and its copy does not."""
    from ..vendoring.copies import DATA
    from .setup.settings_trial import of_this_process

    settings = package / "settings.py"
    present = of_this_process(settings)
    if present.error is None and not present.hooks_of(PACKAGE):
        yield (
            f"{settings} has none of this plugin's hooks, and Kedro finds those of an installed "
            "package only. `kedro mlflow init` adds them."
        )
    cli = package / "cli.py"
    if cli.exists() and PACKAGE not in cli.read_text(encoding="utf-8"):
        yield f"{cli} needs `{_IMPORT}`, so that Kedro finds the commands."
    pyproject = root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8") if pyproject.is_file() else ""
    if DISTRIBUTION in text:
        yield f"{pyproject} names {DISTRIBUTION}: replace it by what it requires."
    if text and f"{PACKAGE} = [" not in text:
        yield (
            f"`kedro package` takes all files of the copy with this in {pyproject}, below "
            f"[tool.setuptools.package-data]: {DATA}"
        )
    if not (root / "requirements.txt").is_file():
        yield f"list what {DISTRIBUTION} requires (`pip show {DISTRIBUTION}`) with your packages."
