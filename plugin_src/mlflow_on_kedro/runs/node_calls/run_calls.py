"""MLflow's functions that start and end runs, as they are while a pipeline runs.

What they start lies below the pipeline's run, which ends with the pipeline and not before.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, run_stack
from ...tracking import open_runs
from ...utils import environment
from . import active_stack, node_mlflow_calls

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_MARK = "_is_of_mlflow_on_kedro"
_warned: set[str] = set()


def install() -> None:
    """Have MLflow, which is imported, use the functions of this module; once is enough."""
    import mlflow
    from mlflow.tracking import fluent

    for module in (fluent, mlflow):
        _wrap(module, "start_run", _start_run)
        _wrap(module, "end_run", _end_run)
        _wrap(module, "active_run", _active_run)
        _wrap(module, "set_experiment", _set_experiment)
    _wrap(mlflow.MlflowClient, "create_run", _create_run)
    _wrap(mlflow.MlflowClient, "set_terminated", _set_terminated)


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    real = getattr(owner, name)
    if hasattr(real, _MARK):
        return

    @functools.wraps(real)
    def call(*args: Any, **named: Any) -> Any:
        run = None if run_stack.is_raw() else open_runs.current()
        return real(*args, **named) if run is None else wrapper(run, real, *args, **named)

    setattr(call, _MARK, True)
    setattr(owner, name, call)


def _start_run(run: TrackedRun, real: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """Start a run below the pipeline's, whether the call says that it is nested or not."""
    runs = run_stack.in_use()
    if not runs or not node_mlflow_calls.is_own(run, runs[-1].info.run_id):
        return real(*args, **named)
    given = inspect.signature(real).bind(*args, **named)
    if given.arguments.get("parent_run_id") not in {None, runs[-1].info.run_id}:
        # MLflow refuses another parent than the active run, which this thread has not chosen.
        own = runs.pop()
        try:
            with run_stack.raw():
                return real(*args, **named)
        finally:
            runs.insert(0, own)
    if not given.arguments.get("nested"):
        given.arguments["nested"] = True
        if not given.arguments.get("run_id"):
            _warn_not_nested(run)
    return real(*given.args, **given.kwargs)


def _warn_not_nested(run: TrackedRun) -> None:
    if run.journal_id not in _warned:
        _warned.add(run.journal_id)
        logger.warning(
            "`mlflow.start_run()` was called while the pipeline's run is active, so it has started "
            "a child run of that one. Write `mlflow.start_run(nested=True)` if that is meant. To "
            "log to the pipeline's run, leave the call out: `mlflow.log_metric` and the like log "
            "to it by themselves."
        )


def _end_run(_: TrackedRun, real: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """End the active run; the pipeline's goes on, but this thread is told that there is none."""
    answer = real(*args, **named)
    active_stack.here.has_ended = not run_stack.stack()
    return answer


def _active_run(_: TrackedRun, real: Callable[..., Any], /) -> Any:
    """Give the active run; None after ``mlflow.end_run()``, which callers wait for in a loop."""
    return None if active_stack.here.has_ended and not run_stack.stack() else real()


def _set_experiment(_: TrackedRun, real: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """Choose an experiment, also for other processes: MLflow gives them its id."""
    answer = real(*args, **named)
    environment.forget_experiment_name()
    return answer


def _create_run(
    _: TrackedRun, real: Callable[..., Any], /, client: Any, *args: Any, **named: Any
) -> Any:
    """Create a run below the active one, unless the caller says below which."""
    given = inspect.signature(real).bind(client, *args, **named)
    tags = given.arguments.get("tags") or {}
    if (
        active_stack.PARENT_TAG not in tags
        and mlflow_globals.is_in_use(client.tracking_uri)
        and (runs := run_stack.in_use())
    ):
        given.arguments["tags"] = {**tags, active_stack.PARENT_TAG: runs[-1].info.run_id}
    return real(*given.args, **given.kwargs)


def _set_terminated(
    run: TrackedRun, real: Callable[..., Any], /, client: Any, run_id: str, *args: Any, **named: Any
) -> Any:
    """End a run; the pipeline's ends with the pipeline, whatever somebody says before."""
    known = (run, run.whole)
    if not any(one.ends_with_pipeline and node_mlflow_calls.is_own(one, run_id) for one in known):
        real(client, run_id, *args, **named)
