"""What it takes to repeat a run, with nodes in other processes, in child runs, and when killed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from mlflow.artifacts import load_text
from mlflow_on_kedro.delivery import backlog, journal_delivery
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.provenance import files

NODES = """
import os
import signal
from kedro.pipeline import node, pipeline

def count(wines, stop):
    if stop:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(wines)

def create_pipeline():
    one = pipeline([node(count, ["wines", "params:stop"], "number", name="count")])
    return pipeline([
        pipeline(one, namespace=name, inputs={"wines"}, parameters={"params:stop"})
        for name in ("france", "italy")
    ])
"""
CATALOG = {"wines": {"type": "text.TextDataset", "filepath": "data/wines.txt", "versioned": True}}
VERSION = "2026-02-01T00.00.00.000Z"
LOADED = {"wines": {"version": VERSION}}
ALL = {files.PARAMETERS, files.CATALOG, files.PIPELINE, files.DRAWING, files.PACKAGES}
ALL |= {files.ENVIRONMENT, files.LOADED, "kedro/timeline.json"}


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project with two namespaces, whose nodes load a version of a dataset."""
    made = make_project(
        NODES,
        catalog=CATALOG,
        parameters={"stop": False},
        mlflow={"provenance": {"enabled": True}, "run": {"children": "namespaces"}},
    )
    made.write(f"data/wines.txt/{VERSION}/wines.txt", "wine")
    return made


def of_kedro(project: Any, run: Any) -> set[str]:
    """The artifacts below `kedro/`."""
    return {path for path in project.artifacts(run.info.run_id) if path.startswith("kedro/")}


def check(project: Any, run: Any) -> None:
    """All files are there once, and say what a node has loaded."""
    assert of_kedro(project, run) == ALL
    loaded = json.loads(load_text(f"{run.info.artifact_uri}/{files.LOADED}"))
    assert loaded["datasets"] == LOADED


def test_in_workers(project: Any) -> None:
    """Workers say what they have loaded; child runs have none of the files."""
    words = ("run", "--runner=ParallelRunner", "--async")
    done = project.kedro(*words, env={"KEDRO_MP_CONTEXT": "spawn"})
    assert done.returncode == 0, done.stderr + done.stdout
    runs = {run.data.tags.get("kedro.namespace", ""): run for run in project.runs()}
    assert set(runs) == {"", "france", "italy"}
    assert of_kedro(project, runs["france"]) == of_kedro(project, runs["italy"]) == set()
    check(project, runs[""])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed(project: Any) -> None:
    """A run whose process was killed has all of it once it is delivered."""
    offline = {"MLFLOW_ON_KEDRO_MODE": "offline"}
    assert project.kedro("run", "--params=stop=true", env=offline).returncode != 0
    (journal,) = backlog.find(project.root)
    journal_delivery.deliver(journal, Connection(project.uri), project.root)
    (run,) = [run for run in project.runs() if "kedro.namespace" not in run.data.tags]
    assert run.info.status == "KILLED"
    check(project, run)
