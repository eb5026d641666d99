"""A server behind a gateway that wants headers: they go with every request, and are not told."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from .project import FaultProject
from .proxy import Proxy

SECRET = "hush-hush"  # noqa: S105 - of the test alone
NODES = """
import mlflow
from kedro.pipeline import node, pipeline

def own(n):
    mlflow.log_metric("own", n)
    mlflow.log_text("hello", "own.txt")
    return {"n": n}

def create_pipeline():
    return pipeline([node(own, "params:n", "table", name="own")])
"""
CATALOG = {"table": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"}}
PROVIDER = """
class Rotating:
    def __init__(self, name):
        self.name = name

    def in_context(self):
        return True

    def request_headers(self):
        return {self.name: "hush-hush"}
"""


def check(project: FaultProject, proxy: Proxy) -> None:
    """All of the run has arrived, and no request was without the headers."""
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.metrics["own"] == 3
    assert {"table.json", "own.txt"} <= project.artifacts(run)
    assert proxy.seen(fate="http401") == []


def test_from_both_files(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """Headers of mlflow.yml and credentials.yml go with requests of this process and workers."""
    proxy.demanded = {"X-Team": "wine 7", "X-Gateway-Pass": SECRET}
    project = make_fault_project(
        proxy.uri,
        NODES,
        catalog=CATALOG,
        tracking={"credentials": "gateway", "request_headers": {"X-Team": "wine 7"}},
    )
    content = {"gateway": {"request_headers": {"X-Gateway-Pass": SECRET}}}
    project.project.write("conf/local/credentials.yml", yaml.safe_dump(content))
    run = project.kedro("run", "--runner=ParallelRunner", KEDRO_MP_CONTEXT="spawn")
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    check(project, proxy)
    assert SECRET not in run.said
    for path in project.root.rglob("*"):
        if path.is_file() and path.name != "credentials.yml":
            assert SECRET.encode() not in path.read_bytes(), path


def test_of_a_class(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """``type`` names a class that gives the headers anew for each request; `sync` uses it, too."""
    proxy.demanded = {"X-Gateway-Pass": SECRET}
    project = make_fault_project(proxy.uri, NODES, catalog=CATALOG)
    package = project.project.package
    headers = {"type": f"{package}.headers.Rotating", "name": "X-Gateway-Pass"}
    content = {"tracking": {"uri": proxy.uri, "mode": "offline", "request_headers": headers}}
    project.project.write("conf/base/mlflow.yml", yaml.safe_dump(content))
    project.project.write(f"src/{package}/headers.py", PROVIDER)
    run = project.kedro()
    assert run.status == 0, run.said
    assert proxy.seen() == []
    done = project.kedro("mlflow", "sync")
    assert done.status == 0, done.said
    check(project, proxy)


def test_given_with_the_command(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """A header that is given with the command is not in the command that the run remembers."""
    proxy.demanded = {"X-Pass": SECRET}
    project = make_fault_project(proxy.uri, NODES, catalog=CATALOG)
    given = f"mlflow.tracking.request_headers.X-Pass={SECRET}"
    run = project.kedro("run", f"--params={given}")
    assert run.status == 0, run.said
    check(project, proxy)
    assert SECRET not in str(project.run.to_dictionary())
    assert 'request_headers.X-Pass="***"' in project.run.data.tags["kedro_command"]
