"""MLflow is imported by those that use it, and by nobody else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.tracking.opening import RunRequest

PLUGIN = Path(__file__).parents[3] / "plugin_src"

WORKER = """
import pickle, sys

from mlflow_on_kedro.runs.node_calls import fluent

run = pickle.load(open(sys.argv[1], "rb"))
for _ in range(3):  # nodes that do not call MLflow
    with fluent.attached(run):
        run.log_metric("quiet", 1)
assert "mlflow" not in sys.modules
assert sum(type(finder).__name__ == "_Watch" for finder in sys.meta_path) == 1

with fluent.attached(run):  # the first that does
    import mlflow

    assert mlflow.active_run().info.run_id == run.run_id
    mlflow.log_metric("own", 2)
assert mlflow.active_run() is None
assert not any(type(finder).__name__ == "_Watch" for finder in sys.meta_path)

with fluent.attached(run):
    assert mlflow.active_run().info.run_id == run.run_id
assert mlflow.active_run() is None
"""


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Any:
    """A run that is open."""
    config = parse({"tracking": {"uri": store_uri, "on_failure": "raise"}})
    opened = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    yield opened
    opened.end("FINISHED")


def in_worker(code: str, *words: str) -> None:
    """Run code in a process of its own."""
    subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        check=True,
        timeout=120,
    )


def test_a_worker(run: OwnRun, client: Any, tmp_path: Path) -> None:
    """In a worker MLflow is imported only if a node does; then the run is its active one."""
    (tmp_path / "run.pkl").write_bytes(pickle.dumps(run))
    in_worker(WORKER, str(tmp_path / "run.pkl"))
    run.flush()
    assert client.get_run(run.run_id).data.metrics == {"quiet": 1.0, "own": 2.0}
    assert len(client.search_runs([run.opened.experiment_id])) == 1  # type: ignore[union-attr]


def test_where_there_is_no_mlflow() -> None:
    """A package that cannot be found is Python's own error, with the watch or without."""
    in_worker(
        "import sys\n"
        "from mlflow_on_kedro.utils import import_watch\n"
        "sys.path[:] = [path for path in sys.path if 'site-packages' not in path]\n"
        "import_watch.when_imported(lambda: print('imported'))\n"
        "try:\n    import mlflow\n"
        "except ModuleNotFoundError as error:\n    assert error.name == 'mlflow'\n"
        "else:\n    raise SystemExit('there was one')"
    )


def test_looking_for_a_library_is_not_importing_it(tmp_path: Path) -> None:
    """Libraries ask whether others are installed; what waits for those waits on."""
    (tmp_path / "counted.py").write_text("", encoding="utf-8")
    in_worker(
        "import importlib, importlib.util, sys\n"
        "from mlflow_on_kedro.utils import import_watch\n"
        "sys.path.append(sys.argv[1])\n"
        "calls = []\n"
        "import_watch.when_imported(lambda: calls.append('counted'), 'counted', 'not_there')\n"
        "assert importlib.util.find_spec('counted') and not importlib.util.find_spec('not_there')\n"
        "assert calls == []\n"
        "import counted\n"
        "importlib.reload(counted)\n"
        "assert calls == ['counted']\n",
        str(tmp_path),
    )


def test_a_library_in_another(tmp_path: Path) -> None:
    """Of several names the one whose import began first has to be whole, or to fail."""
    (tmp_path / "outer.py").write_text("import inner\nwhole = 1 / (not sys.argv[2:])\n")
    (tmp_path / "inner.py").write_text("")
    code = (
        "import sys\n"
        "from mlflow_on_kedro.utils import import_watch\n"
        "import builtins; builtins.sys = sys\n"
        "sys.path.append(sys.argv[1])\n"
        "calls = []\n"
        "def call():\n"
        "    import outer\n"
        "    calls.append(outer.whole)\n"
        "import_watch.when_imported(call, 'inner', 'outer')\n"
        "try:\n    import outer\n"
        "except ZeroDivisionError:\n"
        "    assert calls == []\n"
        "    sys.argv.pop()\n"
        "    import outer\n"
        "assert calls == [1]\n"
    )
    in_worker(code, str(tmp_path))
    in_worker(code, str(tmp_path), "it fails at first")
