"""Finding or creating the MLflow run that a pipeline logs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import fluent, store
from .config import Config
from .errors import ConfigError
from .plan import Plan
from .secrets import mask_urls

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_TAG = "mlflow.parentRunId"
KEDRO_RUN_TAG = "kedro.run_id"


@dataclass(frozen=True)
class RunRequest:
    """What is asked of MLflow when a run is opened.

    Attributes:
        config: The whole configuration.
        root: The project's root.
        package: The project's package, None outside of a project.
        kedro_run_id: Kedro's own id of the run.
        tags: Tags to set at once.
        plan: What is known of the pipeline.
        secret_params: Keys of parameters that came with the command and look like secrets.
    """

    config: Config = field(default_factory=Config)
    root: Path = field(default_factory=Path.cwd)
    package: str | None = None
    kedro_run_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    secret_params: frozenset[str] = frozenset()

    @property
    def uri(self) -> str:
        """Where to track."""
        return store.resolve_uri(self.config.tracking.uri, self.root)

    @property
    def all_tags(self) -> dict[str, Any]:
        """The tags of the request, and over them those that the user chose."""
        run = self.config.run
        own = {KEDRO_RUN_TAG: self.kedro_run_id, "mlflow.note.content": run.description}
        given = {key: value for key, value in own.items() if value}
        return {**self.tags, **given, **run.tags}


@dataclass(frozen=True)
class MlflowRun:
    """A run that MLflow has, with the client that found it.

    Attributes:
        uri: The tracking URI.
        client: A client for it.
        info: MLflow's ``RunInfo``.
        owned: Whether ending the run is up to whoever opened it here.
    """

    uri: str
    client: MlflowClient
    info: Any
    owned: bool


def open_run(request: RunRequest) -> MlflowRun:
    """Find or create the run of a pipeline.

    A run that is already active in this thread is used and left open, or, with ``run.nested``,
    becomes the parent of a new one. ``run.id`` continues that run.

    Raises:
        ConfigError: ``run.id`` names no run of the store.
        Exception: MLflow cannot be reached.
    """
    run = request.config.run
    active = fluent.active_run_id()
    if run.id is not None:
        return _continue(request.uri, run.id)
    if active is not None and not run.nested:
        import mlflow

        return find_run(mlflow.get_tracking_uri(), active)
    return _create(request, parent=active if run.nested else None)


def find_run(uri: str, run_id: str) -> MlflowRun:
    """Find a run that somebody else ends.

    Raises:
        mlflow.exceptions.MlflowException: The store has no such run.
    """
    client = store.connect(uri)
    return MlflowRun(uri, client, client.get_run(run_id).info, owned=False)


def _create(request: RunRequest, parent: str | None) -> MlflowRun:
    uri, config = request.uri, request.config
    client = store.connect(uri)
    experiment = store.resolve_experiment(config.experiment.name, request.package)
    location = store.resolve_artifact_location(
        config.experiment.artifact_location, uri, experiment, request.root
    )
    created = client.create_run(
        store.experiment_id(client, experiment, location),
        run_name=config.run.name,
        tags={PARENT_TAG: parent} if parent else None,
    )
    return MlflowRun(uri, client, created.info, owned=True)


def _continue(uri: str, run_id: str) -> MlflowRun:
    from mlflow.exceptions import MlflowException

    client = store.connect(uri)
    try:
        info = client.get_run(run_id).info
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise
        raise ConfigError(
            f"`run.id` in mlflow.yml is {run_id!r}, but MLflow at {mask_urls(uri)} has no such "
            "run. Correct the id, or leave it out for a new run."
        ) from None
    if info.lifecycle_stage == "deleted":
        client.restore_run(run_id)
    client.update_run(run_id, status="RUNNING")
    return MlflowRun(uri, client, info, owned=True)
