"""A proxy before the MLflow server of all tests, and projects that track to it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .gateway import Gateway, gateway
from .nodes import CATALOG, NODES, PARAMETERS
from .processes import Ended
from .project import FaultProject
from .proxy import Proxy
from .server import Server

# As a generated project has it: it makes `kedro mlflow` known without an installed plugin.
CLI = "from mlflow_on_kedro.cli import cli\n"

EXTRA = "seconds more than without tracking"
# For a server that is away for good, where it does not matter how long a run waits for it.
SHORT_WAIT = "--params=mlflow.tracking.timeout=1"

if sys.platform == "win32":
    collect_ignore_glob = ["test_*.py"]  # signals and process groups are POSIX's


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what outages have cost."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, seconds in report.user_properties:
                if name == EXTRA and report.when == "call":
                    terminalreporter.write_line(f"{report.nodeid}: {seconds} {EXTRA}")


@pytest.fixture
def gate(server: Server) -> Iterator[Gateway]:
    """A gateway before the server, without rules."""
    with gateway(server.uri) as running:
        yield running


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in MLflow's format."""
    from mlflow_on_kedro.models.flavors import find_flavor
    from sklearn.linear_model import LogisticRegression

    path = tmp_path_factory.mktemp("model") / "m"
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    find_flavor("sklearn").save_model(
        model, str(path), pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
    )
    return path


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy before the server."""
    with contextlib.closing(Proxy(server.uri)) as running:
        yield running


@pytest.fixture
def make_fault_project(
    make_project: Callable[..., Any],
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., FaultProject]]:
    """A function that writes a project that tracks to a URI, with ``on_failure: warn``."""
    made: list[FaultProject] = []
    signals = tmp_path / "signals"
    signals.mkdir()
    monkeypatch.setenv("SIGNALS", str(signals))
    for name in ("MLFLOW_ON_KEDRO_MODE", "MLFLOW_ON_KEDRO_RUN_KEY"):
        monkeypatch.delenv(name, raising=False)

    def make(
        uri: str | None,
        pipeline: str = NODES,
        *,
        tracking: Mapping[str, Any] | None = None,
        mlflow: Mapping[str, Any] | None = None,
        **words: Any,
    ) -> FaultProject:
        content = {"tracking": {"uri": uri, **(tracking or {})}, **(mlflow or {})}
        words = {"catalog": CATALOG, "parameters": PARAMETERS, **words}
        project = make_project(pipeline, mlflow=content, **words)
        project.write(f"src/{project.package}/cli.py", CLI)
        fault_project = FaultProject(project, server.uri if uri else None, signals)
        made.append(fault_project)
        return fault_project

    yield make
    for project in made:
        project.stop_all()


@pytest.fixture
def project(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> FaultProject:
    """A project that tracks through the proxy."""
    return make_fault_project(proxy.uri)


@pytest.fixture
def offline(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> FaultProject:
    """A project whose runs wait for sync."""
    return make_fault_project(proxy.uri, tracking={"mode": "offline"})


@pytest.fixture
def outage(project: FaultProject, proxy: Proxy) -> Ended:
    """A run of the project while nothing listens; the server is back."""
    proxy.mode = "refuse"
    ended = project.kedro("run", SHORT_WAIT)
    assert ended.status == 0, ended.said
    proxy.mode = "pass"
    return ended


_untracked: list[float] = []


@pytest.fixture
def untracked_seconds(make_fault_project: Callable[..., FaultProject]) -> float:
    """How long the project takes without tracking."""
    if not _untracked:
        plain = make_fault_project(None, mlflow={"enabled": False})
        begin = time.monotonic()
        ended = plain.kedro()
        _untracked.append(time.monotonic() - begin)
        assert ended.status == 0, ended.said
    return _untracked[0]
