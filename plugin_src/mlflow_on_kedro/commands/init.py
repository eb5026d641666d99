"""``kedro mlflow init``: set up a project that did not come from the starter."""

from __future__ import annotations

from importlib import metadata as packages
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..utils.installation import own_requirement, present, shareable_requirement
from .asking import confirm
from .setup.settings_wiring import OLD_PACKAGE

if TYPE_CHECKING:
    from .setup.initializing import Change, Project


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Write the changes without asking.")
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@click.pass_obj
def init(metadata: Any, yes: bool, dry_run: bool) -> None:
    """Set up this project, so that `kedro run` tracks to MLflow.

    Writes conf/base/mlflow.yml with the most used keys at their defaults, adds the hooks to HOOKS
    in settings.py, adds the plugin to requirements.txt, and adds files that belong to one machine
    to .gitignore. Everything that exists already stays, except kedro-mlflow's hooks, and
    Kedro-Viz's session store if it cannot be imported any more. The new settings.py is tried first;
    then all changes are shown, and nothing is written until you agree.

    You can run it again at any time: a project that is set up is not changed.
    """
    from ..vendoring.requirements import how_to_compile
    from .migrating.written_for import written_for
    from .setup.initializing import plan

    project = project_of(metadata)
    others = written_for(project.root, project.present.conf_source)
    if others:
        click.echo(
            f"This project has files that are written for {' and '.join(others)}. `kedro mlflow "
            "migrate` rewrites them, and does what `init` does.\n"
        )
    changes = plan(project)
    if project.requirement and (advice := how_to_compile(project.root, project.requirement)):
        click.echo(f"{advice}\n")
    if not changes:
        click.echo("Nothing to do: this project is set up.")
        _say_other_plugin(project)
        return
    for change in changes:
        show(change.diff(project.root))
    if project.requirement is None and present().is_installed:
        click.echo(
            "The plugin was installed from a file or folder of this machine, so requirements.txt "
            "is left as it is. Add the address that others can install it from.\n"
        )
    if dry_run:
        click.echo("Nothing was written.")
        return
    if not yes:
        confirm("Write these changes?")
    for change in changes:
        change.write()
        click.echo(f"Wrote {change.path}")
    _say_other_plugin(project)
    if any(change.path == project.settings and _had_session_store(change) for change in changes):
        click.echo(
            "Kedro-Viz's session store is taken out of settings.py: Kedro-Viz 11 removed it. "
            "`kedro mlflow import` brings its sessions into MLflow."
        )
    click.echo("Now `kedro run` tracks to MLflow, and `kedro mlflow ui` shows its runs.")


def project_of(metadata: Any) -> Project:
    """Find out what a project has.

    Args:
        metadata: Kedro's metadata of the project.
    """
    from .setup.initializing import Project
    from .setup.settings_trial import of_this_process, try_out

    package = metadata.package_name
    settings = Path(metadata.source_dir, *package.split("."), "settings.py")
    return Project(
        root=Path(metadata.project_path),
        settings=settings,
        present=of_this_process(settings),
        try_out=lambda text, others=None: try_out(settings, text, package, others=others),
        old_plugin=_other_plugin(),
        requirement=shareable_requirement(),
        own_requirement=own_requirement(),
    )


def _had_session_store(change: Change) -> bool:
    from .setup.session_store import without_session_store

    return change.before is not None and without_session_store(change.before) != change.before


def show(diff: str) -> None:
    """Print a unified diff in colors."""
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        click.secho(line, fg=colors.get(line[:1]))
    click.echo()


def _other_plugin() -> str | None:
    """Return the name of kedro-mlflow's package, for Kedro's settings; None: not installed."""
    try:
        return str(packages.metadata("kedro-mlflow")["Name"])
    except packages.PackageNotFoundError:
        return None


def _say_other_plugin(project: Project) -> None:
    if project.present.hooks_of(OLD_PACKAGE):
        click.echo("kedro-mlflow's hooks are taken out of HOOKS: each run would be tracked twice.")
    if project.old_plugin is not None:
        click.echo(
            "kedro-mlflow is installed, too. DISABLE_HOOKS_FOR_PLUGINS in settings.py keeps its "
            "hooks out of this project; `pip uninstall kedro-mlflow` does, too."
        )
