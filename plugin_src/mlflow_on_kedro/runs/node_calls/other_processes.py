"""Processes that nodes start with ``multiprocessing`` or joblib: they log to the pipeline's run.

A fork has the run in its memory. A process that is spawned has not, and Python's library has no
public way to tell it something without the help of who starts it. But it hands on the configuration
of the process that starts it, as a part of the pickled process.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...tracking import open_runs
from ...utils import import_watch

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_KEY = "mlflow_on_kedro"


class _Offer:
    """What is handed on: the run of the thread that starts a process, when it does so."""

    def __init__(self, begin: Callable[[], Any] | None = None) -> None:
        self._begin = begin  # keeps the run of a spawned process

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        from ...tracking import request_headers

        try:
            told = pickle.dumps((open_runs.nearest(), dict(request_headers.in_use())))
        except Exception as error:  # of what only this process can have
            logger.debug("The run cannot be handed on: %r", error)
            return _Offer, ()
        return _accept, (told,)


class _Begin:
    """Begins with a run in a spawned process, once that has imported MLflow."""

    def __init__(self, told: bytes) -> None:
        self._told = told
        self._run: TrackedRun | None = None

    def __call__(self) -> None:
        from ...tracking import request_headers
        from . import fluent

        try:
            self._run, headers = pickle.loads(self._told)  # noqa: S301 - by our own parent
            request_headers.use(headers)
            if self._run is not None:
                fluent.begin(self._run)
        except Exception as error:  # of what only the parent can import; MLflow works without
            logger.warning("What this process logs is not in the pipeline's run: %r", error)


def offer() -> None:
    """Hand on the pipeline's run to processes that are spawned from now on."""
    _config().setdefault(_KEY, _Offer())


def withdraw() -> None:
    """Undo :func:`offer`, if no run is open any more."""
    if open_runs.nearest() is None:
        _config().pop(_KEY, None)


def _config() -> dict[str, Any]:
    found: dict[str, Any] = getattr(multiprocessing.current_process(), "_config", {})
    return found


def _accept(told: bytes) -> _Offer:
    begin = _Begin(told)
    if import_watch.is_imported():
        begin()
    else:  # most never log, and it takes a moment
        import_watch.when_imported(begin)
    return _Offer(begin)
