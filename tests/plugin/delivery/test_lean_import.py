"""MLflow imported as its own skinny distribution is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).parents[3] / "plugin_src"

LEAN = """
import sys
from mlflow_on_kedro.delivery import lean_import

lean_import.import_mlflow()
lean_import.open_store(sys.argv[1])
print("mlflow" in sys.modules)
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

client = MlflowClient(sys.argv[1])
run = client.create_run("0").info.run_id
client.log_batch(run, [Metric("m", 0.5, 1, 0)], [Param("p", "v")], [RunTag("t", "u")])
client.log_text(run, "text", "note.txt")
client.set_terminated(run)
print("numpy" in sys.modules, "pandas" in sys.modules)
print(client.get_run(run).info.status)
import pandas
print(pandas.DataFrame([[1]]).size)
"""

BROKEN = """
import sys
from mlflow_on_kedro.delivery import lean_import

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "mlflow.entities" and sys.modules.get("pandas", 1) is None:
            raise ImportError("needs pandas")

sys.meta_path.insert(0, Finder())
lean_import.import_mlflow()
lean_import.open_store(sys.argv[1])
import mlflow
print(mlflow.MlflowClient(sys.argv[1]).search_experiments()[0].name)
"""


def run(code: str, *words: str) -> list[str]:
    """Run code in a process of its own, and give what it prints."""
    env = {**os.environ, "PYTHONPATH": str(PLUGIN)}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_lean(store_uri: str) -> None:
    """All that delivery needs works without pandas, which can be imported afterwards."""
    assert run(LEAN, store_uri) == ["True", "False False", "FINISHED", "1"]


def test_an_mlflow_that_needs_more(store_uri: str) -> None:
    """An MLflow that cannot be imported so is imported as ever."""
    assert run(BROKEN, store_uri) == ["Default"]
