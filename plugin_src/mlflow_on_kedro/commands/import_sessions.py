"""``kedro mlflow import``: bring the sessions of Kedro-Viz's experiment tracking into MLflow."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from .options import env_option, uri_option

_PATH = click.Path(exists=True, path_type=Path)


@click.command("import", short_help="Bring sessions of Kedro-Viz into MLflow.")
@click.option(
    "--store",
    "stores",
    type=_PATH,
    multiple=True,
    help="A session store of Kedro-Viz, or a folder of several; may be given several times. "
    "Default: where SESSION_STORE_ARGS in settings.py says, .viz/, data/ and sessions/.",
)
@click.option(
    "--data",
    "folders",
    type=_PATH,
    multiple=True,
    help="A folder with versioned files of datasets that are no longer in the catalog; may be "
    "given several times. Default: data/09_tracking.",
)
@click.option("--all", "empty", is_flag=True, help="Import sessions that have no files, too.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported; import nothing.")
@env_option
@uri_option
@click.pass_obj
def import_sessions(
    metadata: Any,
    stores: tuple[Path, ...],
    folders: tuple[Path, ...],
    *,
    empty: bool,
    dry_run: bool,
    env: str | None,
    uri: str | None,
) -> None:
    """Bring the sessions of Kedro-Viz's experiment tracking into MLflow.

    Each session becomes a run with its own time, title, notes, command, git commit and user. Values
    of `tracking.MetricsDataset` become metrics, those of `tracking.JSONDataset` metrics and
    parameters, and versioned plots artifacts. The files are found through the catalog. The
    sessions and their files stay as they are.

    A session that has a run in MLflow already is left out, so you can run it again at any time,
    also after Ctrl-C.
    """
    from ..compat.kedro_viz import discovery
    from ..delivery.connection import Connection
    from ..tracking.uris import resolve_uri
    from ..utils import client_variables
    from .importing.session_import import SessionImport
    from .importing.session_run import Destination
    from .project import project_context

    root = Path(metadata.project_path)
    context, settings = project_context(root, env, uri)
    target = resolve_uri(settings.tracking.uri, root)
    catalog = discovery.own_catalog(context)
    datasets, problems = discovery.datasets(catalog, folders, root)
    sessions, more = discovery.sessions(stores, root, datasets)
    for problem in (*problems, *more):
        click.echo(problem, err=True)
    if not sessions:
        click.echo(
            "No session of Kedro-Viz is found. `--store` names its session_store.db, and `--data` "
            "a folder with the versioned files of tracking datasets."
        )
        return
    logging.getLogger("mlflow_on_kedro").setLevel(logging.WARNING)  # the command prints the rest
    # Of connections that it closes, because several sessions are sent at once.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    client_variables.disable_retries(settings.tracking.timeout)
    destination = Destination(Connection(target), settings, root, metadata.package_name)
    SessionImport(destination, datasets, empty=empty, dry_run=dry_run).run(sessions)
