"""``kedro mlflow sync``: deliver pending runs to MLflow."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import env_option, uri_option
from .status import heading

if TYPE_CHECKING:
    from ..delivery.backlog import PendingJournal
    from ..delivery.connection import Connection
    from ..delivery.pending import PendingSize
    from ..delivery.run_delivery import RunDelivery
    from ..journal.folder import Journal


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be delivered; deliver nothing.")
@env_option
@uri_option
@click.option(
    "--experiment", default=None, help="Deliver to this experiment instead of the one of each run."
)
@click.option(
    "--refused/--no-refused",
    default=True,
    help="Send refused entries again (see `kedro mlflow status`).  [default: refused]",
)
@click.pass_obj
def sync(
    metadata: Any,
    path: Path | None,
    *,
    dry_run: bool,
    env: str | None,
    uri: str | None,
    experiment: str | None,
    refused: bool,
) -> None:
    """Deliver the runs that are not in MLflow yet, or not completely.

    They are in the project's folder .mlflow_on_kedro/journal if a run could not reach MLflow, was
    killed, was offline by choice (`tracking.mode: offline`), or if MLflow has refused some of it.
    Each run gets its original start, end, times and artifacts. Runs in progress are left alone.

    PATH is another project's root, its .mlflow_on_kedro, or a copy of that from another machine.
    Offline runs from there go to this project's tracking URI; with --uri, all runs go there.

    The exit status is 1 if something could not be delivered; it stays for the next time. `kedro
    mlflow discard` deletes what can never be delivered.
    """
    from ..delivery.backlog import find
    from ..tracking.uris import resolve_uri
    from ..utils import client_variables
    from ..utils.overlap import overlap
    from .project import project_settings

    root = Path(metadata.project_path)
    settings = project_settings(root, env)
    given = resolve_uri(uri, root, "--uri") if uri is not None else None
    journals = find(path if path is not None else root)
    if not journals:
        click.echo("Nothing to deliver.")
        return
    configured = resolve_uri(settings.tracking.uri, root)
    logging.getLogger("mlflow_on_kedro").setLevel(logging.WARNING)  # the command prints the rest
    client_variables.disable_retries(settings.tracking.timeout)
    run = Sync(configured, given, root, settings.tracking.timeout)
    run.experiment, run.refused, run.dry_run = experiment, refused, dry_run
    # A run that resumes an earlier one has to come after it.
    resuming = [journal for journal in journals if _resumes(journal)]
    first = [journal for journal in journals if journal not in resuming]
    for some, threads in ((first, run.threads(first)), (resuming, 1)):
        for error in overlap([partial(run.deliver, journal) for journal in some], threads):
            if error is not None:
                raise error
    if run.undelivered:
        raise click.exceptions.Exit(1)


def _resumes(journal: Journal) -> bool:
    try:
        return journal.header.resume is not None
    except (OSError, ValueError):  # the journal is damaged
        return False


class Sync:
    """Deliver journals, several at once to a server, and print the outcome of each.

    Args:
        configured: The project's tracking URI.
        given: The tracking URI of the option ``--uri``, to which all runs go instead.
        root: The project's root.
        timeout: Seconds of retries if a server does not answer.
    """

    def __init__(self, configured: str, given: str | None, root: Path, timeout: float) -> None:
        self.experiment: str | None = None
        self.refused = True
        self.dry_run = False
        self.undelivered = 0
        self._configured = configured
        self._given = given
        self._root = root
        self._timeout = timeout
        self._connections: dict[str, Connection] = {}
        # Each try to reach a server that does not answer takes seconds or minutes.
        self._away: set[str] = set()
        self._lock = threading.Lock()

    def threads(self, journals: list[Journal]) -> int:
        """Return how many journals are delivered at once: several to a server, one to a file."""
        from ..tracking.store import is_remote
        from ..utils.overlap import THREADS

        uri = self._given or self._configured
        local = self.dry_run or len(journals) == 1 or not is_remote(uri)
        return 1 if local else THREADS

    def deliver(self, journal: Journal) -> None:
        """Deliver one journal, and print the outcome."""
        from ..delivery.backlog import PendingJournal, delivery_uri
        from ..tracking.failure_messages import failure_message
        from ..tracking.failures import is_silent, reason
        from ..utils.secrets import mask_urls

        try:
            pending = PendingJournal.from_journal(journal)
            uri = delivery_uri(pending.header, self._configured, self._given, self._root)
        except Exception as error:
            if journal.exists():  # otherwise another process has delivered it
                self._fail(f"{journal.folder}: not delivered. {reason(error)}")
            return
        title = heading(pending.header)
        if uri in self._away and not pending.running:
            self._fail(f"{title}: not delivered to {mask_urls(uri)} either.")
            return
        try:
            self._deliver(pending, uri, title)
        except BlockingIOError:
            click.echo(f"{title}: in progress, left alone.")
        except Exception as error:
            if not journal.exists():
                return
            if is_silent(error):
                self._away.add(uri)
            effect = f"so this run stays in {journal.folder} (`--uri` sends it elsewhere)"
            if uri != self._configured and self._given is None:
                here = mask_urls(self._configured)
                effect = (
                    f"so this run, which was made for that address, stays in {journal.folder}: "
                    f"`kedro mlflow sync --uri {here}` sends it to where this project tracks now"
                )
            self._fail(f"{title}: not delivered. {failure_message(uri, error, effect)}")

    def _deliver(self, pending: PendingJournal, uri: str, title: str) -> None:
        from ..delivery.journal_delivery import deliver
        from ..utils.secrets import mask_urls

        if pending.running:
            click.echo(f"{title}: {pending.state}, left alone.")
        elif self.dry_run:
            click.echo(f"{title}: {pending.size.in_words()} would go to {mask_urls(uri)}.")
        elif not self.refused and pending.size.is_set_aside_only:
            self._fail(f"{title}: {pending.size.in_words()}, left alone.")
        else:
            with _progress(title, pending.size) as progress:
                delivery = deliver(
                    pending.journal,
                    self._connection(uri),
                    self._root,
                    patience=self._timeout,
                    retry="all" if self.refused else "none",
                    progress=progress,
                    experiment=self.experiment,
                )
            self._print_outcome(delivery, uri, title)

    def _connection(self, uri: str) -> Connection:
        from ..delivery.connection import Connection

        with self._lock:
            return self._connections.setdefault(uri, Connection(uri))

    def _print_outcome(self, delivery: RunDelivery, uri: str, title: str) -> None:
        from ..tracking.failures import reason
        from ..utils.secrets import mask_urls

        opened = delivery.opened
        name = f" as {opened.name} ({opened.run_id})" if opened else ""
        outcome = f"{title}: delivered to {mask_urls(uri)}{name}, {delivery.status}"
        left = delivery.pending()
        if delivery.files_failure is not None:
            where = mask_urls(opened.artifact_uri) if opened else mask_urls(uri)
            self._fail(
                f"{outcome}; but {left.in_words()} could not be delivered to {where}: "
                f"{reason(delivery.files_failure)}."
            )
        elif left.set_aside:
            self._fail(f"{outcome}; but for {left.in_words()}: `kedro mlflow status` says why.")
        else:
            click.echo(f"{outcome}.")
        for message in filter(None, delivery.registered):
            click.echo(message)

    def _fail(self, message: str) -> None:
        with self._lock:
            self.undelivered += 1
        click.echo(message, err=True)


@contextlib.contextmanager
def _progress(title: str, whole: PendingSize) -> Iterator[Callable[[PendingSize], None]]:
    total = max(1, whole.entry_bytes + whole.file_bytes)
    if not sys.stdout.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=title) as bar:

        def progress(left: PendingSize) -> None:
            bar.update(max(0, total - left.entry_bytes - left.file_bytes - bar.pos))

        yield progress
