"""How often a run asks its MLflow server for anything: each request costs 50 ms and more."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.proxy import Proxy
from tests.faults.server import Server

if sys.platform == "win32":
    pytest.skip("the server ends with its process group, which is POSIX's", allow_module_level=True)

NODES = """
from kedro.pipeline import node, pipeline

def step(parameter, wines):
    return parameter + 0.5, {"value": parameter}

def create_pipeline():
    return pipeline([
        node(step, [f"params:p{n}", f"wines{n % 5}"], [f"metric{n}", f"table{n}"], name=f"node{n}")
        for n in range(50)
    ])
"""
DATASET = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    **{f"metric{n}": {"type": DATASET, "dataset": "m"} for n in range(50)},
    **{f"wines{n}": {"type": "text.TextDataset", "filepath": f"data/{n}.txt"} for n in range(5)},
    "table0": {"type": DATASET, "dataset": "json"},
}
PARAMETERS = {f"p{n}": n for n in range(50)}
MOST_REQUESTS = 15
MOST_UPLOADS = 10


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy that notes the requests to a real MLflow server."""
    with contextlib.closing(Proxy(server.uri)) as running:
        yield running


def test_requests_of_50_nodes(make_project: Callable[..., Any], proxy: Proxy) -> None:
    """A run of 50 nodes makes at most 15 requests, besides those that bring artifacts."""
    settings = {"tracking": {"uri": proxy.uri}, "provenance": {"enabled": True}}
    project = make_project(NODES, catalog=CATALOG, parameters=PARAMETERS, mlflow=settings)
    for n in range(5):
        project.write(f"data/{n}.txt", f"wine {n}")
    done = project.kedro("run")
    assert done.returncode == 0, done.stderr + done.stdout
    requests = [request for request in proxy.seen() if "mlflow-artifacts" not in request.path]
    uploads = [request.path for request in proxy.seen() if "mlflow-artifacts" in request.path]
    assert len(uploads) == len(set(uploads)) <= MOST_UPLOADS, uploads
    counted = Counter((request.method, request.path) for request in requests)
    assert len(requests) <= MOST_REQUESTS, counted
    batches, datasets = (
        sum(path.endswith(name) for _, path in counted.elements())
        for name in ("log-batch", "log-inputs")
    )
    assert 1 <= datasets <= batches, counted
