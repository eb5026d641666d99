"""``SessionImport``: what ``kedro mlflow import`` does with the sessions that it has found."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ...errors import MLflowOnKedroError

if TYPE_CHECKING:
    from ...compat.kedro_viz.sessions import Session
    from ...compat.kedro_viz.tracked_files import TrackedFiles
    from .session_content import SessionContent
    from .session_run import Destination

_NAME_WIDTH = 40


class SessionImport:
    """Import sessions, several at once to a server, and print the outcome.

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
        self._imported = 0
        self._is_incomplete = False
        self._silence: Exception | None = None
        self._hidden: dict[str, None] = {}
        self._lock = threading.Lock()

    def run(self, sessions: Sequence[Session]) -> None:
        """Import what is not in MLflow yet.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
            click.exceptions.Exit: A session could not be imported completely.
        """
        known = self._known(sessions)
        contents, empty = [], 0
        for session in sessions:
            if session.id in known and not self._destination.is_pending(session):
                continue
            content = self._read(session)
            if content.is_empty and not self._empty:
                empty += 1
            else:
                contents.append(content)
        if self._dry_run:
            _show(contents)
        else:
            self._import_all(contents)
        done = f"{len(contents)} would be" if self._dry_run else f"{self._imported} were"
        self._print_outcome(done, known, empty)
        if self._silence is not None:
            raise self._failure(self._silence, _STOPPED)
        if self._is_incomplete:
            raise click.exceptions.Exit(1)

    def _known(self, sessions: Sequence[Session]) -> Mapping[str, str]:
        from ...tracking import store

        try:
            client = store.connect(self._destination.connection.uri)
            return self._destination.states(client, sessions)
        except Exception as error:
            raise self._failure(error, "so nothing is imported") from None

    def _read(self, session: Session) -> SessionContent:
        from .session_content import SessionContent

        content = SessionContent.read(session, self._datasets)
        for problem in content.problems:
            click.echo(problem, err=True)
        return content

    def _import_all(self, contents: Sequence[SessionContent]) -> None:
        from ...utils.overlap import overlap

        bar: Any = contextlib.nullcontext()
        if sys.stdout.isatty():
            bar = click.progressbar(length=len(contents), label="Importing")
        with bar as shown:

            def import_one(content: SessionContent) -> None:
                if self._silence is None:
                    self._import(content)
                if shown is not None:
                    with self._lock:
                        shown.update(1)

            calls = [functools.partial(import_one, content) for content in contents]
            for error in overlap(calls, self._destination.connection.threads):
                if error is not None:
                    raise error

    def _import(self, content: SessionContent) -> None:
        from ...tracking.failures import is_silent, reason

        name = content.session.id
        try:
            delivery, hidden = self._destination.deliver(content)
        except BlockingIOError:
            click.echo(f"{name}: another process imports it now.")
            return
        except Exception as error:
            if is_silent(error):
                self._silence = error
            else:
                self._fail(f"{name}: not imported. {reason(error)}")
            return
        with self._lock:
            self._imported += 1
            self._hidden |= dict.fromkeys(hidden)
        left = delivery.pending()
        if delivery.files_failure is not None or left.set_aside:
            why = f" ({reason(delivery.files_failure)})" if delivery.files_failure else ""
            self._fail(
                f"{name}: imported, but for {left.in_words()}{why}. `kedro mlflow status` shows "
                "it, and `kedro mlflow sync` tries again."
            )

    def _fail(self, message: str) -> None:
        with self._lock:
            self._is_incomplete = True
        click.echo(message, err=True)

    def _failure(self, error: Exception, effect: str) -> MLflowOnKedroError:
        from ...tracking.failure_messages import failure_message

        return MLflowOnKedroError(failure_message(self._destination.connection.uri, error, effect))

    def _print_outcome(self, done: str, known: Mapping[str, str], empty: int) -> None:
        from ...utils.secrets import mask_urls

        uri = mask_urls(self._destination.connection.uri)
        click.echo(
            f"Sessions of Kedro-Viz: {done} imported into the experiment "
            f"'{self._destination.experiment}' of MLflow at {uri}."
        )
        if known:
            deleted = sum(state == "deleted" for state in known.values())
            more = f", {deleted} of them deleted there" if deleted else ""
            click.echo(f"Left out: {len(known)} that have a run in MLflow already{more}.")
        if empty:
            click.echo(
                f"Left out: {empty} without files, title and notes; --all imports them, too."
            )
        if self._hidden:
            names = ", ".join(self._hidden)
            click.echo(f"Values left out, because their names look like those of secrets: {names}.")
        if self._imported:
            click.echo("`kedro mlflow ui` shows them.")


_STOPPED = "so the import stops here; run it again later, and it goes on"


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
