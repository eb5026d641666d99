"""Calls of language models below their nodes, whatever runs the nodes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.delivery.backlog import deliver, find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

from tests.openai_server import openai_server

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

NODES = """
import multiprocessing

import mlflow
import openai
from kedro.pipeline import node, pipeline

def ask(text, url):
    client = openai.OpenAI(base_url=url, api_key="sk-none")
    messages = [{"role": "user", "content": text}]
    client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    return text

def first(url):
    return ask("one", url)

def second(url):
    with mlflow.start_span("own"):
        return ask("two three", url)

def third(first, second, url):
    process = multiprocessing.get_context("spawn").Process(target=ask, args=("four", url))
    if not multiprocessing.current_process().daemon:
        process.start()
        process.join()
    return ask("five", url)

def create_pipeline():
    return pipeline([
        node(first, "params:url", "a", name="first"),
        node(second, "params:url", "b", name="second"),
        node(third, ["a", "b", "params:url"], "c", name="third"),
    ])
"""
CATALOG = {name: {"type": "json.JSONDataset", "filepath": f"{name}.json"} for name in "abc"}
CALL = "Completions"


def calls_of(trace: Any) -> list[tuple[str, str]]:
    """The name of each span that a node has made, with that of its parent."""
    names = {span.span_id: span.name for span in trace.data.spans}
    made = [span for span in trace.data.spans if span.name in {CALL, "own"}]
    return sorted((span.name, names[span.parent_id]) for span in made)


BELOW = [(CALL, "first"), (CALL, "own"), (CALL, "third"), ("own", "second")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "method"),
    [
        (["--runner=ThreadRunner"], ""),
        (["--async"], ""),
        *((["--runner=ParallelRunner"], method) for method in ("fork", "spawn", "forkserver")),
        (["--runner=mlflow_on_kedro.DaskRunner"], ""),
        (["--params=mlflow.tracking.mode=offline"], ""),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_in_every_runner(make_project: Callable[..., Any], options: list[str], method: str) -> None:
    """One trace has all calls, below the nodes, and one of a process that a node has spawned."""
    with openai_server() as server:
        project = make_project(
            NODES,
            catalog=CATALOG,
            parameters={"url": server.url},
            mlflow={"trace": True, "autolog": {"openai": True}, "time": {"gantt": False}},
        )
        env = {"KEDRO_MP_CONTEXT": method} if method else {}
        done = project.kedro("run", *options, env=env)
    assert done.returncode == 0, done.stderr + done.stdout
    if "offline" in options[0]:
        (journal,) = find(project.root)
        deliver(journal, Connection(project.uri), project.root)
    run = project.run
    (trace,) = project.client.search_traces([run.info.experiment_id])
    calls = calls_of(trace)
    if len(calls) > len(BELOW):  # what a daemon may not start, others do
        calls.remove((CALL, "third"))
    assert calls == BELOW
    tokens = sum(
        value
        for name, value in run.data.metrics.items()
        if name.startswith("system/llm.tokens.input/")
    )
    assert run.data.metrics["llm.tokens.input"] == tokens >= 4
