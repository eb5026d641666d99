"""MLflow's settings for the whole process: its tracking URI and its experiment.

MLflow has no public way to choose an experiment without a call to the server.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from ..utils import import_watch, run_variables


class _SetByPlugin:
    """What the plugin has set for the pipeline's run, in all threads."""

    uri: str | None = None
    experiment_id: str | None = None


def set_tracking_uri(uri: str | None) -> None:
    """Set MLflow's tracking URI; None restores MLflow's default.

    MLflow stores it for the whole process, and in ``MLFLOW_TRACKING_URI``.
    """
    import mlflow

    mlflow.set_tracking_uri(uri)  # type: ignore[arg-type]  # None unsets it
    _SetByPlugin.uri = uri


def is_plugins_uri(uri: str) -> bool:
    """Whether a tracking URI is the one that the plugin has set."""
    return uri == _SetByPlugin.uri


def users_uri() -> str | None:
    """Return the tracking URI that a node or hook has set over the plugin's; else None."""
    import mlflow

    uri = mlflow.get_tracking_uri()
    return uri if _SetByPlugin.uri not in {None, uri} else None


def experiment_id() -> str | None:
    """Return the experiment in which ``mlflow.start_run`` starts runs; None for the default."""
    import mlflow

    return mlflow.tracking.fluent._active_experiment_id  # noqa: SLF001 - there is no public name


def set_experiment_id(experiment_id: str | None) -> None:
    """Set the experiment in which ``mlflow.start_run`` starts runs; None for the default.

    Runs that a node starts belong in the experiment of the pipeline's run: MLflow's UI shows a
    child run below its parent only within one experiment. ``mlflow.set_experiment`` would call the
    server.
    """
    import mlflow

    module: Any = mlflow.tracking.fluent
    module._active_experiment_id = _SetByPlugin.experiment_id = experiment_id  # noqa: SLF001


def is_plugins_experiment() -> bool:
    """Whether the experiment is still the one that the plugin has set."""
    return experiment_id() == _SetByPlugin.experiment_id


@contextlib.contextmanager
def no_experiment() -> Iterator[None]:
    """Undo :func:`set_experiment_id` for the length of a block.

    MLflow goes on with no run of another experiment than the one that is set.
    """
    import mlflow

    module: Any = mlflow.tracking.fluent
    with _saved.block_lock:
        before, module._active_experiment_id = module._active_experiment_id, None  # noqa: SLF001
        try:
            yield
        finally:
            if experiment_id() is None:  # else a node has begun meanwhile
                module._active_experiment_id = before  # noqa: SLF001


class _Saved:
    """The settings from before the first open run, and how many open runs there are.

    MLflow's settings are the whole process's, so they are restored when the last run ends.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.block_lock = threading.RLock()
        self.open_runs = 0
        self.uri: str | None = None
        self.experiment_id: str | None = None


_saved = _Saved()


def save_globals() -> None:
    """Save MLflow's tracking URI, experiment and variables, for :func:`restore_globals`."""
    is_imported = _is_imported()
    with _saved.lock:
        if _saved.open_runs == 0:
            _saved.uri = run_variables.tracking_uri()
            run_variables.save()
            _saved.experiment_id = experiment_id() if is_imported else None
        _saved.open_runs += 1


def restore_globals() -> None:
    """Restore what :func:`save_globals` has saved, once no run is open any more."""
    is_imported = _is_imported()
    with _saved.lock:
        _saved.open_runs -= 1
        if _saved.open_runs > 0:
            return
        if is_imported:
            set_tracking_uri(_saved.uri)
            set_experiment_id(_saved.experiment_id)
        run_variables.restore()


def set_outside_uri(uri: str | None) -> None:
    """Set MLflow's tracking URI for where no pipeline runs: now, or for when all runs have ended.

    Args:
        uri: The URI; None: MLflow's default.
    """
    with _saved.lock:
        if _saved.open_runs > 0:
            _saved.uri = uri
            run_variables.save_tracking_uri(uri)
        else:
            set_tracking_uri(uri)


def _is_imported() -> bool:
    """Whether MLflow is imported; another thread that imports it needs the lock to finish."""
    if not import_watch.is_imported():
        return False
    import mlflow  # noqa: F401 - waits for that thread

    return True


@contextlib.contextmanager
def default_experiment(chosen: str) -> Iterator[None]:
    """Set MLflow's experiment for the length of a block, unless one is set.

    MLflow lists a prompt with the experiment of the process that registers or loads it.
    """
    if experiment_id() is not None:
        yield
        return
    import mlflow

    module: Any = mlflow.tracking.fluent
    with _saved.block_lock:
        module._active_experiment_id = chosen  # noqa: SLF001 - there is no public name
        try:
            yield
        finally:
            # A node may begin meanwhile, for which it is set to stay.
            if experiment_id() == chosen and not is_plugins_experiment():
                module._active_experiment_id = None  # noqa: SLF001


@contextlib.contextmanager
def tracking_uri(uri: str) -> Iterator[None]:
    """Set MLflow's tracking URI for the length of a block.

    For the calls of MLflow that use the URI of the whole process instead of a client's: those for
    models, and before MLflow 3.2 also those for artifacts.
    """
    before = run_variables.tracking_uri()
    if before == uri:  # in a node's thread it mostly is
        yield
        return
    with _saved.block_lock:  # one block at a time: the setting is the whole process's
        set_tracking_uri(uri)
        try:
            yield
        finally:
            set_tracking_uri(before)
