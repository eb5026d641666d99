"""MLflow's own calls where no pipeline runs, as in a notebook, go to the project of its context.

Importing MLflow takes a second and most contexts are those of a ``kedro`` command, so nothing
happens until something else imports it; and no server is asked until a run is started. A pipeline's
run has its own way (:mod:`.tracking.fluent`): its context gives way as soon as it is one.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..mlflow_internals import mlflow_globals, providers
from ..tracking.opening import RunRequest
from ..utils import environment, import_watch

if TYPE_CHECKING:
    from .context_mlflow import ContextMlflow

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Place:
    """Where MLflow's own calls go.

    Attributes:
        project: The project; None: wherever MLflow sends them.
        uri: The tracking URI that was set for it; None: none was.
        before: The tracking URI before that, in this process's environment.
    """

    project: ContextMlflow | None = None
    uri: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class _Before:
    """What there was when a context was made: tracking URI, and what sessions had set."""

    place: _Place
    uri: str | None
    variables: list[dict[str, str]]


class _State:
    lock = threading.RLock()
    place = _Place()


class _Thread(threading.local):
    """What was there before the latest context of this thread."""

    before: _Before | None = None


_thread = _Thread()


def send_to(project: ContextMlflow) -> None:
    """Have MLflow's own calls go to a project's store and experiment, until :func:`give_way`."""
    _wait_for_import()
    with _State.lock:
        uri, variables = environment.tracking_uri(), environment.session_variables()
        _thread.before = _Before(_State.place, uri, variables)
        _State.place = _Place(project)
        if import_watch.is_imported():
            _set_up()
        else:
            import_watch.when_imported(_set_up)


def give_way() -> None:
    """Undo this thread's latest :func:`send_to`: its context is that of a pipeline's run."""
    before, _thread.before = _thread.before, None
    if before is None:
        return
    environment.keep_for_end(before.variables)
    _wait_for_import()
    with _State.lock:
        set_by_us, _State.place = _State.place.uri, before.place
        if _State.place.project is None:
            import_watch.forget(_set_up)
        if set_by_us is not None and environment.tracking_uri() == set_by_us:
            _set_uri(before.uri)
        environment.tracking_uri_is_ours(_State.place.uri, _State.place.before)


def _wait_for_import() -> None:
    # Another thread may be amid importing MLflow, and then needs the lock: see `store.prepare`.
    if import_watch.is_imported():
        import mlflow  # noqa: F401


def _set_up() -> None:
    with _State.lock:
        project = _State.place.project
        if project is None:
            return
        try:
            settings = project.settings
            if not settings.enabled or RunRequest(config=settings).offline:
                return
            uri, before = project.uri, environment.users_tracking_uri()
            _set_uri(uri)
            providers.add_default_experiment_provider(_ProjectExperiment)
        except Exception as error:  # which must not fail who imports MLflow
            logger.warning("MLflow's own calls do not go to this project: %s", error)
            return
        _State.place = _Place(project, uri, before)
        environment.tracking_uri_is_ours(uri, before)


def _set_uri(uri: str | None) -> None:
    if uri != environment.tracking_uri():
        mlflow_globals.set_tracking_uri(uri)


class _ProjectExperiment:
    """What MLflow asks for the experiment of a new run, where the user has chosen none."""

    def in_context(self) -> bool:
        """Whether runs go to the project's store: as MLflow calls it."""
        import mlflow

        place = _State.place
        return place.uri is not None and mlflow.get_tracking_uri() == place.uri

    def get_experiment_id(self) -> str | None:
        """The experiment's id: as MLflow calls it."""
        project = _State.place.project
        return project.experiment_id if project is not None else None
