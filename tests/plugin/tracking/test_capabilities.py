"""What a server does not have is remembered, and warned about once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mlflow.exceptions import MlflowException
from mlflow_on_kedro.tracking import capabilities
from mlflow_on_kedro.tracking.capabilities import Feature

URI = "http://me:hunter2@host"
MISSING = MlflowException("API request failed with error code 404 != 200")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    capabilities.forget()


def lacks(error: BaseException, feature: Feature = Feature.INPUTS) -> bool:
    """Ask about a server that answers another call."""
    return capabilities.lacks(URI, feature, error, "they are left out", lambda: None)


def test_once_for_each(caplog: pytest.LogCaptureFixture) -> None:
    """One warning for a server and feature, without the URI's password."""
    assert lacks(MISSING)
    assert lacks(MISSING)
    assert lacks(MISSING, Feature.TRACES)
    first, second = caplog.messages
    assert first.startswith(
        "MLflow at http://***@host has no datasets that a run has used (MLflow 2.4), so they are"
    )
    assert "traces" in second
    assert "hunter2" not in caplog.text
    assert not capabilities.has(URI, Feature.INPUTS)
    assert not capabilities.has("http://host", Feature.INPUTS)  # whoever asks
    assert capabilities.has("http://other", Feature.INPUTS)
    assert capabilities.has(URI, Feature.SEARCH)


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("failed with error code 500 != 200"),
        MlflowException("failed with error code 403 != 200"),
        TimeoutError("no answer"),
    ],
)
def test_other_failures(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A server that fails, refuses or does not answer may have it."""
    assert not lacks(error)
    assert capabilities.has(URI, Feature.INPUTS)
    assert caplog.messages == []


def test_not_found_whatever_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    """A proxy without its server says nothing of the server."""

    def ask() -> None:
        raise MISSING

    assert not capabilities.lacks(URI, Feature.INPUTS, MISSING, "they are left out", ask)
    assert capabilities.has(URI, Feature.INPUTS)
    assert caplog.messages == []
