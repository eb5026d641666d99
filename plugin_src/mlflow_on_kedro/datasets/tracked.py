"""``TrackedDataset``: the base class of the MLflow datasets, with their names and paths."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from ..utils.pipeline_info import untranscoded
from .default_paths import FOLDER, default_filepath
from .run_choice import RunChoice

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun
    from .value_location import ValueLocation


class TrackedDataset(RunChoice, AbstractDataset[Any, Any]):
    """Base class of the MLflow datasets.

    The hooks give a dataset its name, the project's root and its run (:meth:`bind`). Without them
    it is a plain dataset, which logs only if it has a run id or an MLflow run is active.
    """

    filepath: str | None
    _catalog_name: str | None = None  # set by `bind`

    def bind(
        self,
        name: str,
        root: Path,
        tracking_uri: str | None,
        run: TrackedRun | None = None,
        *,
        logs: bool = True,
    ) -> None:
        """Set the dataset's name and the project, and the run once it is open.

        Args:
            name: The dataset's name in the catalog; a ``dataset_name`` from the user has priority
                in MLflow.
            root: The project's root.
            tracking_uri: The project's tracking URI.
            run: The pipeline's run.
            logs: False if tracking is disabled (``enabled: false``): the dataset then logs nothing,
                even if an MLflow run is active.
        """
        self._catalog_name = untranscoded(name)
        self.dataset_name = self.dataset_name or self._catalog_name
        self._root = root
        self._tracking_uri = tracking_uri
        self._run = run
        self._logs = logs

    def default_path(self) -> str | None:
        """Return the local file or folder, if its path comes from the dataset's name; else None."""
        if self.filepath is None or not self.dataset_name:
            return None
        path = self.resolved(self.filepath)
        folder, _, file = path.rpartition("/")
        default = default_filepath(self.dataset_name, "").rpartition("/")[2]
        is_default = file.startswith(default) and file[len(default) :][:1] in {"", "."}
        return path if is_default and folder.endswith(FOLDER) else None

    # -- what subclasses override ---------------------------------------------------------------

    def artifact_path(self) -> str | None:
        """Return the value's usual path among the artifacts of the pipeline's run.

        If another dataset of the run has the same one, the value gets a folder of its own.

        Returns:
            None if the value is not an artifact of that run.
        """
        return None

    def unversioned_path(self) -> Path | None:
        """Return the local file or folder of an artifact without its version; None if remote."""
        return None

    def value_location(self) -> AbstractDataset[Any, Any] | ValueLocation | None:
        """Return where :meth:`load` loads the value from.

        Returns:
            A dataset with a file, or a location in MLflow; None: the value is in memory only, or
            in the run in progress.
        """
        return None

    def chosen_source(self) -> str | None:
        """Return the URI in MLflow that the user chose to load from; None if there is none."""
        return None

    @property
    def registers(self) -> bool:
        """Whether the value is registered in the model registry when it is saved."""
        return False

    def check(self) -> None:
        """Raise errors before the pipeline runs that would else be raised when the value is saved.

        Raises:
            DatasetError: A flavor is unknown, or a package is missing.
        """

    def prepare(
        self, catalog: CatalogProtocol[Any, Any], known: Collection[str], *, is_saved: bool
    ) -> None:
        """Check the dataset against the catalog and the pipeline before the run.

        Args:
            catalog: The run's catalog.
            known: The names of the pipeline's datasets, which the catalog may not list.
            is_saved: Whether a node of the pipeline saves this dataset.

        Raises:
            DatasetError: The dataset cannot be saved, or names a dataset that does not exist.
        """

    # -- names and paths ------------------------------------------------------------------------

    def __str__(self) -> str:
        # Kedro's own formats the text into lines of 80 characters, which is slow, and calls it for
        # each load and save.
        described = ", ".join(f"{name}={value!r}" for name, value in self._describe().items())
        return f"{type(self).__module__}.{type(self).__name__}({described})"

    @property
    def name(self) -> str:
        """The name in the catalog; the name in MLflow if the dataset was never bound."""
        return self._catalog_name or self.key()

    def key_in_run(self) -> str:
        """Return what the names of the value's metrics or parameters begin with; "" for nothing.

        Raises:
            DatasetError: The dataset has no name yet.
        """
        return self.key()

    def resolved(self, filepath: str) -> str:
        """Resolve the path of the local file against the project's root, if there is one.

        For a dataset factory Kedro has put the dataset's name into the default path unchanged, so
        unsafe characters are replaced here.
        """
        name = self.dataset_name or ""
        head, folder, suffix = filepath.rpartition(f"{FOLDER}/{name}")
        if folder and "/" not in suffix:
            filepath = f"{head}{default_filepath(name, suffix)}"
        if self._root is None or "://" in filepath:
            return filepath
        return (self._root / filepath).as_posix()
