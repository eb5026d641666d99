"""``MLflowDataset``: a value that is saved to a local file and to MLflow."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError, Version

from ..tracking.downloads import artifact_folder
from ..utils.secrets import without_secrets
from . import backends, factory, wrapped
from .arguments import check_dataset_arguments
from .artifact_saving import ArtifactSaver
from .extension_names import canonical
from .local_backend import LocalBackend
from .memory_cache import MemoryCache
from .partitions import is_partitioned
from .run_reader import RunReader
from .tracked import TrackedDataset
from .value_loading import ValueLoader
from .value_saving import ValueSaver

if TYPE_CHECKING:
    from .formats import AnyDataset
    from .value_location import ValueLocation


class MLflowDataset(TrackedDataset):
    """Saves a value to a file and to MLflow, and loads it from either.

    Args:
        dataset: What the value is in MLflow. ``p`` or ``param``: a parameter; ``m`` or
            ``metric``: a metric or a series of one, or a metric for each name in the index of a
            Series; ``a`` or ``auto``: a parameter or metric, by the value's type. For an artifact:
            a file extension such as ``pkl`` (or ``artifact``) or ``csv``; ``table``, ``dict``,
            ``text``, ``figure`` or ``images``; a plot of predictions: ``confusion_matrix``,
            ``roc``, ``precision_recall``, ``calibration`` or ``residuals``; a dict as in a catalog,
            or a Kedro dataset. None: the value is in memory only.
        filepath: The local file. Default: ``data/mlflow/<dataset name>.<extension>`` in the
            project.
        dataset_name: The name in MLflow. Default: the catalog's name.
        saving_tracking_uri: Save to this MLflow instead of the run's.
        saving_experiment_name: Save to a new run in this experiment.
        saving_run_id: Save to this run.
        loading_tracking_uri: Load from this MLflow.
        loading_run_id: Load from this run. An artifact is downloaded to a separate folder, never
            over a local file.
        caching: Keep the value in memory for the next node.
        copy_mode: How a value from memory is returned: ``deepcopy``, ``copy`` or ``assign``, as in
            Kedro's ``MemoryDataset``.
        file_caching: Use the local file if it exists, before MLflow.
        artifact_path: A folder inside the run's artifacts.
        load_args: For the Kedro dataset with the file, as are ``save_args``, ``version``
            (``versioned: true`` in a catalog), ``credentials``, ``fs_args`` and ``metadata``. For
            ``m``, ``mode`` in ``save_args`` is ``overwrite`` or ``append``, which continues after
            the steps that the run has, and in ``load_args`` ``list``, ``dict`` or ``history``, for
            all points; ``step`` is the first step to save, or the step to load.
        too_long: What happens to a long parameter value: ``truncate``, ``tag``, ``artifact`` or
            ``error``. Default: as in mlflow.yml.
        max_length: The longest parameter value in characters. Default: as in mlflow.yml.
        prefix: What the names of metrics (``m``) begin with, before a dot; ``""``: the names are
            those of the dict that is saved. Default: ``dataset_name``.

    Raises:
        DatasetError: ``dataset`` is not a known extension (the message lists them),
            ``artifact_path`` is outside of the run's artifacts, or a URI is no tracking URI.
        ConfigError: ``too_long``, ``copy_mode`` or ``mode`` is unknown, ``max_length`` is below 1,
            or ``prefix`` or ``step`` is not for a metric.

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
        dataset = canonical(dataset)
        check_dataset_arguments(
            dataset_name or "dataset",
            dataset,
            copy_mode=copy_mode,
            artifact_path=artifact_path,
            too_long=too_long,
            max_length=max_length,
            prefix=prefix,
            saving_tracking_uri=saving_tracking_uri,
            loading_tracking_uri=loading_tracking_uri,
        )
        self.dataset = dataset
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata if metadata is not None else wrapped.metadata_of(dataset)
        self._saving_tracking_uri = saving_tracking_uri
        self._saving_experiment_name = saving_experiment_name
        self._saving_run_id = saving_run_id
        self._loading_run_id = loading_run_id
        self._caching = caching
        self._artifact_path = artifact_folder(artifact_path) if artifact_path else None
        self._prefix = prefix
        self._backend_args: dict[str, Any] = {
            "load_args": load_args,
            "save_args": save_args,
            "version": version,
            "credentials": credentials,
            "fs_args": fs_args,
            "metadata": metadata,
        }
        self._memory = MemoryCache(copy_mode)
        self._backend = LocalBackend(self, dataset, self.filepath, self._backend_args)
        self._load_from(loading_tracking_uri, loading_run_id, file_caching=file_caching)
        self._saver: ArtifactSaver | ValueSaver
        if self._backend.kind is None:
            self._saver = ArtifactSaver(self, self._backend, self._reader)
        else:
            limits = {"too_long": too_long, "max_length": max_length}
            self._saver = ValueSaver(self, self._backend, limits, has_prefix=prefix != "")
        # A value in memory only reaches no other process and no later run.
        self._EPHEMERAL = self._SINGLE_PROCESS = dataset is None

    def _load_from(self, uri: str | None, run_id: str | None, *, file_caching: bool) -> None:
        self._loading_tracking_uri = uri
        self._loading_run_id = run_id
        self._reader = RunReader(
            self,
            self._backend,
            self._artifact_path,
            uri,
            is_chosen=run_id is not None,
            reuse=file_caching,
        )
        self._loader = ValueLoader(
            self, self._backend, self._reader, self._memory, run_id, file_caching=file_caching
        )

    def for_run(self, run_id: str, uri: str) -> MLflowDataset:
        """Return the same dataset, which loads what a certain run has saved.

        Args:
            run_id: The run.
            uri: The tracking URI of the MLflow that has the run.
        """
        other = copy.copy(self)
        vars(other).update(_memory=MemoryCache(None))
        other._load_from(uri, run_id, file_caching=False)  # noqa: SLF001 - of the same class
        return other

    def check(self) -> None:
        """Find missing packages, and a dataset that cannot be made, before the pipeline runs."""
        name = self.dataset_name or "dataset"
        if self.dataset is not None:
            backends.check_is_dataset(name, self.dataset)
        if isinstance(self.dataset, dict):
            factory.check(name, self.dataset)
        elif isinstance(self.dataset, str) and self._backend.kind is None:
            backends.check_installed(self.dataset, self._backend_args)

    # -- names and paths ------------------------------------------------------------------------

    def key_in_run(self) -> str:
        """Return ``prefix``, or the dataset's name."""
        return self.key() if self._prefix is None else self._prefix

    def artifact_path(self) -> str | None:
        """Return the usual path among the artifacts of the pipeline's run."""
        is_artifact = self._backend.has_file and self._backend.kind is None
        if not is_artifact or self._saves_elsewhere:
            return None
        # Pictures must be in MLflow's own folder, where their file names are unique.
        return None if self.dataset == "images" else self._reader.artifact

    def unversioned_path(self) -> Path | None:
        """Return the local file or folder of an artifact, without its version."""
        return self._backend.unversioned_path()

    # -- saving and loading ---------------------------------------------------------------------

    def save(self, data: Any) -> None:
        """Save to the file and to the run."""
        data = self._saver.prepare(data)
        self._keep_in_memory(data)
        if self.dataset is not None:
            self._saver.save(data)

    def _keep_in_memory(self, data: Any) -> None:
        # A generator node saves chunk after chunk, and the last one is not the whole value.
        is_first = self._memory.saves == 0
        keep = not self._backend.has_file or (
            self._caching and is_first and self._loads_what_it_saves()
        )
        self._memory.record(data, keep=keep)

    def _loads_what_it_saves(self) -> bool:
        # Partitions are loaded as functions, or only those after a checkpoint.
        return isinstance(self.dataset, str) or not is_partitioned(self._backend.as_dataset())

    def load(self) -> Any:
        """Load from memory, the file or MLflow, whichever has the value first."""
        history = self._backend.history
        value = self._loader.load()
        return value if history is None else history.in_form(value)

    def file_dataset(self) -> AnyDataset | None:
        """Return the Kedro dataset with the file of the value; None if there is no file.

        It is the local file, or if another run has written that, the run's own, downloaded.
        """
        return self._loader.file_dataset()

    def value_location(self) -> AnyDataset | ValueLocation | None:
        """Return where :meth:`load` loads from: the file, a run, or None for memory."""
        return self._loader.location()

    def chosen_source(self) -> str | None:
        """Return the URI in MLflow that the user chose to load from; None if there is none."""
        return self._loader.chosen_source()

    # -- what Kedro-Viz shows -------------------------------------------------------------------

    @property
    def preview(self) -> Callable[..., Any]:
        """The method ``preview`` of the Kedro dataset with the file.

        Raises:
            AttributeError: That dataset has none, so this one has none.
        """
        return wrapped.preview_of(self._backend.as_dataset, self.file_dataset)

    @property
    def _filepath(self) -> str | None:
        """The path of the file, under the name that Kedro's datasets have for it."""
        return self.filepath or wrapped.path_of(self.dataset)

    # -- Kedro's other methods ------------------------------------------------------------------

    def confirm(self) -> None:
        """Confirm that the loaded partitions were processed, as for an ``IncrementalDataset``.

        Raises:
            DatasetError: The Kedro dataset has nothing to confirm.
        """
        backend = self._backend.file() if self.dataset is not None else None
        confirm = getattr(backend, "confirm", None)
        if confirm is None:
            raise DatasetError(f"'{self.dataset_name}' has nothing to confirm: {backend}")
        confirm()

    def _exists(self) -> bool:
        return self._loader.exists()

    def _release(self) -> None:
        self._memory.clear()
        self._backend.release()

    def _describe(self) -> dict[str, Any]:
        arguments = {
            "dataset": self.dataset,
            "filepath": self._filepath,
            "dataset_name": self.dataset_name,
            "prefix": self._prefix,
            "artifact_path": self._artifact_path,
            "saving_tracking_uri": self._saving_tracking_uri,
            "saving_experiment_name": self._saving_experiment_name,
            "saving_run_id": self._saving_run_id,
            "loading_tracking_uri": self._loading_tracking_uri,
            "loading_run_id": self._loading_run_id,
            "load_args": self._backend_args["load_args"],
            "save_args": self._backend_args["save_args"],
        }
        given = {key: without_secrets(item) for key, item in arguments.items() if item is not None}
        version = self._backend_args["version"]
        return given if version is None else {**given, "version": version}


# PipelineX's spelling of the same class.
MLflowDataSet = MLflowDataset
