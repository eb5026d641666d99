"""Models that nodes register with MLflow while it does not answer: delivery registers them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...config.uri_schemes import JOURNAL_SCHEME
from ...mlflow_internals import store_registries
from ...mlflow_internals.replaced_functions import replace_method
from ...tracking import open_runs, store
from ...utils.clock import now_ms
from ...utils.secrets import mask_urls
from . import journal_models, unanswered
from .server_call import call_server

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_NO_VERSION = "0"
"""The number of a version that MLflow has not created: MLflow's begin with 1."""


class EmptyRegistry:
    """The model registry that belongs to the URI of a journal: it has nothing."""

    def create_model_version(
        self, name: str, *_: Any, local_model_path: Any = None, **__: Any
    ) -> Any:
        """Raise an error; MLflow passes a model's id to what takes a ``local_model_path``."""
        del local_model_path
        raise unanswered.no_answer(f"create_model_version of {name}")

    def __getattr__(self, name: str) -> Any:
        """Raise an error for any other call; for a node :func:`install` replaces two of them."""
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> Any:
            raise unanswered.no_answer(name)

        return refuse


def install(uri: str) -> None:
    """Replace the methods of a model registry that nodes call; only the first call counts.

    Args:
        uri: The tracking URI that MLflow uses the registry with.
    """
    import mlflow

    store_registries.register_model_registry(JOURNAL_SCHEME, _make_empty_registry)
    registry_uri = mlflow.get_registry_uri()
    if not (registry_uri.startswith(JOURNAL_SCHEME) or store.is_remote(registry_uri)):
        return  # a local one always answers, and takes a while to open
    try:
        registry = store_registries.model_registry(uri)
    except Exception as error:  # MLflow itself raises it for whoever needs the registry
        logger.debug("MLflow has no model registry: %r", error)
        return
    for name, fallback in (
        ("create_registered_model", _registered_model),
        ("create_model_version", _model_version),
    ):
        replace_method(registry, name, functools.partial(_with_fallback, fallback))
    store_registries.replace_waiting(registry, lambda version: version.version != _NO_VERSION)


def _with_fallback(
    fallback: Callable[..., Any], to_server: Callable[..., Any]
) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        run = open_runs.current()
        if run is None:
            return to_server(*args, **named)
        to_journal = functools.partial(fallback, run, *args, **named)
        if run.is_offline or _journal_model(args, named) is not None:
            return to_journal()
        return call_server(run, functools.partial(to_server, *args, **named), to_journal)

    return call


def _journal_model(
    args: tuple[Any, ...], named: dict[str, Any]
) -> journal_models.JournalModel | None:
    """Return the model that is to be registered, if its files are in the journal."""
    values = (named.get("model_id"), named.get("source"), *args)
    ids = [str(value).removeprefix("models:/") for value in values if value]
    found = (journal_models.find(model_id) for model_id in ids)
    return next((model for model in found if model is not None and model.in_journal), None)


def _registered_model(run: TrackedRun, name: str, *_: Any, **__: Any) -> Any:
    from mlflow.entities.model_registry import RegisteredModel

    del run
    return RegisteredModel(name)


def _model_version(run: TrackedRun, name: str, source: str, *args: Any, **named: Any) -> Any:
    from mlflow.entities.model_registry import ModelVersion

    model = _journal_model(args, {**named, "source": source})
    if model is not None:
        model.register(name)
    else:
        logger.warning(
            "MLflow at %s does not answer, so a node's model is not registered as '%s'; the "
            "pipeline runs on. Register %s once it answers.",
            mask_urls(run.uri),
            name,
            source,
        )
    return ModelVersion(
        name=name, version=_NO_VERSION, creation_timestamp=now_ms(), source=source, status="READY"
    )


def _make_empty_registry(store_uri: Any = None, tracking_uri: Any = None) -> Any:
    del store_uri, tracking_uri
    return EmptyRegistry()
