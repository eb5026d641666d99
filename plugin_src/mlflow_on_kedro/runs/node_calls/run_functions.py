"""MLflow's functions that start and end runs, as they are while a pipeline runs.

The runs that they start are children of the pipeline's run, which ends with the pipeline only.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, replaced_functions, run_stack
from ...mlflow_internals.tags import PARENT_RUN
from ...tracking import open_runs
from ...utils import run_variables
from . import active_stack, placeholder_run

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_warned: set[str] = set()


def install() -> None:
    """Have MLflow, which is imported, use this module's functions; only the first call counts."""
    import mlflow

    for name, function in (
        ("start_run", _start_run),
        ("end_run", _end_run),
        ("active_run", _active_run),
        ("set_experiment", _set_experiment),
    ):
        replaced_functions.replace_function(name, functools.partial(_in_pipeline, function))
    for name, method in (("create_run", _create_run), ("set_terminated", _set_terminated)):
        replace = functools.partial(_in_pipeline, method)
        replaced_functions.replace_method(mlflow.MlflowClient, name, replace)


def _in_pipeline(function: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that calls one of this module's while a pipeline runs, else MLflow's."""

    def call(*args: Any, **named: Any) -> Any:
        run = None if run_stack.is_original() else open_runs.current()
        if run is None:
            return original(*args, **named)
        return function(run, original, *args, **named)

    return call


def _start_run(run: TrackedRun, original: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """Start a child of the pipeline's run, whether the call has ``nested=True`` or not."""
    runs = run_stack.transformed_stack()
    given = inspect.signature(original).bind(*args, **named)
    with _own_experiment(run, given.arguments):
        return _start_below(run, original, runs, given)


@contextlib.contextmanager
def _own_experiment(run: TrackedRun, arguments: dict[str, Any]) -> Iterator[None]:
    """In a block, have a new run be in the pipeline's experiment, and an earlier one in its own.

    MLflow has one experiment for all threads, which may be that of another pipeline. A node that
    has chosen an experiment or a store itself has that.
    """
    if mlflow_globals.users_uri() is not None or not mlflow_globals.is_plugins_experiment():
        yield
    elif arguments.get("run_id"):
        with mlflow_globals.no_experiment():
            yield
    else:
        if arguments.get("experiment_id") is None and run.opened is not None:
            arguments["experiment_id"] = run.opened.experiment_id
        yield


def _start_below(
    run: TrackedRun, original: Callable[..., Any], runs: list[Any], given: inspect.BoundArguments
) -> Any:
    """Start a run below the active ones of this thread."""
    if not runs or not placeholder_run.is_pipelines_run(run, runs[-1].info.run_id):
        return original(*given.args, **given.kwargs)
    if given.arguments.get("parent_run_id") not in {None, runs[-1].info.run_id}:
        # MLflow accepts no parent but the active run, which the caller has not started.
        pipelines = runs.pop()
        try:
            with run_stack.original_stack():
                return original(*given.args, **given.kwargs)
        finally:
            runs.insert(0, pipelines)
    if not given.arguments.get("nested"):
        given.arguments["nested"] = True
        if not given.arguments.get("run_id"):
            _warn_not_nested(run)
    return original(*given.args, **given.kwargs)


def _warn_not_nested(run: TrackedRun) -> None:
    if run.journal_id not in _warned:
        _warned.add(run.journal_id)
        logger.warning(
            "`mlflow.start_run()` was called while the pipeline's run is active, so it has started "
            "a child run of that one. Write `mlflow.start_run(nested=True)` if that is meant. To "
            "log to the pipeline's run, leave the call out: `mlflow.log_metric` and the like log "
            "to it by themselves."
        )


def _end_run(_: TrackedRun, original: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    """End the active run; the pipeline's goes on, though this thread has no active run then."""
    answer = original(*args, **named)
    active_stack.thread_state.has_ended_run = not run_stack.stack()
    return answer


def _active_run(_: TrackedRun, original: Callable[..., Any], /) -> Any:
    """Return the active run; None after ``mlflow.end_run()``, which callers wait for in a loop."""
    has_none = active_stack.thread_state.has_ended_run and not run_stack.stack()
    return None if has_none else original()


def _set_experiment(
    _: TrackedRun, original: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    """Set the experiment, also for other processes, to which MLflow passes its id."""
    answer = original(*args, **named)
    run_variables.unset_experiment_name()
    return answer


def _create_run(
    _: TrackedRun, original: Callable[..., Any], /, client: Any, *args: Any, **named: Any
) -> Any:
    """Create a child of the active run, unless the caller names another parent."""
    given = inspect.signature(original).bind(client, *args, **named)
    tags = given.arguments.get("tags") or {}
    if (
        PARENT_RUN not in tags
        and mlflow_globals.is_plugins_uri(client.tracking_uri)
        and (runs := run_stack.transformed_stack())
    ):
        given.arguments["tags"] = {**tags, PARENT_RUN: runs[-1].info.run_id}
    return original(*given.args, **given.kwargs)


def _set_terminated(
    run: TrackedRun,
    original: Callable[..., Any],
    /,
    client: Any,
    run_id: str,
    *args: Any,
    **named: Any,
) -> Any:
    """End a run, unless it is the pipeline's, which ends with the pipeline."""
    known = (run, run.whole)
    if not any(
        one.ends_with_pipeline and placeholder_run.is_pipelines_run(one, run_id) for one in known
    ):
        original(client, run_id, *args, **named)
