"""A run in a process that was forked from the one that opened it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[3] / "plugin_src"

FORK = """
import os, sys, warnings
from pathlib import Path
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

warnings.simplefilter("ignore")
config = parse({"tracking": {"uri": sys.argv[1]}})
run = OwnRun.open(RunRequest(config=config, root=Path.cwd(), package="demo"))
child = os.fork()
if child == 0:
    run.log_param("there", 2)
    run.flush()
    run.end("FAILED")
    print(type(run).__name__, run.in_worker, run.is_reachable, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(type(run).__name__, run.in_worker, flush=True)
run.end("FINISHED")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(store_uri: str, client: Any, tmp_path: Path) -> None:
    """In a fork a run is a worker's: what it logs is delivered, and only the parent ends it."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, store_uri],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["WorkerRun True True", "OwnRun False"]
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"there": "2"}
