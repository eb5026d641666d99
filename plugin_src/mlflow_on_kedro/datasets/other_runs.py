"""Runs other than the pipeline's own, to which a dataset saves or from which it loads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..runs.joined_run import JoinedRun
from ..tracking import experiments, store
from ..tracking.failures import is_gone, is_invalid
from ..tracking.hidden_tags import HIDDEN
from ..utils.locks import locked
from ..utils.secrets import mask_urls

if TYPE_CHECKING:
    from ..config.sections import Config
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

SAVED_FROM_TAG = f"{HIDDEN}saved_from"


def join(dataset: str, uri: str, run_id: str, config: Config | None) -> TrackedRun:
    """Join an existing run.

    Args:
        dataset: The dataset's name, for messages.
        uri: The tracking URI.
        run_id: The run.
        config: The configuration of the pipeline's own run.

    Raises:
        DatasetError: MLflow has no such run.
        Exception: MLflow cannot be reached.
    """
    try:
        return JoinedRun.from_id(uri, run_id, config)
    except Exception as error:
        if not (is_gone(error) or is_invalid(error)):
            raise
        raise DatasetError(
            f"'{dataset}': MLflow at {mask_urls(uri)} has no run {run_id!r} that can be used: "
            f"{mask_urls(str(error)).splitlines()[0]}"
        ) from None


def start(own: TrackedRun | None, uri: str, experiment: str | None, root: Path) -> TrackedRun:
    """Start a run elsewhere, or join the one that a node of the same pipeline has started there.

    Args:
        own: The pipeline's run; None: start a new run for each save.
        uri: The tracking URI.
        experiment: The experiment's name; None: the default one.
        root: The project's root.

    Raises:
        Exception: MLflow cannot be reached.
    """
    client = store.connect(uri)
    name = store.resolve_experiment(experiment, None)
    location = store.resolve_artifact_location(None, uri, name, root)
    experiment_id = experiments.experiment_id(client, name, location)
    if own is None:
        created = client.create_run(experiment_id)
        return JoinedRun.from_id(uri, created.info.run_id, owned=True)
    own.wait_open()  # so that all of its nodes search for the same id
    source = own.opened.run_id if own.opened is not None else own.journal_id
    # Nodes that run at the same time, in any process, must not start a run each.
    with locked(store.working_folder(root) / "elsewhere.lock"):
        found = client.search_runs(
            [experiment_id], filter_string=f"tags.`{SAVED_FROM_TAG}` = '{source}'"
        )
        run = (
            found[0]
            if found
            else client.create_run(experiment_id, run_name=own.name, tags={SAVED_FROM_TAG: source})
        )
    return JoinedRun.from_id(uri, run.info.run_id, own.config, owned=True)


def warn_offline(dataset: str) -> None:
    """Warn that a dataset is not saved to another run, because no server may be contacted."""
    logger.warning(
        "'%s' is not saved to MLflow, and `kedro mlflow sync` will not do it: its `saving_…` "
        "arguments name another run, experiment or server, and `tracking.mode` is offline. "
        "The pipeline runs on. Without these arguments it is saved to the pipeline's own run.",
        dataset,
    )


def warn_unreachable(dataset: str, uri: str, error: Exception) -> None:
    """Warn that a dataset is not saved to an MLflow that cannot be reached."""
    reason = mask_urls(str(error)).strip().splitlines() or [""]
    logger.warning(
        "'%s' is not saved to MLflow at %s, which cannot be reached; the pipeline runs on. "
        "Check `saving_tracking_uri` and that the server is up. (%s: %.300s)",
        dataset,
        mask_urls(uri),
        type(error).__name__,
        reason[0],
    )
