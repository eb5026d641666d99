"""MLflow's environment variables that decide where runs go: read, set for a run, and restored."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

_TRACKING_URI = "MLFLOW_TRACKING_URI"
_EXPERIMENT_ID = "MLFLOW_EXPERIMENT_ID"
_EXPERIMENT_NAME = "MLFLOW_EXPERIMENT_NAME"
_RUN_CONTEXT = "MLFLOW_RUN_CONTEXT"
_RUN_ID = "MLFLOW_RUN_ID"
_RERUN_OF = "MLFLOW_ON_KEDRO_RERUN_OF"
_RERUN_SEPARATOR = "/"
_SAVED = (_TRACKING_URI, _EXPERIMENT_ID, _EXPERIMENT_NAME, _RUN_CONTEXT)


class _TrackingUri:
    """The tracking URI that the plugin has set, and the user's that it has replaced."""

    ours: str | None = None
    users: str | None = None


class _Users:
    """The variables as the user has set them, while a run is open; None: no run is open."""

    variables: Mapping[str, str | None] | None = None


def tracking_uri() -> str | None:
    """Return ``MLFLOW_TRACKING_URI``."""
    return os.environ.get(_TRACKING_URI) or None


def outside_tracking_uri() -> str | None:
    """Return ``MLFLOW_TRACKING_URI`` as it is where no pipeline runs."""
    return _users_value(_TRACKING_URI)


def note_own_tracking_uri(uri: str | None, users: str | None) -> None:
    """Note that this plugin has set MLflow's tracking URI for the whole process.

    Args:
        uri: The URI that it has set; None: it has set none.
        users: The URI that the user had set before.
    """
    _TrackingUri.ours, _TrackingUri.users = uri, users


def users_tracking_uri() -> str | None:
    """Return ``MLFLOW_TRACKING_URI`` as the user has set it, if this plugin has replaced it."""
    present = outside_tracking_uri()
    return _TrackingUri.users if present == _TrackingUri.ours else present


def set_tracking_uri(uri: str) -> None:
    """Set ``MLFLOW_TRACKING_URI`` without importing MLflow, whose own function sets it, too."""
    os.environ[_TRACKING_URI] = uri


def experiment_name() -> str | None:
    """Return ``MLFLOW_EXPERIMENT_NAME`` as the user has set it."""
    return _users_value(_EXPERIMENT_NAME)


def experiment_id() -> str | None:
    """Return ``MLFLOW_EXPERIMENT_ID`` as the user has set it."""
    return _users_value(_EXPERIMENT_ID)


def unset_experiment_name() -> None:
    """Unset ``MLFLOW_EXPERIMENT_NAME``, because another experiment was chosen by its id."""
    os.environ.pop(_EXPERIMENT_NAME, None)


def run_id() -> str | None:
    """Return ``MLFLOW_RUN_ID``."""
    return os.environ.get(_RUN_ID) or None


def unset_run_id() -> None:
    """Unset ``MLFLOW_RUN_ID``, so that it applies to one run of this process only."""
    os.environ.pop(_RUN_ID, None)


def save() -> None:
    """Remember the variables that decide where runs go, for :func:`restore`."""
    _Users.variables = {name: os.environ.get(name) for name in _SAVED}


def save_tracking_uri(uri: str | None) -> None:
    """Have :func:`restore` set another tracking URI than that of :func:`save`."""
    _Users.variables = {**(_Users.variables or {}), _TRACKING_URI: uri}


def restore() -> None:
    """Restore the variables that decide where runs go to their values at :func:`save`."""
    saved, _Users.variables = _Users.variables or {}, None
    for name, given in saved.items():
        if given is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = given


def nest_child_processes(tag: str, run_id: str, experiment: str | None) -> None:
    """Make runs that child processes start with this environment child runs of a run.

    With ``MLFLOW_RUN_ID`` they would log to the run itself: the first of them to end would end it,
    two of them could not log the same parameter, and ``mlflow.set_experiment`` would fail. It would
    also fail with another tracking URI and ``MLFLOW_EXPERIMENT_ID``, so the name is set instead.

    Args:
        tag: MLflow's tag for a run's parent.
        run_id: The parent run.
        experiment: The name of the experiment in which child runs are by default.
    """
    try:
        given = json.loads(os.environ.get(_RUN_CONTEXT) or "{}")
    except ValueError:  # the user's value is not JSON, with which MLflow fails
        return
    if given.get(tag) != run_id:  # it is called before each node
        os.environ[_RUN_CONTEXT] = json.dumps({**given, tag: run_id})
    if experiment is not None:
        os.environ[_EXPERIMENT_NAME] = experiment
        os.environ.pop(_EXPERIMENT_ID, None)  # MLflow refuses both, if they differ


def _users_value(name: str) -> str | None:
    return (os.environ if _Users.variables is None else _Users.variables).get(name) or None


def for_rerun(origin: str, token: str) -> dict[str, str]:
    """Return the variables by which a ``kedro run`` knows that it repeats another run.

    Args:
        origin: The id of the run that is repeated.
        token: A text by which the new run can be found.
    """
    return {_RERUN_OF: f"{origin}{_RERUN_SEPARATOR}{token}"}


def take_rerun() -> tuple[str, str] | None:
    """Return what :func:`for_rerun` was given; once, so that it applies to one run only."""
    given = os.environ.pop(_RERUN_OF, "")
    origin, separator, token = given.partition(_RERUN_SEPARATOR)
    return (origin, token) if separator else None
