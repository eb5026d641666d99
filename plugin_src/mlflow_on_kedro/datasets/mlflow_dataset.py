"""``MLflowDataset``: a value that is a local file like any other, and in MLflow as well."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError, MemoryDataset, Version

from ..config import sections
from ..config.checks import check_choice
from ..config.parsing import override
from ..config.sections import Config, Params
from ..errors import ConfigError
from ..journal.snapshot import state_of
from ..tracking.downloads import artifact_folder
from ..utils.secrets import without_secrets
from . import backends, factory, images, metrics
from .arguments import check_uri
from .artifact_saving import ArtifactSaving
from .local_backend import LocalBackend
from .partitions import is_partitioned
from .run_reader import RunReader
from .saved_files import LoadSaved
from .tracked import TrackedDataset

if TYPE_CHECKING:
    from .value_location import Origin

logger = logging.getLogger(__name__)

_COPY_MODES = ("deepcopy", "copy", "assign")
_UNCHANGING = (int, float, str, bytes)


class MLflowDataset(TrackedDataset):
    """Saves a value to a file and to MLflow, and loads it back from either.

    Args:
        dataset: What the value is in MLflow: ``p`` a parameter, ``m`` a metric or its series, ``a``
            either, by its type; a file extension such as ``pkl`` or ``csv``, or ``table``,
            ``dict``, ``text``, ``figure`` or ``images``, an artifact, stored by the Kedro dataset
            for it; ``confusion_matrix``, ``roc``, ``precision_recall``, ``calibration`` or
            ``residuals``, a plot of predictions; a dict as in a catalog, or a dataset object, an
            artifact stored by that dataset; None
            keeps the value in memory only.
        filepath: The local file. Default: ``data/mlflow/<dataset name>.<extension>`` in the
            project.
        dataset_name: The name in MLflow. Default: the catalog's name.
        saving_tracking_uri: Save to this MLflow instead of the run's.
        saving_experiment_name: Save to a run of its own in this experiment.
        saving_run_id: Save to this run.
        loading_tracking_uri: Load from this MLflow.
        loading_run_id: Load from this run. An artifact is downloaded to a folder of its own, never
            over a local file.
        caching: Keep the value in memory for the next node.
        copy_mode: How the kept value is handed out: ``deepcopy``, ``copy`` or ``assign``, as in
            Kedro's ``MemoryDataset``.
        file_caching: Use the local file when it is there, before asking MLflow.
        artifact_path: A folder inside the run's artifacts.
        load_args: For the backend, as are ``save_args``, ``version`` (``versioned: true`` in a
            catalog), ``credentials``, ``fs_args`` and ``metadata``. For ``m``, ``mode`` in
            ``save_args`` is ``overwrite`` or ``append``, where steps continue after those that the
            run has, and in ``load_args`` ``list``, ``dict`` or ``history``, for all points;
            ``step`` is the first step that is saved, or the one that is loaded.
        too_long: What happens to a long parameter value: ``truncate``, ``tag``, ``artifact`` or
            ``error``. Default: as in mlflow.yml.
        max_length: The longest parameter value in characters. Default: as in mlflow.yml.
        prefix: What the names of metrics (``m``) begin with, before a dot; ``""`` leaves them as
            they are in the dict that is saved. Default: ``dataset_name``.

    Raises:
        DatasetError: ``dataset`` is no known extension (the message lists them),
            ``artifact_path`` leads out of the run's artifacts, or no MLflow can be at a URI.
        ConfigError: ``too_long``, ``copy_mode`` or ``mode`` is no known way, or ``prefix`` or
            ``step`` is given for what is no metric.

    Example:
        >>> score = MLflowDataset(dataset="m", dataset_name="score")
        >>> score.save(0.9)
        >>> score.load()
        0.9
    """

    def __init__(
        self,
        dataset: str | dict[str, Any] | AbstractDataset[Any, Any] | None = None,
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        saving_tracking_uri: str | None = None,
        saving_experiment_name: str | None = None,
        saving_run_id: str | None = None,
        loading_tracking_uri: str | None = None,
        loading_run_id: str | None = None,
        caching: bool = True,
        copy_mode: str | None = None,
        file_caching: bool = True,
        *,
        artifact_path: str | None = None,
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        too_long: str | None = None,
        max_length: int | None = None,
        prefix: str | None = None,
    ) -> None:
        if isinstance(dataset, str):
            backends.check_kind(dataset)
        if too_long is not None:
            words = sections.choices(Params)["too_long"]
            check_choice("too_long", too_long, words, dataset_name or "dataset")
        if copy_mode is not None:
            check_choice("copy_mode", copy_mode, _COPY_MODES, dataset_name or "dataset")
        if dataset == "images" and artifact_path is not None:
            raise DatasetError(
                "dataset: images takes no `artifact_path`: MLflow shows pictures by their steps "
                f"only in the folder '{images.FOLDER}'."
            )
        if prefix is not None and dataset != "m":
            raise ConfigError(
                f"{dataset_name or 'dataset'}: `prefix` is for metrics (`dataset: m`). The name of "
                "anything else is `dataset_name`."
            )
        check_uri("saving_tracking_uri", saving_tracking_uri)
        check_uri("loading_tracking_uri", loading_tracking_uri)
        self.dataset = dataset
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._saving_tracking_uri = saving_tracking_uri
        self._saving_experiment_name = saving_experiment_name
        self._saving_run_id = saving_run_id
        self._loading_tracking_uri = loading_tracking_uri
        self._loading_run_id = loading_run_id
        self._caching = caching or dataset is None
        self._copy_mode = copy_mode
        self._file_caching = file_caching
        self._artifact_path = artifact_folder(artifact_path) if artifact_path else None
        given = {
            "load_args": load_args,
            "save_args": save_args,
            "version": version,
            "credentials": credentials,
            "fs_args": fs_args,
            "metadata": metadata,
        }
        self._given: dict[str, Any] = given
        self._backing = LocalBackend(self, dataset, self.filepath, given)
        self._in_run = RunReader(
            self,
            self._backing,
            self._artifact_path,
            loading_tracking_uri,
            chosen=loading_run_id is not None,
            reuse=file_caching,
        )
        self._saving = ArtifactSaving(self, self._backing, self._in_run)
        self._too_long = too_long
        self._max_length = max_length
        self._prefix = prefix
        # What is in memory only reaches no other process, and no later run.
        self._EPHEMERAL = self._SINGLE_PROCESS = dataset is None
        self._start_local_state()

    def _start_local_state(self) -> None:
        self._cache: Callable[[], Any] | None = None
        self._saves = 0

    def __getstate__(self) -> dict[str, Any]:
        # Values stay where they are: another process loads from the file or from MLflow.
        return {**self.__dict__, "_cache": None, "_saves": 0}

    def check(self) -> None:
        """Find missing packages, and a dataset that cannot be made, before the pipeline runs."""
        if isinstance(self.dataset, dict) and self.dataset.get("type"):
            factory.check(self.dataset_name or "dataset", self.dataset)
        elif isinstance(self.dataset, str) and self._backing.kind is None:
            given = {name: value for name, value in self._given.items() if value is not None}
            backends.check_installed(self.dataset, given)

    def key_in_run(self) -> str:
        """``prefix``, or the dataset's name."""
        return self.key() if self._prefix is None else self._prefix

    def artifact_place(self) -> str | None:
        """The usual place among the artifacts of the pipeline's run."""
        elsewhere = self._saving_run_id or self._saving_experiment_name or self._saving_tracking_uri
        is_none = self.dataset is None or elsewhere or self._backing.kind is not None
        if self.dataset == "images":  # MLflow shows them in one folder; no two have one name
            return None
        return None if is_none or not self._backing.has_place else self._in_run.artifact

    def local_place(self) -> Path | None:
        """The local file or folder of an artifact, without its version."""
        return self._backing.place()

    # -- saving --------------------------------------------------------------------------------

    def save(self, data: Any) -> None:
        """Save to the file and to the run."""
        kind = self._backing.kind
        if kind is not None:
            kind.check(self.dataset_name or "the value", data)
        if self._prefix == "" and not metrics.has_names(data):
            raise DatasetError(
                f"'{self.dataset_name}' is one metric and has no name with `prefix: \"\"`. Save a "
                "dict of names and numbers, or leave `prefix` out."
            )
        if self._backing.history is not None:
            with self.saving_run() as run:
                key = self.key_in_run() if run is not None else ""
                data = self._backing.history.log(run, key, data)
            self._keep(data)
            self._save_value(data)
            return
        self._keep(data)
        if self.dataset is None:
            return
        if kind is None:
            self._saving.save(data)
            return
        self._save_value(data)
        with self.saving_run() as run:
            if run is not None:
                kind.log(run, self.key_in_run(), data, self._limits(run.config))

    def _save_value(self, data: Any) -> None:
        """Save to the file what MLflow itself holds; it is for other processes' sake only."""
        if not self._backing.has_place:
            return
        path = self._backing.path(saving=True)
        try:
            state = self._backing.file().save(data)
            if state is None and path is not None:
                state = state_of(path)
        except (DatasetError, OSError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            logger.info("'%s' has no local file: %s.", self.dataset_name, cause)
        else:
            self.note_saved(path, state)

    def _keep(self, data: Any) -> None:
        # A generator node saves chunk after chunk; the last one is not the value.
        self._saves += 1
        in_memory_only = self.dataset is None or not self._backing.has_place
        if in_memory_only or (self._caching and self._saves == 1 and self._gives_back()):
            self._cache = _kept(data, self._copy_mode)
        else:
            self._cache = None

    def _gives_back(self) -> bool:
        # Partitions are loaded as functions, or those after a checkpoint: not what was saved.
        return isinstance(self.dataset, str) or not is_partitioned(self._backing.as_dataset())

    def _limits(self, config: Config) -> Params:
        return override(config.params, too_long=self._too_long, max_length=self._max_length)

    # -- loading -------------------------------------------------------------------------------

    def load(self) -> Any:
        """Load from memory, the file or MLflow, whichever has it first."""
        history = self._backing.history
        return self._whole() if history is None else history.shown(self._whole())

    def of_run(self, run_id: str, uri: str) -> MLflowDataset:
        """The same dataset, but one that loads what a certain run has saved.

        Args:
            run_id: The run.
            uri: The tracking URI of the MLflow that has it.
        """
        other = copy.copy(self)
        in_run = RunReader(other, self._backing, self._artifact_path, uri, chosen=True, reuse=False)
        vars(other).update(_cache=None, _file_caching=False, _loading_run_id=run_id, _in_run=in_run)
        return other

    def file(self) -> AbstractDataset[Any, Any] | None:
        """The Kedro dataset on the file that holds the value; None if no file does.

        It is the local file, or where that is another run's, the run's own, brought here.
        """
        if self.dataset is None or self._backing.kind is not None:
            return None
        run_id = self._loading_run_id
        if run_id is None and self._backing.has_place and self._backing.file().exists():
            run_id = self.run_instead_of(self._backing.path(saving=False), self._in_run.is_in)
        return self._in_run.file(run_id) if run_id else self._backing.as_dataset()

    def _whole(self) -> Any:
        chosen = self.chosen_run() if self._loading_run_id is None else None
        if chosen is not None and self.dataset is not None:
            return self._in_run.load(chosen)
        if self._cache is not None:
            return self._cache()
        if self.dataset is None:
            raise DatasetError(f"'{self.dataset_name}' was not saved yet in this process.")
        if self._loading_run_id is None:
            if self._file_caching and self._backing.has_place and self._is_here():
                return self._local()
            run = self.run()
            if run is not None:
                run.flush()
            run_id = run.run_id if run is not None and run.opened is not None else None
            run_id = self.run_with(run_id, self._in_run.is_in)
        elif self._has_own_file():
            return self._backing.file().load()
        else:
            run_id = self._loading_run_id
        if run_id is None:
            return self._backing.load()
        return self._in_run.load(run_id)

    def _local(self) -> Any:
        path = self._backing.path(saving=False)
        if self._saves and path is not None and path.is_dir():
            return self._backing.load()
        return self.load_saved(path, self._in_run.is_in, self._loads)

    def _is_here(self) -> bool:
        path = self._backing.path(saving=False)
        return self._backing.file().exists() or (path is not None and self.has_saved(path))

    @property
    def _loads(self) -> LoadSaved:
        return LoadSaved(
            from_file=self._backing.load,
            from_run=self._in_run.load,
            is_meant=self._in_run.is_entry,
            from_copy=lambda path: self._backing.downloaded(path.as_posix()).load(),
        )

    def _has_own_file(self) -> bool:
        """Whether there is a file at ``filepath``, to be used before a run is asked."""
        return self._file_caching and self.filepath is not None and self._backing.file().exists()

    def origin(self) -> AbstractDataset[Any, Any] | Origin | None:
        """Say where :meth:`load` has the value from: the file, a run, or None for memory."""
        if self.dataset is None:
            return None
        if self._loading_run_id is not None and not self._has_own_file():
            return self._in_run.origin(self._loading_run_id)
        return self._backing.as_dataset() if self._backing.has_place else None

    def chosen_source(self) -> str | None:
        """The URI in MLflow that the user chose to load from; None: the project's own value."""
        if self._loading_run_id is None or self._has_own_file():
            return None
        return self._in_run.origin(self._loading_run_id).uri

    # -- Kedro's other duties ------------------------------------------------------------------

    def confirm(self) -> None:
        """Tell the backend that what it gave is processed, as an ``IncrementalDataset`` wants it.

        Raises:
            DatasetError: The backend has nothing to confirm.
        """
        backend = self._backing.file() if self.dataset is not None else None
        confirm = getattr(backend, "confirm", None)
        if confirm is None:
            raise DatasetError(f"'{self.dataset_name}' has nothing to confirm: {backend}")
        confirm()

    def _exists(self) -> bool:
        if self._cache is not None:
            return True
        if self.dataset is None or not self._backing.has_place:
            return False
        if self._loading_run_id is None or self.filepath is not None:
            there = bool(self._backing.file().exists())
            if there or self._loading_run_id is None:
                return there
        return self._in_run.is_in(self._loading_run_id)

    def _release(self) -> None:
        self._saves = 0
        self._cache = None
        self._backing.release()

    def _describe(self) -> dict[str, Any]:
        given = {
            "dataset": self.dataset,
            "filepath": self.filepath,
            "dataset_name": self.dataset_name,
            "prefix": self._prefix,
            "artifact_path": self._artifact_path,
            "saving_tracking_uri": self._saving_tracking_uri,
            "saving_experiment_name": self._saving_experiment_name,
            "saving_run_id": self._saving_run_id,
            "loading_tracking_uri": self._loading_tracking_uri,
            "loading_run_id": self._loading_run_id,
            "load_args": self._given["load_args"],
            "save_args": self._given["save_args"],
        }
        shown = {name: without_secrets(value) for name, value in given.items() if value is not None}
        version = self._given["version"]
        return shown if version is None else {**shown, "version": version}


def _kept(data: Any, copy_mode: str | None) -> Callable[[], Any]:
    """Keep a value in memory, and give what hands it out."""
    if isinstance(data, _UNCHANGING):  # to find out how to copy it costs more than to keep it
        return lambda: data
    memory = MemoryDataset(copy_mode=copy_mode)  # type: ignore[arg-type]
    memory.save(data)
    return memory.load


# PipelineX's spelling of the same class.
MLflowDataSet = MLflowDataset
