"""What a process needs to speak to MLflow."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from mlflow_on_kedro.config.sections import Tracking
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.tracking.access import Access

SECRETS = {"password": "hunter2", "request_headers": {"X-Pass": "hunter3"}}


def test_from_the_configuration(tmp_path: Path) -> None:
    """Credentials become MLflow's variables; headers come from both files; paths from the root."""
    tracking = Tracking(request_headers={"X-Team": "wine"}, registry_uri="sqlite:///models.db")
    access = Access.from_settings(tracking, SECRETS, tmp_path)
    assert access.variables == {"MLFLOW_TRACKING_PASSWORD": "hunter2"}
    assert access.headers == {"X-Team": "wine", "X-Pass": "hunter3"}
    assert access.registry_uri == f"sqlite:///{(tmp_path / 'models.db').as_posix()}"


def test_it_can_be_pickled_and_shows_nothing(tmp_path: Path) -> None:
    """It goes to worker processes, and its text holds no secret."""
    access = Access.from_settings(Tracking(), SECRETS, tmp_path)
    assert pickle.loads(pickle.dumps(access)) == access  # noqa: S301 - our own
    assert "hunter" not in repr(access)
    assert "hunter" not in repr(Tracking(request_headers={"X-Pass": "hunter3"}))


def test_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the process's calls have it."""
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    from mlflow import MlflowClient
    from mlflow.tracking.request_header.registry import resolve_request_headers

    tracking = Tracking(registry_uri="http://models:5000")
    try:
        Access.from_settings(tracking, SECRETS, tmp_path).use()
        assert os.environ["MLFLOW_TRACKING_PASSWORD"] == SECRETS["password"]
        assert resolve_request_headers()["X-Pass"] == "hunter3"
        assert MlflowClient("http://runs:5000")._registry_uri == "http://models:5000"
    finally:
        Access().use()
    assert "X-Pass" not in resolve_request_headers()
    assert MlflowClient("http://runs:5000")._registry_uri == "http://runs:5000"


def test_wrong_headers_in_credentials(tmp_path: Path) -> None:
    """A mistake names credentials.yml."""
    with pytest.raises(ConfigError, match=r"credentials.yml: the value of 'request_headers.X'"):
        Access.from_settings(Tracking(), {"request_headers": {"X": "a\nb"}}, tmp_path)
