"""Where the artifacts go that a node logs with MLflow to a run or model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import store_registries

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun


def divert_artifacts(
    run: TrackedRun,
    owner_id: str,
    artifact_uri: str,
    folder: Callable[[], Path],
    before_fallback: Callable[[], Any] = lambda: None,
    *,
    is_model: bool = False,
    asks_server: bool = True,
) -> None:
    """Have MLflow log the artifacts of a run or model to a folder while their store is away.

    The files of a model are copied there, whatever their size. A run's file that is larger than
    ``tracking.max_copy`` is not: it is sent from where it lies.

    Args:
        run: The pipeline's run.
        owner_id: The id of the run or model.
        artifact_uri: Where the store has its artifacts.
        folder: Returns this thread's folder.
        before_fallback: Called before a file is written to the folder; returns the run that the
            file is of, if that is not the pipeline's.
        is_model: Whether it is a model.
        asks_server: Whether the store is tried at all.
    """
    from .fallback_artifacts import FallbackArtifacts  # which imports MLflow

    repository = FallbackArtifacts(
        artifact_uri, run, folder, before_fallback, is_model=is_model, asks_server=asks_server
    )
    store_registries.set_artifact_repository(owner_id, repository)
