"""MLflow's registries of stores: which function makes the store of a URI, and the stores made.

The public way to register a store is a package's entry point, which a plugin that was copied into a
project's ``src/`` does not have; and there is no public way to get the store that MLflow uses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from .replaced_functions import replace_method

logger = logging.getLogger(__name__)

_WAIT = "_await_model_version_creation"


def register_tracking_store(scheme: str, make: Callable[..., Any]) -> None:
    """Have MLflow make the tracking store of each URI with a scheme by a function."""
    _tracking_stores().register(scheme, make)


def has_tracking_store(uri: str) -> bool:
    """Whether MLflow knows how to make a tracking store for a URI."""
    try:
        _tracking_stores().get_store_builder(uri)
    except Exception as error:
        logger.debug("MLflow has no tracking store for the URI: %r", error)
        return False
    return True


def tracking_store(uri: str | None = None) -> Any:
    """Return the tracking store that MLflow uses for a URI; None: for its current tracking URI."""
    return _tracking_stores().get_store(uri)


def register_model_registry(scheme: str, make: Callable[..., Any]) -> None:
    """Have MLflow make the model registry of each URI with a scheme by a function."""
    _model_registries().register(scheme, make)


def model_registry(tracking_uri: str) -> Any:
    """Return the model registry that MLflow uses together with a tracking URI.

    Raises:
        Exception: MLflow has no registry for it.
    """
    return _model_registries().get_store(None, tracking_uri)


def replace_waiting(registry: Any, should_wait: Callable[[Any], bool]) -> None:
    """Have MLflow wait for a new model version only if a function says so."""

    def replace(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda version, *args: original(version, *args) if should_wait(version) else None

    if not hasattr(registry, _WAIT):  # the plugin's own registry never waits
        setattr(registry, _WAIT, lambda *_: None)
    replace_method(registry, _WAIT, replace)


def set_artifact_repository(owner_id: str, repository: Any) -> None:
    """Have MLflow use a repository for the artifacts of the run or logged model with an id."""
    from mlflow.tracking._tracking_service import utils

    utils._artifact_repos_cache[owner_id] = repository  # noqa: SLF001


def _tracking_stores() -> Any:
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    return _tracking_store_registry


def _model_registries() -> Any:
    from mlflow.tracking._model_registry import utils

    return utils._get_store_registry()  # type: ignore[no-untyped-call]  # noqa: SLF001
