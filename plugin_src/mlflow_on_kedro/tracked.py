"""What the MLflow datasets share: their name, their place on disk, and the run that they log to."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro.utils import find_kedro_project

from . import fluent, store
from .outbox import failure_message
from .secrets import mask_urls

if TYPE_CHECKING:
    from .run import TrackedRun

logger = logging.getLogger(__name__)

FOLDER = "data/mlflow"
SAVED_FROM_TAG = "mlflow_on_kedro.saved_from"

_UNSAFE_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def default_filepath(name: str, suffix: str) -> str:
    """Say where a dataset without ``filepath`` keeps its file, relative to the project's root.

    Both sides of a transcoded dataset (``name@pandas``) share one file. The braces of a dataset
    factory's pattern are kept, for Kedro to fill in.

    Example:
        >>> default_filepath("model", ".pkl")
        'data/mlflow/model.pkl'
    """
    safe = _UNSAFE_IN_NAMES.sub("_", name.split("@")[0]).lstrip(".") or "_"
    return f"{FOLDER}/{safe}{suffix}"


class TrackedDataset(AbstractDataset[Any, Any]):
    """Base of the MLflow datasets.

    A dataset learns its name, the project's root and its run from the hooks (:meth:`bind`). Without
    them it is a plain dataset, which logs where a run id is given or an MLflow run is active.
    """

    dataset_name: str | None
    _saving_tracking_uri: str | None = None
    _saving_experiment_name: str | None = None
    _saving_run_id: str | None = None

    # Bound later; class attributes, so that a dataset unpickled or made alone has them too.
    _root: Path | None = None
    _tracking_uri: str | None = None
    _run: TrackedRun | None = None

    def bind(
        self, name: str, root: Path, tracking_uri: str | None, run: TrackedRun | None = None
    ) -> None:
        """Tell the dataset its name and place in the project, and the run once it is open.

        Args:
            name: The catalog's name for it; a ``dataset_name`` given by the user stays.
            root: The project's root.
            tracking_uri: Where the project tracks.
            run: The pipeline's run.
        """
        self.dataset_name = self.dataset_name or name.split("@")[0]
        self._root = root
        self._tracking_uri = tracking_uri
        self._run = run

    @property
    def root(self) -> Path:
        """The project's root; outside of a project the current directory."""
        return self._root or find_kedro_project(Path.cwd()) or Path.cwd()

    def key(self) -> str:
        """The name under which MLflow knows the value.

        Raises:
            DatasetError: The dataset has no name yet.
        """
        if not self.dataset_name:
            raise DatasetError(
                f"This {type(self).__name__} has no name to be logged or stored under: it is used "
                "outside of a Kedro session. Give it `dataset_name` (or `filepath`)."
            )
        return self.dataset_name

    def run(self) -> TrackedRun | None:
        """The run to log to or load from: the pipeline's, else the active one, else None."""
        if self._run is not None:
            return self._run
        active = fluent.active_run_id()
        if active is None:
            return None
        import mlflow

        return self._join(mlflow.get_tracking_uri(), active)

    @contextmanager
    def saving_run(self) -> Iterator[TrackedRun | None]:
        """Give the run to save to; one elsewhere, if the user chose that, is complete afterwards."""
        if not (
            self._saving_run_id or self._saving_experiment_name or self._saving_tracking_uri
        ):
            run = self.run()
            yield run
            if run is not None and run is not self._run:
                run.flush()
            return
        uri = self._uri(self._saving_tracking_uri)
        if self._saving_run_id:
            run = self._join(uri, self._saving_run_id)
            yield run
            run.flush()
            return
        try:
            run = self._beside(uri)
        except Exception as error:
            logger.warning("%s", failure_message(uri, error))
            yield None
            return
        yield run
        run.end("FINISHED")

    def loading_uri(self, given: str | None) -> str:
        """The tracking URI to load from: as given, else that of the run, else the project's."""
        return self._uri(given)

    def _uri(self, given: str | None) -> str:
        if given is None and self._run is not None:
            return self._run.uri
        return store.resolve_uri(given or self._tracking_uri, self.root)

    def _join(self, uri: str, run_id: str) -> TrackedRun:
        from mlflow.exceptions import MlflowException

        from .run import TrackedRun

        try:
            return TrackedRun.join(uri, run_id, self._run.config if self._run else None)
        except MlflowException as error:
            raise DatasetError(
                f"'{self.dataset_name}': MLflow at {mask_urls(uri)} has no run {run_id!r} that can "
                f"be used: {mask_urls(str(error)).splitlines()[0]}"
            ) from None

    def _beside(self, uri: str) -> TrackedRun:
        """A run elsewhere, one for all that this pipeline run saves there."""
        from .run import TrackedRun

        client = store.connect(uri)
        own = self._run
        name = store.resolve_experiment(self._saving_experiment_name, None)
        location = store.resolve_artifact_location(None, uri, name, self.root)
        experiment = store.experiment_id(client, name, location)
        if own is not None:
            found = client.search_runs(
                [experiment], filter_string=f"tags.`{SAVED_FROM_TAG}` = '{own.run_id}'"
            )
            if found:
                return TrackedRun.join(uri, found[0].info.run_id, own.config).take_over()
        tags = {SAVED_FROM_TAG: own.run_id} if own is not None else {}
        run_name = own.name if own is not None else None
        created = client.create_run(experiment, run_name=run_name, tags=tags)
        config = own.config if own is not None else None
        return TrackedRun.join(uri, created.info.run_id, config).take_over()
