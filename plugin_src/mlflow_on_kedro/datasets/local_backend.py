"""The Kedro dataset with an ``MLflowDataset``'s local file: which one it is, and its path."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from . import backends
from .default_paths import default_filepath
from .extension_names import suffix_of
from .history import MetricHistory, check_not_metric, file_args
from .local_files import local_path, unversioned_path
from .value_file import ValueFile
from .value_kinds import METRIC_HISTORY, VALUE_KINDS, ValueKind

if TYPE_CHECKING:
    from .formats import AnyDataset
    from .tracked import TrackedDataset

OTHER_RUN_HINT = (
    "To load what another run has saved to MLflow, give that run's id as `loading_run_id`, or in a "
    "notebook its name to `context.mlflow.use`."
)


class LocalBackend:
    """The dataset with the local file of an MLflow dataset, made when it is first used.

    Args:
        owner: The MLflow dataset; its name and the project's root are set later.
        dataset: The user's ``dataset``.
        filepath: The user's ``filepath``.
        given: The user's other arguments for the backend.
    """

    def __init__(
        self, owner: TrackedDataset, dataset: Any, filepath: str | None, given: dict[str, Any]
    ) -> None:
        self._owner = owner
        self._dataset = dataset
        self._filepath = filepath
        self.history: MetricHistory | None = None
        """How points are stored, if ``m`` is more than its last value."""
        name = owner.dataset_name or "dataset"
        if dataset == "m":
            self.history = MetricHistory.from_args(name, given["load_args"], given["save_args"])
            given = file_args(given)
        elif self.extension in VALUE_KINDS:
            check_not_metric(name, given)
        self._given = given
        self._file: AnyDataset | ValueFile | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    @property
    def kind(self) -> ValueKind | None:
        """How MLflow itself stores the value; None for an artifact."""
        return METRIC_HISTORY if self.history is not None else VALUE_KINDS.get(self.extension)

    @property
    def extension(self) -> str:
        """The extension, or ``p``, ``m`` or ``a``; "" for a Kedro dataset."""
        return self._dataset if isinstance(self._dataset, str) else ""

    @property
    def in_memory_only(self) -> bool:
        """Whether the user chose to keep the value in memory only (no ``dataset``)."""
        return self._dataset is None

    @property
    def has_file(self) -> bool:
        """Whether there is a file; else the value is in memory only."""
        has_path = self._filepath or self._owner.dataset_name or not self.extension
        return not self.in_memory_only and bool(has_path)

    def file(self) -> AnyDataset | ValueFile:
        """Return the dataset of the local file; a value that MLflow itself stores is pickled."""
        if self._file is None:
            dataset = self._dataset if self.kind is None else "pkl"
            path = self._path(dataset)
            has_options = any(value for name, value in self._given.items() if name != "metadata")
            if self.kind is not None and path and "://" not in path and not has_options:
                self._file = ValueFile(Path(path))
            else:
                self._file = self._make(dataset, path, self._given)
        return self._file

    def as_dataset(self) -> AnyDataset:
        """Return the local file as a Kedro dataset."""
        file = self.file()
        return self._make("pkl", str(file.path), {}) if isinstance(file, ValueFile) else file

    def path(self, *, saving: bool) -> Path | None:
        """Return the local file or folder; see :func:`.local_files.local_path`."""
        file = self.file()
        return file.path if isinstance(file, ValueFile) else local_path(file, saving=saving)

    def unversioned_path(self) -> Path | None:
        """Return the local file or folder without its version; None if it is remote."""
        return unversioned_path(self.as_dataset())

    def replaced_file(self) -> Path | None:
        """Return the local file, if each save replaces all of it and writes no other; else None."""
        dataset = self.as_dataset()
        if not backends.writes_one_file(dataset):
            return None
        path = local_path(dataset, saving=True)
        if path is None or path.is_dir():
            return None
        return path.resolve() if path.is_symlink() else path

    def at(self, path: Path) -> AnyDataset:
        """Return the same dataset for another local file."""
        return backends.moved(self.as_dataset(), path.as_posix())

    def load(self) -> Any:
        """Load the local file.

        Raises:
            DatasetError: The file does not exist, with a message how to load from MLflow; or it
                cannot be read.
        """
        file = self.file()
        try:
            return file.load()
        except (DatasetError, OSError) as error:
            if file.exists():
                raise
            raise DatasetError(f"{error}\n{OTHER_RUN_HINT}") from error

    def for_download(self, path: str) -> AnyDataset:
        """Return the dataset for a downloaded file, without versions and credentials."""
        dataset = self._dataset
        if isinstance(dataset, AbstractDataset):
            return backends.moved(dataset, path)
        if isinstance(dataset, dict):
            excluded = (*backends.PATH_ARGS, "versioned", "credentials")
            dataset = {key: item for key, item in dataset.items() if key not in excluded}
        return self._make(dataset, path, {**self._given, "version": None, "credentials": None})

    def artifact_name(self) -> str:
        """Return the name among a run's artifacts, which is that of the local file."""
        path = self._path(self._dataset)
        if isinstance(self._dataset, dict):
            path = self._dataset.get("filepath") or self._dataset.get("path") or path
        elif isinstance(self._dataset, AbstractDataset):
            path = str(local_path(self._dataset, saving=False) or path)
        return PurePath(str(path)).name

    def release(self) -> None:
        """Release what the Kedro dataset keeps in memory."""
        if self._file is not None:
            self._file.release()

    def _path(self, dataset: Any) -> str | None:
        if self._filepath is not None:
            return self._owner.resolved(self._filepath)
        has_path = isinstance(dataset, dict) and not dataset.keys().isdisjoint(backends.PATH_ARGS)
        if has_path or isinstance(dataset, AbstractDataset):
            return None
        path = default_filepath(self._owner.key(), suffix_of(dataset))
        return (self._owner.root / path).as_posix()

    def _make(self, dataset: Any, path: str | None, given: dict[str, Any]) -> AnyDataset:
        return backends.make(dataset, path, name=self._owner.dataset_name or "dataset", **given)
