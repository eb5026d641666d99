"""What the MLflow datasets share: their name, their place on disk, and the run that they log to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro.utils import find_kedro_project

from ..mlflow_internals import run_stack
from ..runs import known_projects
from ..tracking import uris
from ..utils.secrets import mask_urls
from . import other_runs
from .saved_files import SavedFiles

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun
    from .changed_files import Logged
    from .value_location import Origin

logger = logging.getLogger(__name__)

FOLDER = "data/mlflow"

# Beside what file systems refuse: MLflow's HTTP API cuts an artifact's name at `#` and `?`, and
# decodes what follows a `%`.
_UNSAFE_IN_NAMES = re.compile(r'[\\/:*?"<>|#%\x00-\x1f]')


def default_filepath(name: str, suffix: str) -> str:
    """Say where a dataset without ``filepath`` keeps its file, relative to the project's root.

    Both sides of a transcoded dataset (``name@pandas``) share one file. The braces of a dataset
    factory's pattern are kept, for Kedro to fill in.

    Example:
        >>> default_filepath("model", ".pkl")
        'data/mlflow/model.pkl'
    """
    safe = _UNSAFE_IN_NAMES.sub("_", name.split("@", maxsplit=1)[0]).lstrip(".") or "_"
    return f"{FOLDER}/{safe}{suffix}"


class TrackedDataset(SavedFiles, AbstractDataset[Any, Any]):
    """Base of the MLflow datasets.

    A dataset learns its name, the project's root and its run from the hooks (:meth:`bind`). Without
    them it is a plain dataset, which logs where a run id is given or an MLflow run is active.
    """

    dataset_name: str | None
    filepath: str | None
    _saving_tracking_uri: str | None = None
    _saving_experiment_name: str | None = None
    _saving_run_id: str | None = None

    # Bound later; class attributes, so that a dataset unpickled or made alone has them too.
    _root: Path | None = None
    _tracking_uri: str | None = None
    _run: TrackedRun | None = None
    _catalog_name: str | None = None
    _logs: bool = True

    def bind(
        self,
        name: str,
        root: Path,
        tracking_uri: str | None,
        run: TrackedRun | None = None,
        *,
        logs: bool = True,
    ) -> None:
        """Tell the dataset its name and place in the project, and the run once it is open.

        Args:
            name: The catalog's name for it; a ``dataset_name`` given by the user stays.
            root: The project's root.
            tracking_uri: Where the project tracks.
            run: The pipeline's run.
            logs: False where tracking is switched off (``enabled: false``): then it is a plain
                dataset, also beside an active run.
        """
        self.dataset_name = self.dataset_name or name.split("@", maxsplit=1)[0]
        self._catalog_name = name.split("@", maxsplit=1)[0]
        self._root = root
        self._tracking_uri = tracking_uri
        self._run = run
        self._logs = logs

    @property
    def name(self) -> str:
        """The catalog's name for it; the one in MLflow where no session has told it."""
        return self._catalog_name or self.key()

    def artifact_place(self) -> str | None:
        """Say where it would go to among the artifacts of the pipeline's run.

        Returns:
            The place, unless another dataset of the run has the same; None: it is no artifact.
        """
        return None

    def local_place(self) -> Path | None:
        """The local file or folder of an artifact; None if it is elsewhere, and is not logged."""
        return None

    def origin(self) -> AbstractDataset[Any, Any] | Origin | None:
        """Say where :meth:`load` has the value from.

        Returns:
            A dataset that has its place, or a place in a run; None: the value is in memory only.
        """
        return None

    def chosen_source(self) -> str | None:
        """The URI in MLflow that the user chose to load from; None: the project's own value."""
        return None

    def __str__(self) -> str:
        # Kedro asks for it at each load and save, and lays its own out on lines of 80 characters.
        described = ", ".join(f"{name}={value!r}" for name, value in self._describe().items())
        return f"{type(self).__module__}.{type(self).__name__}({described})"

    @property
    def logged(self) -> Logged | None:
        """What the pipeline's run has of folders that are logged whole."""
        return self._run.logged if self._run is not None else None

    @property
    def is_in_pipeline(self) -> bool:
        """Whether a pipeline runs, and is tracked."""
        return self._run is not None

    @property
    def registers(self) -> bool:
        """Whether what is saved is to be registered as a model."""
        return False

    def check(self) -> None:
        """Find, before the pipeline runs, what would fail only when the value is saved.

        Raises:
            DatasetError: A flavor is unknown, or a package is missing.
        """

    def prepare(
        self, catalog: CatalogProtocol[Any, Any], known: Collection[str], *, is_saved: bool
    ) -> None:
        """Learn of the run that begins, and find what does not fit it.

        Args:
            catalog: The run's catalog.
            known: The names of the pipeline's datasets, of which it need not list all.
            is_saved: Whether a node of the pipeline saves this dataset.

        Raises:
            DatasetError: Something does not fit.
        """

    @property
    def root(self) -> Path:
        """The project's root; outside of a project the current directory."""
        if self._root is not None:
            return self._root
        project = self.project()
        return project.root if project else find_kedro_project(Path.cwd()) or Path.cwd()

    def project(self) -> known_projects.KnownProject | None:
        """The project, where a notebook or script uses its catalog; None within a run."""
        if self._run is not None or not self._logs:
            return None
        return known_projects.of_dataset(self._root, self.filepath)

    def chosen_run(self) -> str | None:
        """The id of the run from which a notebook has chosen to load everything."""
        project = self.project()
        return project.chosen if project is not None else None

    def run_with(self, active: str | None, is_in: Callable[[str], bool]) -> str | None:
        """Say which run to load from because there is no local file.

        Args:
            active: The id of the pipeline's run, or of the active one.
            is_in: Whether a run has the dataset.

        Returns:
            The run's id; in a notebook that of the newest run that has it, if the active one has
            not.
        """
        project = self.project()
        if project is None:
            return active
        if active is not None:
            with suppress(Exception):  # it is a run of another store
                if is_in(active):
                    return active
        return project.newest_with(self.key(), is_in) or active

    def placed(self, filepath: str) -> str:
        """Say where a path lies: a relative one counts from the project's root, if there is one."""
        # The pattern of a dataset factory takes whatever name it is given into the default path.
        name = self.dataset_name or ""
        head, folder, suffix = filepath.rpartition(f"{FOLDER}/{name}")
        if folder and "/" not in suffix:
            filepath = f"{head}{default_filepath(name, suffix)}"
        if self._root is None or "://" in filepath:
            return filepath
        return (self._root / filepath).as_posix()

    def usual_place(self) -> str | None:
        """The local file or folder, if it is where the dataset's name puts it; else None."""
        if self.filepath is None or not self.dataset_name:
            return None
        place = self.placed(self.filepath)
        folder, _, file = place.rpartition("/")
        usual = default_filepath(self.dataset_name, "").rpartition("/")[2]
        is_usual = file.startswith(usual) and file[len(usual) :][:1] in {"", "."}
        return place if is_usual and folder.endswith(FOLDER) else None

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

    def key_in_run(self) -> str:
        """What the names of the value's metrics or parameters begin with; "" for nothing.

        Raises:
            DatasetError: The dataset has no name yet.
        """
        return self.key()

    def run(self) -> TrackedRun | None:
        """The run to log to or load from: the pipeline's, else the active one, else None."""
        if self._run is not None or not self._logs:
            return self._run
        active = run_stack.active_run_id()
        if active is None:
            return None
        import mlflow

        return self._join(mlflow.get_tracking_uri(), active)

    @contextmanager
    def saving_run(self) -> Iterator[TrackedRun | None]:
        """Give the run to save to; one elsewhere, if that was chosen, is complete afterwards."""
        if not self._logs:
            yield None
            return
        if not (self._saving_run_id or self._saving_experiment_name or self._saving_tracking_uri):
            run = self.run()
            yield run
            if run is not None and run is self._run:
                run.settle()
            elif run is not None:
                run.flush()
            return
        run = self._reach(self._uri(self._saving_tracking_uri))
        try:
            yield run
        except BaseException:
            if run is not None:
                run.end("FAILED")
            raise
        if run is not None:
            run.end("FINISHED")

    def loading_uri(self, given: str | None) -> str:
        """The tracking URI to load from: as given, else that of the run, else the project's."""
        return self._uri(given)

    def _uri(self, given: str | None) -> str:
        if given is None and self._run is not None:
            return self._run.uri
        project = self.project()
        if given is None and project is not None:
            return project.uri
        return uris.resolve_uri(given or self._tracking_uri, self.root)

    def _join(self, uri: str, run_id: str) -> TrackedRun:
        config = self._run.config if self._run else None
        return other_runs.join(str(self.dataset_name), uri, run_id, config)

    def _reach(self, uri: str) -> TrackedRun | None:
        try:
            if self._saving_run_id:
                return self._join(uri, self._saving_run_id)
            return other_runs.begin(self._run, uri, self._saving_experiment_name, self.root)
        except DatasetError:
            raise
        except Exception as error:
            if self._run is not None and self._run.config.tracking.on_failure == "raise":
                raise
            reason = mask_urls(str(error)).strip().splitlines() or [""]
            logger.warning(
                "'%s' is not saved to MLflow at %s, which cannot be reached; the pipeline runs on. "
                "Check `saving_tracking_uri` and that the server is up. (%s: %.300s)",
                self.dataset_name,
                mask_urls(uri),
                type(error).__name__,
                reason[0],
            )
            return None
