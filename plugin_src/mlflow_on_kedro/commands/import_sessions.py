"""``kedro mlflow import``: bring the sessions of Kedro-Viz's experiment tracking into MLflow."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MLflowOnKedroError

if TYPE_CHECKING:
    from ..compat.kedro_viz.session_content import SessionContent
    from ..compat.kedro_viz.session_run import Destination
    from ..compat.kedro_viz.sessions import Session
    from ..compat.kedro_viz.tracked_files import TrackedFiles

_PATH = click.Path(exists=True, path_type=Path)
_NAME_WIDTH = 40


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
@click.option("--env", "-e", default=None, help="The Kedro environment whose mlflow.yml is read.")
@click.option("--uri", default=None, help="Import to this tracking URI instead of the project's.")
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
    parameters, and versioned plots artifacts. The files are found through the catalog. Nothing that
    is read is changed.

    A session that has a run in MLflow already is left out, so you can run it again at any time,
    also after Ctrl-C.
    """
    from ..compat.kedro_viz import discovery
    from ..compat.kedro_viz.session_run import Destination
    from ..delivery.connection import Connection
    from ..tracking.uris import resolve_uri
    from ..utils import client_variables
    from .project import project_context

    root = Path(metadata.project_path)
    context, settings = project_context(root, env)
    target = resolve_uri(uri if uri is not None else settings.tracking.uri, root, "--uri")
    catalog = discovery.own_catalog(context, env)
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
    client_variables.disable_retries(settings.tracking.timeout)
    destination = Destination(Connection(target), settings, root, metadata.package_name)
    Import(destination, datasets, empty=empty, dry_run=dry_run).run(sessions)


class Import:
    """Import sessions one after another, and print the outcome.

    Args:
        destination: Where they go.
        datasets: The files of tracking datasets.
        empty: Import sessions without files, too.
        dry_run: Print what would be imported, and import nothing.
    """

    def __init__(
        self,
        destination: Destination,
        datasets: Sequence[TrackedFiles],
        *,
        empty: bool,
        dry_run: bool,
    ) -> None:
        self._destination = destination
        self._datasets = datasets
        self._empty = empty
        self._dry_run = dry_run
        self._failed = 0
        self._hidden: dict[str, None] = {}

    def run(self, sessions: Sequence[Session]) -> None:
        """Import what is not in MLflow yet.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
            click.exceptions.Exit: A session could not be imported completely.
        """
        known = self._known(sessions)
        pending = {one.id for one in sessions if self._destination.is_pending(one)}
        contents, empty = [], 0
        for session in sessions:
            if session.id in known and session.id not in pending:
                continue
            content = self._read(session)
            if content.is_empty and not self._empty:
                empty += 1
            else:
                contents.append(content)
        if self._dry_run:
            _show(contents)
            verb = "would be imported"
            imported = len(contents)
        else:
            verb = "imported"
            imported = sum(map(self._import, contents))
        self._print_outcome(f"{_sessions_in_words(imported)} {verb}", known, empty)
        if self._failed:
            raise click.exceptions.Exit(1)

    def _known(self, sessions: Sequence[Session]) -> Mapping[str, str]:
        from ..tracking import store
        from ..tracking.failure_messages import failure_message

        uri = self._destination.connection.uri
        try:
            return self._destination.states(store.connect(uri), list(sessions))
        except Exception as error:
            effect = "so nothing is imported"
            raise MLflowOnKedroError(failure_message(uri, error, effect)) from None

    def _read(self, session: Session) -> SessionContent:
        from ..compat.kedro_viz.session_content import SessionContent

        content = SessionContent.read(session, self._datasets)
        for problem in content.problems:
            click.echo(problem, err=True)
        return content

    def _import(self, content: SessionContent) -> bool:
        from ..tracking.failure_messages import failure_message
        from ..tracking.failures import is_silent, reason

        session, uri = content.session, self._destination.connection.uri
        try:
            delivery, hidden = self._destination.deliver(content)
        except BlockingIOError:
            click.echo(f"{session.id}: another process imports it now.")
            return False
        except OSError as error:
            if is_silent(error):
                raise MLflowOnKedroError(failure_message(uri, error, _STOPPED)) from None
            self._fail(f"{session.id}: not imported. {reason(error)}.")
            return False
        except Exception as error:
            if is_silent(error):
                raise MLflowOnKedroError(failure_message(uri, error, _STOPPED)) from None
            self._fail(f"{session.id}: not imported. {failure_message(uri, error, _LEFT)}")
            return False
        self._hidden |= dict.fromkeys(hidden)
        left = delivery.pending()
        if delivery.files_failure is not None or left.set_aside:
            why = f": {reason(delivery.files_failure)}" if delivery.files_failure else ""
            self._fail(
                f"{session.id}: imported, but for {left.in_words()}{why}. `kedro mlflow status` "
                "shows it, and `kedro mlflow sync` tries again."
            )
        return True

    def _fail(self, message: str) -> None:
        self._failed += 1
        click.echo(message, err=True)

    def _print_outcome(self, done: str, known: Mapping[str, str], empty: int) -> None:
        from ..utils.secrets import mask_urls

        where = f"experiment '{self._destination.experiment}'"
        uri = mask_urls(self._destination.connection.uri)
        look = "" if self._dry_run else " `kedro mlflow ui` shows them."
        click.echo(f"{done} into {where} of MLflow at {uri}.{look}")
        if self._hidden:
            names = ", ".join(self._hidden)
            click.echo(f"Values left out, because their names look like those of secrets: {names}.")
        if known:
            deleted = sum(state == "deleted" for state in known.values())
            more = (
                f" ({deleted} of the runs are deleted; MLflow can restore them)" if deleted else ""
            )
            click.echo(f"{_sessions_in_words(len(known))} left out: in MLflow already{more}.")
        if empty:
            click.echo(
                f"{_sessions_in_words(empty)} left out: no file of a tracking dataset, no title, "
                "no notes. `--all` imports such sessions, too."
            )


_STOPPED = "so the import stops here; run it again later, and it goes on with this session"
_LEFT = "so this session is left out"


def _sessions_in_words(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def _show(contents: Sequence[SessionContent]) -> None:
    if not contents:
        return
    width = min(_NAME_WIDTH, max(len(content.session.title) for content in contents))
    width = max(width, len("Title"))
    click.echo(f"{'Session':24}  {'Title':{width}}  Metrics  JSON  Files")
    for content in contents:
        session = content.session
        metrics = sum(len(item) for _, kind, item in content.values if kind == "metrics")
        others = sum(kind == "json" for _, kind, _ in content.values)
        click.echo(
            f"{session.id:24}  {session.title[:width]:{width}}  {metrics:7}  {others:4}  "
            f"{len(content.files):5}"
        )
