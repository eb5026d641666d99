"""The Kedro dataset behind an ``MLflowDataset``: which one it is, and where its file lies."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from . import backends, value_kinds
from .changed_files import Logged, before_save
from .history import MetricHistory, check_no_metric, for_the_file
from .local_files import Files, local_path, local_place
from .tracked import default_filepath
from .value_file import ValueFile

if TYPE_CHECKING:
    from .tracked import TrackedDataset

ELSEWHERE = (
    "To load what another run has saved to MLflow, give that run's id as `loading_run_id`, or in a "
    "notebook its name to `context.mlflow.use`."
)


class LocalBackend:
    """Makes the backend of an MLflow dataset when it is needed, and tells its place.

    Args:
        owner: The MLflow dataset; its name and the project's root are known later than this.
        dataset: What the user gave as ``dataset``.
        filepath: What the user gave as ``filepath``.
        given: The arguments that the user gave beside them for the backend.
    """

    def __init__(
        self, owner: TrackedDataset, dataset: Any, filepath: str | None, given: dict[str, Any]
    ) -> None:
        self._owner = owner
        self._dataset = dataset
        self._filepath = filepath
        self.history: MetricHistory | None = None
        """How points are kept, if ``m`` is more than its last value."""
        name = owner.dataset_name or "dataset"
        if dataset == "m":
            self.history = MetricHistory.of(name, given["load_args"], given["save_args"])
            given = for_the_file(given)
        elif isinstance(dataset, str) and dataset in value_kinds.KINDS:
            check_no_metric(name, given)
        self._given = given
        self._made: AbstractDataset[Any, Any] | ValueFile | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    @property
    def kind(self) -> value_kinds.ValueKind | None:
        """How MLflow itself holds the value; None for a file."""
        if self.history is not None:
            return value_kinds.HISTORY
        return value_kinds.KINDS.get(self.name)

    @property
    def name(self) -> str:
        """The extension, or the letter; "" for a Kedro dataset."""
        return self._dataset if isinstance(self._dataset, str) else ""

    @property
    def has_place(self) -> bool:
        """Whether there is a file to save to; without a name and a path there is memory only."""
        named = self._filepath or self._owner.dataset_name
        return bool(named or not isinstance(self._dataset, str))

    def file(self) -> AbstractDataset[Any, Any] | ValueFile:
        """The backend on the local file; a value that MLflow holds itself is pickled there."""
        if self._made is None:
            dataset = self._dataset if self.kind is None else "pkl"
            path = self._path(dataset)
            if self.kind is not None and path and "://" not in path and not self._is_special:
                self._made = ValueFile(Path(path))
            else:
                self._made = self._make(dataset, path, self._given)
        return self._made

    def as_dataset(self) -> AbstractDataset[Any, Any]:
        """The backend as Kedro knows it."""
        file = self.file()
        return self._make("pkl", str(file.path), {}) if isinstance(file, ValueFile) else file

    @property
    def _is_special(self) -> bool:
        return any(value for name, value in self._given.items() if name != "metadata")

    def path(self, *, saving: bool) -> Path | None:
        """The local file or folder: see :func:`mlflow_on_kedro.datasets.local_files.local_path`."""
        file = self.file()
        return file.path if isinstance(file, ValueFile) else local_path(file, saving=saving)

    def place(self) -> Path | None:
        """The local file or folder of an artifact, without its version; None if it is remote."""
        return local_place(self.as_dataset())

    def before_save(self, data: Any, logged: Logged | None) -> Files:
        """Note the files of a folder: see :func:`.changed_files.before_save`."""
        file = self.file()
        return {} if isinstance(file, ValueFile) else before_save(file, data, logged)

    def whole_file(self) -> Path | None:
        """The local file, if each save writes all of it, and no other file; else None."""
        file = self.file()
        if isinstance(file, ValueFile) or not backends.writes_one_file(file):
            return None
        path = local_path(file, saving=True)
        if path is None or path.is_dir():
            return None
        return path.resolve() if path.is_symlink() else path

    def saving_to(self, path: Path) -> AbstractDataset[Any, Any]:
        """The backend on another local file."""
        return backends.at(self.as_dataset(), path.as_posix())

    def load(self) -> Any:
        """Load the file.

        Raises:
            DatasetError: It is missing, and then the message says how to get it from MLflow; or the
                backend cannot read it.
        """
        backend = self.file()
        try:
            return backend.load()
        except (DatasetError, OSError) as error:
            if backend.exists():
                raise
            raise DatasetError(f"{error}\n{ELSEWHERE}") from error

    def downloaded(self, path: str) -> AbstractDataset[Any, Any]:
        """The backend on a file that was downloaded, without what is of the local place alone."""
        dataset = self._dataset
        if isinstance(dataset, AbstractDataset):
            return backends.at(dataset, path)
        if isinstance(dataset, dict):
            own_place = ("filepath", "path", "versioned", "credentials")
            dataset = {key: item for key, item in dataset.items() if key not in own_place}
        return self._make(dataset, path, {**self._given, "version": None, "credentials": None})

    def artifact_name(self) -> str:
        """The name among a run's artifacts: that of the local file."""
        place = self._path(self._dataset)
        if isinstance(self._dataset, dict):
            place = self._dataset.get("filepath") or self._dataset.get("path") or place
        elif isinstance(self._dataset, AbstractDataset):
            place = str(backends.local_path(self._dataset, saving=False) or place)
        return PurePath(str(place)).name

    def release(self) -> None:
        """Release what the backend keeps."""
        if self._made is not None:
            self._made.release()

    def _path(self, dataset: Any) -> str | None:
        if self._filepath is not None:
            return self._owner.placed(self._filepath)
        has_own = isinstance(dataset, dict) and {"filepath", "path"} & dataset.keys()
        if has_own or isinstance(dataset, AbstractDataset):
            return None
        suffix = backends.suffix_of(dataset)
        return (self._owner.root / default_filepath(self._owner.key(), suffix)).as_posix()

    def _make(
        self, dataset: Any, path: str | None, given: dict[str, Any]
    ) -> AbstractDataset[Any, Any]:
        return backends.make(dataset, path, name=self._owner.dataset_name or "dataset", **given)
