"""Send MLflow's own calls to the project of the latest context, where no pipeline runs.

Importing MLflow takes a second and most contexts are those of a ``kedro`` command, so nothing
happens until something else imports MLflow, and no request is sent until a run is started. When a
pipeline runs, :mod:`..runs.node_calls` does this instead, and :func:`release` undoes it here.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

from ..config.sections import Config
from ..mlflow_internals import mlflow_globals, providers
from ..tracking.access import is_offline
from ..utils import import_watch, run_variables, session_variables

logger = logging.getLogger(__name__)


class Project(Protocol):
    """A project's MLflow: see :class:`.context_mlflow.ContextMlflow`."""

    @property
    def settings(self) -> Config:
        """The configuration."""

    @property
    def uri(self) -> str:
        """The tracking URI."""

    @property
    def experiment_id(self) -> str:
        """The id of the experiment, which is created if needed."""


@dataclass(frozen=True)
class _Target:
    """Where MLflow's own calls go.

    Attributes:
        project: The project; None: no project, so that MLflow decides.
        uri: The tracking URI that was set for the project; None: none was set.
        before: The tracking URI before that, in this process's environment.
    """

    project: Project | None = None
    uri: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class _Before:
    """The target, the tracking URI and the session's variables before a context was created."""

    target: _Target
    uri: str | None
    variables: dict[str, str]


class _State:
    lock = threading.RLock()
    target = _Target()


class _Thread(threading.local):
    """What was set before the latest context of this thread."""

    before: _Before | None = None


_thread = _Thread()


def send_to(project: Project) -> None:
    """Send MLflow's own calls to a project's store and experiment, until :func:`release`."""
    _wait_for_import()
    with _State.lock:
        uri, variables = run_variables.outside_tracking_uri(), session_variables.SESSION.present()
        _thread.before = _Before(_State.target, uri, variables)
        _State.target = _Target(project)
        if import_watch.is_imported():
            _set_up()
        else:
            import_watch.when_imported(_set_up)


def release() -> None:
    """Undo this thread's latest :func:`send_to`, as its context is that of a pipeline's run."""
    before, _thread.before = _thread.before, None
    if before is None:
        return
    session_variables.SESSION.keep_for_end(before.variables)
    _wait_for_import()
    with _State.lock:
        set_by_us, _State.target = _State.target.uri, before.target
        if _State.target.project is None:
            import_watch.forget(_set_up)
        if set_by_us is not None and run_variables.outside_tracking_uri() == set_by_us:
            _set_uri(before.uri)
        run_variables.note_own_tracking_uri(_State.target.uri, _State.target.before)


def _wait_for_import() -> None:
    # Another thread that is importing MLflow needs the lock to finish: see `store.prepare`.
    if import_watch.is_imported():
        import mlflow  # noqa: F401


def _set_up() -> None:
    with _State.lock:
        project = _State.target.project
        if project is None:
            return
        try:
            settings = project.settings
            if not settings.enabled or is_offline(settings.tracking):
                return
            uri, before = project.uri, run_variables.users_tracking_uri()
            _set_uri(uri)
            providers.add_default_experiment_provider(_ProjectExperiment)
        except Exception as error:  # importing MLflow must not fail because of this
            logger.warning("MLflow's own calls do not go to this project: %s", error)
            return
        _State.target = _Target(project, uri, before)
        run_variables.note_own_tracking_uri(uri, before)


def _set_uri(uri: str | None) -> None:
    if uri != run_variables.outside_tracking_uri():
        mlflow_globals.set_outside_uri(uri)  # a pipeline that runs in another thread keeps its own


class _ProjectExperiment:
    """MLflow's experiment provider: the experiment of a new run, unless the user has chosen one."""

    def in_context(self) -> bool:
        """Whether runs go to the project's store; MLflow calls this."""
        import mlflow

        target = _State.target
        return target.uri is not None and mlflow.get_tracking_uri() == target.uri

    def get_experiment_id(self) -> str | None:
        """Return the experiment's id; MLflow calls this."""
        project = _State.target.project
        return project.experiment_id if project is not None else None
