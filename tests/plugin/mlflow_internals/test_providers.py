"""MLflow asks the plugin's providers, each once."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.tracking.default_experiment import registry as experiments
from mlflow.tracking.request_header import registry as headers
from mlflow_on_kedro.mlflow_internals import providers


class Headers:
    """Gives one header."""

    def in_context(self) -> bool:
        """Always."""
        return True

    def request_headers(self) -> dict[str, str]:
        """One header."""
        return {"X-Team": "wine"}


class Experiment:
    """Gives an experiment."""

    def in_context(self) -> bool:
        """Always."""
        return True

    def get_experiment_id(self) -> str:
        """A number that no test's store has."""
        return "987"


def test_request_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is added twice is asked once, with each request."""
    registry = headers._request_header_provider_registry
    monkeypatch.setattr(registry, "_registry", [])
    providers.add_request_header_provider(Headers)
    providers.add_request_header_provider(Headers)
    assert len(list(registry)) == 1
    assert headers.resolve_request_headers() == {"X-Team": "wine"}


def test_the_default_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is added twice is asked once, for a run without an experiment."""
    registry = experiments._default_experiment_provider_registry
    monkeypatch.setattr(registry, "_registry", [])
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    providers.add_default_experiment_provider(Experiment)
    providers.add_default_experiment_provider(Experiment)
    assert len(list(registry)) == 1
    assert experiments.get_experiment_id() == "987"
