"""Servers that let nobody in, or not everywhere: each with its own advice; other runs go on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .certificates import self_signed
from .project import FaultProject
from .proxy import Proxy
from .rules import INVALID_HOST, Answer, Fate, holds, on
from .server import Server

MARKER = "marked"
FORBIDDEN = Answer(
    403,
    json.dumps({"error_code": "PERMISSION_DENIED", "message": "Permission denied"}),
    "application/json",
)


def test_invalid_host(project: FaultProject, proxy: Proxy) -> None:
    """A server that does not know its own name gets advice on that, not on credentials."""
    proxy.rules = [on(lambda _: True, Fate(answer=INVALID_HOST))]
    ended = project.kedro()
    assert ended.status == 0, ended.said
    assert "Invalid Host header" in ended.said
    assert "--allowed-hosts" in ended.said
    assert "MLFLOW_TRACKING_USERNAME" not in ended.said
    proxy.rules = []
    assert project.sync().exit_code == 0
    project.check_complete(ended)


@pytest.fixture
def tls(server: Server, tmp_path: Path) -> Iterator[tuple[Proxy, Path]]:
    """A proxy with a certificate that nobody trusts, and the certificate."""
    certificate, context = self_signed(tmp_path)
    with contextlib.closing(Proxy(server.uri, context)) as proxy:
        yield proxy, certificate


def test_untrusted_certificate(
    make_fault_project: Callable[..., FaultProject], tls: tuple[Proxy, Path]
) -> None:
    """A certificate that is not trusted is no outage, and the message says what to set."""
    proxy, certificate = tls
    project = make_fault_project(proxy.uri)
    ended = project.kedro()
    assert ended.status == 0, ended.said
    assert "certificate" in ended.said
    assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in ended.said
    assert "cannot be reached" not in ended.said
    trusting = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(certificate)}
    synced = project.kedro("mlflow", "sync", **trusting)
    assert synced.status == 0, synced.said
    project.check_complete(ended)
    assert project.journals == []


def test_a_forbidden_experiment(offline: FaultProject, proxy: Proxy) -> None:
    """Who may not write to one experiment has the runs of all others delivered."""
    offline.run_here("first")
    kept = offline.run_here("kept", experiment={"name": "forbidden"})
    offline.run_here("last")
    proxy.rules = [on(holds("forbidden", b"forbidden"), Fate(answer=FORBIDDEN))]
    result = offline.kedro("mlflow", "sync")
    assert result.status == 1, result.said
    assert "denies permission" in result.said
    assert "MLFLOW_TRACKING_USERNAME" not in result.said
    assert "cannot be reached" not in result.said
    assert offline.states() == {"first": "FINISHED", "last": "FINISHED"}
    assert offline.journals == [kept]


@pytest.mark.parametrize("status", [403, pytest.param(404, marks=pytest.mark.slow), 500])
def test_one_run_that_is_refused(offline: FaultProject, proxy: Proxy, status: int) -> None:
    """Whatever a server answers to one run, sync goes on with the others."""
    offline.run_here("first")
    kept = offline.run_here(MARKER)
    offline.run_here("last")
    proxy.rules = [on(holds(f'"{MARKER}"'.encode()), Fate(answer=Answer(status, "Failed")))]
    result = offline.sync()
    assert result.exit_code == 1, result.output
    assert offline.states() == {"first": "FINISHED", "last": "FINISHED"}
    assert offline.journals == [kept]
    proxy.rules = []
    assert offline.sync().exit_code == 0
    assert offline.states()[MARKER] == "FINISHED"
