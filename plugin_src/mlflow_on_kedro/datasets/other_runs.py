"""Runs other than the pipeline's own, to which a dataset saves or from which it loads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..tracking import experiments, store
from ..utils.locks import locked
from ..utils.secrets import mask_urls

if TYPE_CHECKING:
    from ..config.sections import Config
    from ..tracking.tracked_run import TrackedRun

SAVED_FROM_TAG = "mlflow_on_kedro.saved_from"


def join(dataset: str, uri: str, run_id: str, config: Config | None) -> TrackedRun:
    """Take part in a run that is there.

    Args:
        dataset: The dataset's name, for messages.
        uri: The tracking URI.
        run_id: The run.
        config: That of the pipeline's own run.

    Raises:
        DatasetError: MLflow has no such run.
        Exception: MLflow cannot be reached.
    """
    from mlflow.exceptions import MlflowException

    from ..runs.own_run import OwnRun

    try:
        return OwnRun.join(uri, run_id, config)
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise
        raise DatasetError(
            f"'{dataset}': MLflow at {mask_urls(uri)} has no run {run_id!r} that can be used: "
            f"{mask_urls(str(error)).splitlines()[0]}"
        ) from None


def begin(own: TrackedRun | None, uri: str, experiment: str | None, root: Path) -> TrackedRun:
    """Begin a run elsewhere: one for all that a pipeline's run saves there.

    Args:
        own: The pipeline's run; None: each save has a run of its own.
        uri: The tracking URI.
        experiment: The experiment's name; None: the default one.
        root: The project's root.

    Raises:
        Exception: MLflow cannot be reached.
    """
    from ..runs.own_run import OwnRun

    client = store.connect(uri)
    name = store.resolve_experiment(experiment, None)
    location = store.resolve_artifact_location(None, uri, name, root)
    experiment_id = experiments.experiment_id(client, name, location)
    if own is None:
        created = client.create_run(experiment_id)
        return OwnRun.join(uri, created.info.run_id).take_over()
    # Nodes that run at once, in whatever process, must not each make one.
    own.wait_open()  # so that all of its nodes ask for the same
    source = own.opened.run_id if own.opened is not None else own.journal_id
    with locked(store.working_folder(root) / "elsewhere.lock"):
        found = client.search_runs(
            [experiment_id], filter_string=f"tags.`{SAVED_FROM_TAG}` = '{source}'"
        )
        there = (
            found[0]
            if found
            else client.create_run(experiment_id, run_name=own.name, tags={SAVED_FROM_TAG: source})
        )
    return OwnRun.join(uri, there.info.run_id, own.config).take_over()
