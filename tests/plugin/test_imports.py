"""Nothing heavy is imported until a pipeline runs."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow_on_kedro
import pytest

PLUGIN = Path(__file__).parents[2] / "plugin_src"

HEAVY = {
    "matplotlib",
    "mlflow",
    "mlflow_skinny",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "sklearn",
    "sqlalchemy",
}

# Says what was imported while the script before it ran.
REPORT = """
import json, sys
print("MODULES", json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""

COMMAND = """
import sys
from kedro.framework.cli import main

sys.argv = ["kedro", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""

CONTEXT = """
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project(Path.cwd())
with KedroSession.create() as session:
    catalog = session.load_context().catalog
    for name in list(catalog):
        catalog.get(name)
"""

PIPELINE = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([
        node(lambda depth: depth, "params:depth", "score", name="score"),
        node(lambda score: score, "score", "table", name="table"),
    ])
"""

CATALOG = {
    **{
        name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": kind}
        for name, kind in {
            "score": "m",
            "note": "p",
            "all": "a",
            "table": "csv",
            "model": "pkl",
            "report": "json",
            "frame": "parquet",
            "figure": "png",
            "chart": "plotly",
            "{any}_text": "txt",
        }.items()
    },
    "memory": {"type": "mlflow_on_kedro.MLflowDataset"},
    "by_dict": {
        "type": "mlflow_on_kedro.MLflowDataset",
        "dataset": {"type": "pandas.ParquetDataset"},
    },
    "mlflow_model": {"type": "mlflow_on_kedro.MLflowModelDataset", "flavor": "sklearn"},
}

HOOK_BY_HOOK = """
from mlflow_on_kedro import (
    AddCatalogDictHook, MLflowArtifactsLoggerHook, MLflowBasicLoggerHook, MLflowCatalogLoggerHook,
    MLflowDataSet, MLflowDataSetsLoggerHook, MLflowEnvVarsLoggerHook, MLflowTimeLoggerHook,
)

HOOKS = (
    AddCatalogDictHook({"extra": MLflowDataSet("csv"), "other": MLflowDataSet("m")}),
    MLflowBasicLoggerHook(experiment_name="demo"), MLflowArtifactsLoggerHook(["logs"]),
    MLflowCatalogLoggerHook(mlflow_catalog={"a": "csv"}), MLflowDataSetsLoggerHook(),
    MLflowEnvVarsLoggerHook(["HOME"]), MLflowTimeLoggerHook(gantt_params={"title": "x"}),
)
"""

# They are imported when MLflow asks for a store, so MLflow is there.
FOR_MLFLOW = {
    "mlflow_on_kedro.mlflow_internals.store_classes",
    "mlflow_on_kedro.runs.node_calls.fallback_artifacts",
    "mlflow_on_kedro.runs.node_calls.journal_store",
    "mlflow_on_kedro.runs.node_calls.silent_store",
}
NO_PLUGIN = "HOOKS = ()\n"


def modules_of(script: str, *words: str, cwd: Path | None = None) -> set[str]:
    """What a script imports in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script + REPORT, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PLUGIN), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("MODULES "))
    return set(json.loads(line.removeprefix("MODULES ")))


def test_the_package() -> None:
    """Importing the package, and each of its modules, imports nothing heavy."""
    names = sorted(
        item.name
        for item in pkgutil.walk_packages(mlflow_on_kedro.__path__, "mlflow_on_kedro.")
        if not item.name.endswith("__main__") and item.name not in FOR_MLFLOW
    )
    assert len(names) > 20
    assert modules_of("import mlflow_on_kedro\n") & HEAVY == set()
    script = "\n".join(f"import {name}" for name in names)
    assert modules_of(f"{script}\n") & HEAVY == set()


def test_making_hooks_and_datasets() -> None:
    """Making the hooks and datasets of each kind imports nothing heavy."""
    script = """
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset, mlflow_hooks

mlflow_hooks()
MLflowModelDataset(flavor="sklearn")
for kind in ["p", "m", "a", "csv", "pkl", "json", "png", {"type": "pandas.CSVDataset"}, None]:
    repr(MLflowDataset(dataset=kind, dataset_name="x"))
"""
    assert modules_of(script) & HEAVY == set()


@pytest.mark.parametrize("settings", [None, HOOK_BY_HOOK], ids=["mlflow_hooks", "hook by hook"])
def test_commands_that_run_no_pipeline(
    make_project: Callable[..., Any], settings: str | None
) -> None:
    """A context, a catalog with all its datasets made, and commands import no more than Kedro."""
    given = {"settings": settings} if settings else {}
    made = make_project(PIPELINE, catalog=CATALOG, parameters={"depth": 1}, **given)
    plain = make_project(PIPELINE, parameters={"depth": 1}, settings=NO_PLUGIN)
    runs: list[tuple[str, ...]] = [(CONTEXT,), (COMMAND, "registry", "list")]
    if settings is None:
        runs += [(COMMAND, "catalog", "describe-datasets")]
    for script, *words in runs:
        without = modules_of(script, *words, cwd=plain.root)
        with_plugin = modules_of(script, *words, cwd=made.root)
        assert "mlflow_on_kedro" in with_plugin, words
        assert (with_plugin - without) & HEAVY == set(), words


def test_a_disabled_plugin(make_project: Callable[..., Any]) -> None:
    """With `enabled: false` a run imports no more than Kedro's own."""
    given = {"parameters": {"depth": 1}}
    made = make_project(PIPELINE, mlflow={"enabled": False}, **given)
    plain = make_project(PIPELINE, settings=NO_PLUGIN, **given)
    without = modules_of(COMMAND, "run", cwd=plain.root)
    assert (modules_of(COMMAND, "run", cwd=made.root) - without) & HEAVY == set()


def test_each_command_alone() -> None:
    """Every ``kedro`` command imports the group, and none but the one that is called."""
    script = """
import sys
from click.testing import CliRunner
from mlflow_on_kedro.cli import cli

def imported():
    return {name for name in sys.modules if name.startswith("mlflow_on_kedro.commands.")}

assert imported() <= {"mlflow_on_kedro.commands.version"}
result = CliRunner().invoke(cli, ["mlflow", "discard", "--help"])
assert result.exit_code == 0, result.output
assert "mlflow_on_kedro.commands.ui" not in imported()
result = CliRunner().invoke(cli, ["mlflow", "--help"])
for name in ("discard", "gantt", "init", "modelify", "status", "sync", "ui"):
    assert f"  {name} " in result.output, result.output
assert CliRunner().invoke(cli, ["mlflow", "start"]).exit_code == 2
"""
    assert "mlflow_on_kedro" in modules_of(script)
