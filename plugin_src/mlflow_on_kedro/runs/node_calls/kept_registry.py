"""Models that nodes register with MLflow while it does not answer: registered when delivered."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...config.uri_schemes import JOURNAL_SCHEME
from ...tracking import store
from ...utils.secrets import mask_urls
from . import kept_models, node_mlflow_calls

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_NO_VERSION = "0"
"""The number of a version that MLflow has not made: its own begin with 1."""
Route = Callable[[Callable[[], Any], Callable[["TrackedRun"], Any], bool], Any]
"""Calls the registry, or the second function for a node whose registry does not answer; the last
argument says that the registry cannot know the model."""


class NoRegistry:
    """The registry of the tracking store that is a journal: it has nothing."""

    def create_registered_model(
        self, name: str, tags: Any = None, description: Any = None, deployment_job_id: Any = None
    ) -> Any:
        """Refuse; nodes do not come here."""
        del tags, description, deployment_job_id
        raise node_mlflow_calls.no_answer(f"create_registered_model of {name}")

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: Any = None,
        tags: Any = None,
        run_link: Any = None,
        description: Any = None,
        local_model_path: Any = None,
        model_id: Any = None,
    ) -> Any:
        """Refuse; nodes do not come here."""
        del source, run_id, tags, run_link, description, local_model_path, model_id
        raise node_mlflow_calls.no_answer(f"create_model_version of {name}")

    def _await_model_version_creation(self, version: Any, seconds: float) -> None:
        """Wait for no version."""

    def __getattr__(self, name: str) -> Any:
        """Refuse whatever else a registry is asked for."""
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> Any:
            raise node_mlflow_calls.no_answer(name)

        return refuse


def guard(uri: str, route: Route) -> None:
    """Keep a registry that does not answer from failing nodes.

    Args:
        uri: The tracking URI.
        route: Decides who is asked.
    """
    import mlflow
    from mlflow.tracking._model_registry import utils

    # As in `own_calls.registry`: MLflow has no public way to add a store, or to get at one.
    utils._get_store_registry().register(  # type: ignore[no-untyped-call]  # noqa: SLF001
        JOURNAL_SCHEME, _make_no_registry
    )
    place = mlflow.get_registry_uri()
    if not (place.startswith(JOURNAL_SCHEME) or store.is_remote(place)):
        return  # it answers, and takes a while to open
    try:
        kept: Any = utils._get_store(None, uri)  # type: ignore[no-untyped-call]  # noqa: SLF001
    except Exception as error:  # of a URI that MLflow does not know: whoever needs it is told so
        logger.debug("MLflow has no model registry: %r", error)
        return
    if hasattr(kept, "_is_kept_by_mlflow_on_kedro"):
        return
    kept._is_kept_by_mlflow_on_kedro = True  # noqa: SLF001 - a mark of this module's own
    kept.create_registered_model = _guarded(kept.create_registered_model, _model, route)
    kept.create_model_version = _guarded(kept.create_model_version, _version, route)
    real_wait = kept._await_model_version_creation  # noqa: SLF001 - MLflow waits by it

    def wait(version: Any, seconds: Any) -> None:
        if version.version != _NO_VERSION:
            real_wait(version, seconds)

    kept._await_model_version_creation = wait  # noqa: SLF001 - as above


def _guarded(real: Any, keep: Callable[..., Any], route: Route) -> Any:
    @functools.wraps(real)  # MLflow looks which arguments there are
    def call(*args: Any, **named: Any) -> Any:
        is_ours = _kept(named, args) is not None
        return route(
            functools.partial(real, *args, **named),
            lambda run: keep(run, *args, **named),
            is_ours,
        )

    return call


def _kept(named: dict[str, Any], args: tuple[Any, ...]) -> kept_models.KeptModel | None:
    """The model of a version that is to be made, if its files are kept here."""
    words = (named.get("model_id"), named.get("source"), *args)
    ids = [str(word).removeprefix("models:/") for word in words if word]
    found = (kept_models.find(model_id) for model_id in ids)
    return next((model for model in found if model is not None and model.is_kept), None)


def _model(run: TrackedRun, name: str, *_: Any, **__: Any) -> Any:
    from mlflow.entities.model_registry import RegisteredModel

    del run
    return RegisteredModel(name)


def _version(run: TrackedRun, name: str, source: str, *args: Any, **named: Any) -> Any:
    from mlflow.entities.model_registry import ModelVersion

    model = _kept({**named, "source": source}, args)
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
    now = time.time_ns() // 1_000_000
    return ModelVersion(
        name=name, version=_NO_VERSION, creation_timestamp=now, source=source, status="READY"
    )


def _make_no_registry(store_uri: Any = None, tracking_uri: Any = None) -> Any:
    del store_uri, tracking_uri
    return NoRegistry()
