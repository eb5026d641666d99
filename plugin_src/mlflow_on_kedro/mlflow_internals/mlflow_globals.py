"""What MLflow keeps for the whole process: its tracking URI and its experiment.

MLflow has no public way to choose an experiment without a call to the server. This module is the
one place that touches that choice; a test fails when it moves.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from ..utils import environment, import_watch


class _Globals:
    """What MLflow was given for the pipeline's run, for all threads."""

    uri: str | None = None
    experiment: str | None = None


def set_tracking_uri(uri: str | None) -> None:
    """Set MLflow's tracking URI, or let it be MLflow's default again.

    MLflow keeps it for the whole process, and in ``MLFLOW_TRACKING_URI``.
    """
    import mlflow

    mlflow.set_tracking_uri(uri)  # type: ignore[arg-type]  # None unsets it
    _Globals.uri = uri


def is_in_use(uri: str) -> bool:
    """Whether a tracking URI is the one that MLflow was given for the pipeline's run."""
    return uri == _Globals.uri


def experiment() -> str | None:
    """The experiment in which MLflow's own calls start runs; None for its default."""
    import mlflow

    return mlflow.tracking.fluent._active_experiment_id  # noqa: SLF001 - there is no public name


def use_experiment(experiment_id: str | None) -> None:
    """Set the experiment in which MLflow's own calls start runs; None for its default.

    Runs that somebody starts belong beside the pipeline's: MLflow's UI shows a child below its
    parent only within one experiment. The public way asks the server.
    """
    import mlflow

    module: Any = mlflow.tracking.fluent
    module._active_experiment_id = _Globals.experiment = experiment_id  # noqa: SLF001 - as above


def other_uri() -> str | None:
    """The tracking URI that somebody has chosen instead, where nobody knows the pipeline's run."""
    import mlflow

    uri = mlflow.get_tracking_uri()
    return uri if _Globals.uri not in {None, uri} else None


def is_own_experiment() -> bool:
    """Whether the experiment is the one that MLflow was given for the pipeline's run."""
    return experiment() == _Globals.experiment


class _Holders:
    """How many open runs need the globals that nodes were given, and what they were before.

    MLflow has one tracking URI and one experiment for the whole process, so there is one of this
    too: of several runs at once the first to end must not take them from the others.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reading = threading.RLock()
        self.count = 0
        self.uri: str | None = None
        self.experiment: str | None = None


_holders = _Holders()


def hold_globals() -> None:
    """Remember MLflow's tracking URI, experiment and variables, for :func:`release_globals`."""
    with _holders.lock:
        if _holders.count == 0:
            _holders.uri = environment.tracking_uri()
            environment.hold_of_runs()
            is_imported = import_watch.is_imported()
            _holders.experiment = experiment() if is_imported else None
        _holders.count += 1


def release_globals() -> None:
    """Put MLflow's tracking URI, experiment and variables back once no open run needs others."""
    with _holders.lock:
        _holders.count -= 1
        if _holders.count > 0:
            return
        if import_watch.is_imported():
            set_tracking_uri(_holders.uri)
            use_experiment(_holders.experiment)
        environment.put_back_of_runs()


@contextlib.contextmanager
def tracking_uri(uri: str) -> Iterator[None]:
    """Use a tracking URI for the length of a block.

    For what MLflow reads by the global URI alone: models everywhere, and before MLflow 3.2 also
    artifacts of a client with another URI.
    """
    before = environment.tracking_uri()
    if before == uri:  # a node's thread, most of the time
        yield
        return
    with _holders.reading:  # one at a time: it is the whole process's
        set_tracking_uri(uri)
        try:
            yield
        finally:
            set_tracking_uri(before)
