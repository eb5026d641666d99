"""``kedro mlflow sync``: delivers what MLflow has not got."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .status import heading

if TYPE_CHECKING:
    from ..delivery.leftovers import Waiting
    from ..delivery.parcel import Left
    from ..journal.folder import Journal


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be delivered, and deliver nothing.")
@click.option("--env", "-e", default=None, help="The Kedro environment whose mlflow.yml is read.")
@click.option(
    "--uri", default=None, help="Deliver to this MLflow instead of the one that was meant."
)
@click.pass_obj
def sync(metadata: Any, path: Path | None, dry_run: bool, env: str | None, uri: str | None) -> None:
    """Deliver the runs that MLflow has not got, or not all of.

    They wait in the project's folder .mlflow_on_kedro/journal after a run that could not reach
    MLflow, that was killed, or that was offline by choice (`tracking.mode: offline`). Each arrives
    as it was: with its own start, end, times and artifacts. Runs in progress are left alone.

    PATH is another project's root, its .mlflow_on_kedro, or a copy of that from another machine.
    What was offline there goes to where this project tracks.

    The exit status is 1 if something could not be delivered; it stays for the next time.
    """
    from ..delivery.leftovers import find
    from ..tracking.uris import resolve_uri
    from .project import project_settings

    root = Path(metadata.project_path)
    settings = project_settings(root, env)
    journals = find(path if path is not None else root)
    if not journals:
        click.echo("Nothing to deliver.")
        return
    configured = resolve_uri(settings.tracking.uri, root)
    given = resolve_uri(uri, root, "--uri") if uri is not None else None
    logging.getLogger("mlflow_on_kedro").setLevel(logging.WARNING)  # the rest is said here
    run = Sync(configured, given, root, dry_run=dry_run)
    undelivered = [journal for journal in journals if not run.deliver(journal)]
    if undelivered:
        raise click.exceptions.Exit(1)


class Sync:
    """Delivers journals one after another, and says what becomes of each.

    Args:
        configured: Where this project tracks.
        given: Where the user wants all to go instead.
        root: The project's root.
        dry_run: Deliver nothing.
    """

    def __init__(self, configured: str, given: str | None, root: Path, *, dry_run: bool) -> None:
        self._configured = configured
        self._given = given
        self._root = root
        self._dry_run = dry_run
        # A server that does not answer costs seconds or minutes each time it is asked.
        self._away: set[str] = set()

    def deliver(self, journal: Journal) -> bool:
        """Deliver one journal; tell whether all is well."""
        from ..delivery.leftovers import look, uri_of
        from ..secrets import mask_urls
        from ..tracking.failures import failure_message, is_refusal, reason

        try:
            waiting = look(journal)
            uri = uri_of(waiting.header, self._configured, self._given, self._root)
        except Exception as error:
            if not journal.is_here():  # another process was faster
                return True
            click.echo(f"{journal.folder}: not delivered. {reason(error)}", err=True)
            return False
        title = heading(waiting.header)
        if uri in self._away and not waiting.running:
            click.echo(f"{title}: not delivered to {mask_urls(uri)} either.", err=True)
            return False
        try:
            click.echo(self._outcome(waiting, uri, title))
        except Exception as error:
            if not journal.is_here():
                return True
            if not is_refusal(error):
                self._away.add(uri)
            effect = f"so this run stays in {journal.folder} (`--uri` sends it elsewhere)"
            said = failure_message(uri, error, effect)
            click.echo(f"{title}: not delivered. {said}", err=True)
            return False
        return True

    def _outcome(self, waiting: Waiting, uri: str, title: str) -> str:
        from ..delivery.leftovers import deliver
        from ..recording import in_words
        from ..secrets import mask_urls

        if waiting.running:
            return f"{title}: in progress, left alone."
        if self._dry_run:
            return f"{title}: {in_words(waiting.left)} would go to {mask_urls(uri)}."
        try:
            with _progress(title, waiting.left) as progress:
                parcel = deliver(waiting.journal, uri, self._root, progress)
        except BlockingIOError:
            return f"{title}: in progress, left alone."
        name = f" as {parcel.opened.name} ({parcel.opened.run_id})" if parcel.opened else ""
        return f"{title}: delivered to {mask_urls(uri)}{name}, {parcel.status}."


@contextlib.contextmanager
def _progress(title: str, whole: Left) -> Iterator[Callable[[Left], None] | None]:
    if not sys.stdout.isatty():
        yield None
        return
    total = max(1, whole.entry_bytes + whole.file_bytes)
    with click.progressbar(length=total, label=title) as bar:

        def progress(left: Left) -> None:
            bar.update(max(0, total - left.entry_bytes - left.file_bytes - bar.pos))

        yield progress
