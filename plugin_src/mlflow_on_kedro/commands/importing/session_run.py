"""The run of a session in MLflow: written as a journal first, and delivered like any other run."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...compat.kedro_viz.sessions import Session
from ...config.sections import Config
from ...delivery.connection import Connection
from ...delivery.journal_delivery import deliver
from ...journal.entries import End, Entry
from ...journal.entry_lines import storable
from ...journal.folder import FOLDER, Journal
from ...journal.outbox import Outbox, is_missing_file
from ...journal.records import Header
from ...journal.run_logger import RunLogger
from ...journal.writer import Writer
from ...runs.run_request import KEDRO_RUN_TAG
from ...tracking import experiments, store
from ...utils.overlap import overlap
from ...utils.secrets import without_credentials
from .session_content import SessionContent

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ...delivery.run_delivery import RunDelivery


@dataclass(frozen=True)
class Destination:
    """Where sessions go: the store and experiment of this project's runs.

    Attributes:
        connection: The tracking server.
        config: The whole configuration.
        root: The project's root.
        package: The project's package.
    """

    connection: Connection
    config: Config
    root: Path
    package: str

    @property
    def experiment(self) -> str:
        """The experiment's name, if its id is not given."""
        return store.resolve_experiment(self.config.experiment.name, self.package)

    def states(self, client: MlflowClient, sessions: Sequence[Session]) -> dict[str, str]:
        """Look up which sessions have a run in MLflow, imported or tracked by this plugin.

        Args:
            client: A client of the store.
            sessions: The sessions.

        Returns:
            The id of each of these sessions, with ``active``, or ``deleted`` if the run is.
        """
        found = self._experiment_id(client)
        if found is None:
            return {}
        states: dict[str, str] = {}

        def look_up(session: Session) -> None:
            state = _state(client, found, session.id)
            if state is not None:
                states[session.id] = state

        calls = [functools.partial(look_up, session) for session in sessions]
        for error in overlap(calls, self.connection.threads):
            if error is not None:
                raise error
        return states

    def _experiment_id(self, client: MlflowClient) -> str | None:
        given = experiments.from_environment(self.config, self.root)
        if given is not None:
            return given
        experiment = client.get_experiment_by_name(self.experiment)
        return experiment.experiment_id if experiment is not None else None

    def is_pending(self, session: Session) -> bool:
        """Return whether an import was interrupted before all of the session was in MLflow."""
        return self._journal(session).exists()

    def deliver(self, content: SessionContent) -> tuple[RunDelivery, list[str]]:
        """Make the run of a session; to do it again changes nothing.

        Args:
            content: The session and its files.

        Returns:
            The delivery, and the names of values that are left out as secrets.

        Raises:
            BlockingIOError: Another process imports it now.
            OSError: The disk is full or read-only.
            Exception: MLflow cannot be reached, or refuses it; the run stays in the journal.
        """
        earlier = self._journal(content.session)
        if earlier.exists():  # perhaps incomplete: an import has been interrupted
            earlier.hold_all()
            earlier.discard()
        header = self._header(content.session)
        journal = Journal.create(earlier.folder.parent, header)
        try:
            logger = _SessionLogger(self.config, journal)
            hidden = content.log(logger, self.package)
            # Last, because it says that the session is imported.
            logger.set_tag(KEDRO_RUN_TAG, content.session.id)
            status = "FAILED" if content.session.part("exception") else "FINISHED"
            logger.log_entry(End(status, header.start_ms))
        except BaseException:
            journal.discard()
            raise
        journal.release()
        patience = self.config.tracking.timeout
        return deliver(journal, self.connection, self.root, patience=patience), hidden

    def _journal(self, session: Session) -> Journal:
        return Journal(store.working_folder(self.root) / FOLDER / journal_id(session))

    def _header(self, session: Session) -> Header:
        config = self.config
        return Header(
            journal=journal_id(session),
            uri=without_credentials(self.connection.uri),
            experiment=storable(self.experiment),
            experiment_id=experiments.from_environment(config, self.root),
            artifact_location=config.experiment.artifact_location,
            experiment_tags=experiments.tag_texts(config.experiment.tags),
            restore_experiment=config.experiment.restore_if_deleted,
            run_name=storable(session.name),
            start_ms=session.start_ms,
            root=str(self.root),
            kedro_run_id=session.id,
            user=storable(str(session.content.get("username") or "")) or None,
            max_copy=config.tracking.max_copy,
        )


def journal_id(session: Session) -> str:
    """Return the id of a session's journal, always the same one: MLflow's run is found by it."""
    return hashlib.sha256(f"kedro-viz {session.id}".encode()).hexdigest()[:24]


def _state(client: MlflowClient, experiment: str, session: str) -> str | None:
    from mlflow.entities import ViewType

    found = client.search_runs(
        [experiment],
        filter_string=f"tags.`{KEDRO_RUN_TAG}` = '{session}'",
        run_view_type=ViewType.ALL,
        max_results=2,
    )
    stages = [str(run.info.lifecycle_stage) for run in found]
    return "active" if "active" in stages else stages[0] if stages else None


class _JournalOutbox(Outbox):
    """Writes entries into a journal that is delivered later."""

    def __init__(self, journal: Journal) -> None:
        self._writer = Writer(journal)

    def put(self, entry: Entry) -> None:
        if not is_missing_file(entry):
            self._writer.append(entry)

    def flush(self, *, values_only: bool = False) -> None:
        """Do nothing: the journal is delivered at the end."""

    def secure(self) -> None:
        """Do nothing: what is in the journal is safe."""


@dataclass
class _SessionLogger(RunLogger):
    """Logs to the journal of a session, at the session's time."""

    config: Config
    journal: Journal
    secret_params: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        self._start_logging()
        self._outbox = _JournalOutbox(self.journal)

    @property
    def outbox(self) -> Outbox:
        return self._outbox

    def log_metric(self, key: str, value: Any, **named: Any) -> None:
        super().log_metric(key, value, **{"timestamp": self.journal.header.start_ms, **named})
