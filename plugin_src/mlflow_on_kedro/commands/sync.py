"""``kedro mlflow sync``: delivers what MLflow has not got."""

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

from .status import heading

if TYPE_CHECKING:
    from ..delivery.backlog import PendingJournal
    from ..delivery.connection import Connection
    from ..delivery.pending import PendingSize
    from ..delivery.run_delivery import RunDelivery
    from ..journal.folder import Journal


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be delivered, and deliver nothing.")
@click.option("--env", "-e", default=None, help="The Kedro environment whose mlflow.yml is read.")
@click.option(
    "--uri", default=None, help="Deliver to this MLflow instead of the one that was meant."
)
@click.option(
    "--experiment", default=None, help="Deliver to this experiment instead of the one meant."
)
@click.option(
    "--refused/--no-refused",
    default=True,
    help="Send again what was refused before (see `kedro mlflow status`).  [default: refused]",
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
    """Deliver the runs that MLflow has not got, or not all of.

    They wait in the project's folder .mlflow_on_kedro/journal after a run that could not reach
    MLflow, that was killed, of which something was refused, or that was offline by choice
    (`tracking.mode: offline`). Each arrives as it was: with its own start, end, times and
    artifacts. Runs in progress are left alone.

    PATH is another project's root, its .mlflow_on_kedro, or a copy of that from another machine.
    What was offline there goes to where this project tracks.

    The exit status is 1 if something could not be delivered; it stays for the next time. `kedro
    mlflow discard` drops what never will be.
    """
    from ..delivery.backlog import find
    from ..tracking.uris import resolve_uri
    from ..utils import environment
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
    logging.getLogger("mlflow_on_kedro").setLevel(logging.WARNING)  # the rest is said here
    environment.leave_retries_to_delivery(settings.tracking.timeout)
    run = Sync(configured, given, root, settings.tracking.timeout)
    run.experiment, run.refused, run.dry_run = experiment, refused, dry_run
    # A run that goes on with an earlier one waits until that is delivered.
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
    except (OSError, ValueError):  # it is damaged
        return False


class Sync:
    """Delivers journals, several at once to a server, and says what becomes of each.

    Args:
        configured: Where this project tracks.
        given: Where the user wants all to go instead.
        root: The project's root.
        timeout: Seconds for which a server that does not answer is asked again.
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
        # A server that does not answer costs seconds or minutes each time it is asked.
        self._away: set[str] = set()
        self._lock = threading.Lock()

    def threads(self, journals: list[Journal]) -> int:
        """How many journals are delivered at once: to a server some, to a local file one."""
        from ..tracking.store import is_remote
        from ..utils.overlap import THREADS

        uri = self._given or self._configured
        local = self.dry_run or len(journals) == 1 or not is_remote(uri)
        return 1 if local else THREADS

    def deliver(self, journal: Journal) -> None:
        """Deliver one journal, and say what became of it."""
        from ..delivery.backlog import PendingJournal, delivery_uri
        from ..tracking.failures import failure_message, is_silent, reason
        from ..utils.secrets import mask_urls

        try:
            pending = PendingJournal.from_journal(journal)
            uri = delivery_uri(pending.header, self._configured, self._given, self._root)
        except Exception as error:
            if journal.exists():  # else another process was faster
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
            click.echo(f"{title}: in progress, left alone.")
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
            self._say_delivered(delivery, uri, title)

    def _connection(self, uri: str) -> Connection:
        from ..delivery.connection import Connection

        with self._lock:
            return self._connections.setdefault(uri, Connection(uri))

    def _say_delivered(self, delivery: RunDelivery, uri: str, title: str) -> None:
        from ..tracking.failures import reason
        from ..utils.secrets import mask_urls

        opened = delivery.opened
        name = f" as {opened.name} ({opened.run_id})" if opened else ""
        said = f"{title}: delivered to {mask_urls(uri)}{name}, {delivery.status}"
        left = delivery.pending()
        if delivery.files_failure is not None:
            where = mask_urls(opened.artifact_uri) if opened else mask_urls(uri)
            self._fail(
                f"{said}; but {left.in_words()} could not be delivered to {where}: "
                f"{reason(delivery.files_failure)}."
            )
        elif left.set_aside:
            self._fail(f"{said}; but for {left.in_words()}: `kedro mlflow status` says why.")
        else:
            click.echo(f"{said}.")
        for message in filter(None, delivery.registered):
            click.echo(message)

    def _fail(self, words: str) -> None:
        with self._lock:
            self.undelivered += 1
        click.echo(words, err=True)


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
