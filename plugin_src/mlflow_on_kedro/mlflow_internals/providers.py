"""What MLflow asks for the headers of its requests, and for the experiment of a new run.

The public way to add a provider is a package's entry point, which a plugin that was copied into a
project's ``src/`` does not have.
"""

from __future__ import annotations

from typing import Any


def add_request_header_provider(provider: type) -> None:
    """Have MLflow, which is imported, ask a provider for headers; only the first call counts."""
    from mlflow.tracking.request_header import registry

    _add(registry._request_header_provider_registry, provider)  # noqa: SLF001


def add_default_experiment_provider(provider: type) -> None:
    """Have MLflow, which is imported, ask a provider for the experiment of runs without one."""
    from mlflow.tracking.default_experiment import registry

    _add(registry._default_experiment_provider_registry, provider)  # noqa: SLF001


def _add(registry: Any, provider: type) -> None:
    if not any(isinstance(each, provider) for each in registry):
        registry.register(provider)
