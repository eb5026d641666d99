"""MLflow's stack of active runs: where MLflow has it, and that asking for it costs nothing."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlflow_on_kedro.mlflow_internals import run_stack

PLUGIN = Path(__file__).parents[3] / "plugin_src"


def test_the_stack() -> None:
    """The stack of active runs is a list of this thread's, and what MLflow itself uses."""
    from mlflow.tracking.fluent import _active_run_stack

    assert run_stack.stack() is _active_run_stack.get()
    assert isinstance(run_stack.stack(), list)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run_stack.stack).result() is not run_stack.stack()


def test_exchanged() -> None:
    """For a block the thread has another's stack, which MLflow then uses."""
    mine, other = run_stack.stack(), []
    with run_stack.exchanged(other):
        assert run_stack.stack() is other
    assert run_stack.stack() is mine


def test_active_run() -> None:
    """An ActiveRun is made of a Run, and a RunInfo takes the arguments that are given."""
    from mlflow.entities import Run, RunInfo
    from mlflow.tracking.fluent import ActiveRun

    assert issubclass(ActiveRun, Run)
    given = {
        "run_id",
        "experiment_id",
        "user_id",
        "status",
        "start_time",
        "end_time",
        "lifecycle_stage",
        "artifact_uri",
        "run_name",
    }
    assert given <= set(inspect.signature(RunInfo).parameters)


def test_asking_imports_nothing() -> None:
    """Asking for the active run imports no mlflow: where it is not imported none is active."""
    code = (
        "import sys; from mlflow_on_kedro.mlflow_internals import run_stack; "
        "assert run_stack.active_run_id() is None; assert 'mlflow' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        check=True,
    )
