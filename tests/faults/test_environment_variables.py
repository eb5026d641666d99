"""MLflow's own environment variables: they mean here what they mean to MLflow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.tracking import store

from .certificates import self_signed
from .project import FaultProject
from .proxy import Proxy
from .server import Server


def test_insecure_tls(
    make_fault_project: Callable[..., FaultProject], server: Server, tmp_path: Path
) -> None:
    """Who asks for no check of certificates gets none."""
    with contextlib.closing(Proxy(server.uri, self_signed(tmp_path)[1])) as proxy:
        project = make_fault_project(proxy.uri)
        run = project.kedro(MLFLOW_TRACKING_INSECURE_TLS="true")
        assert run.status == 0, run.said
    project.check_complete(run)


@pytest.mark.parametrize(("retries", "requests"), [(None, 2), ("0", 1), ("3", 4)])
def test_retries(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, retries: str | None, requests: int
) -> None:
    """The user's number of retries of a request is used; the plugin's own is one."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", retries or "")
    if retries is None:
        monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    client: Any = store.connect(proxy.uri)
    proxy.mode = "http500"
    with pytest.raises(Exception, match="500"):
        client.get_experiment("0")
    assert len(proxy.requests) == requests


def test_timeout(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's timeout of a request is used."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    client: Any = store.connect(proxy.uri)
    proxy.mode = "hang"
    begin = time.monotonic()
    with pytest.raises(Exception, match=r"[Tt]imed out"):
        client.get_experiment("0")
    assert 0.9 < time.monotonic() - begin < 5
