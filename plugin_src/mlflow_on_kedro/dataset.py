"""``MLflowDataset``: a value that is a local file like any other, and in MLflow as well."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError, MemoryDataset, Version

from . import backends, value_kinds, values
from .config import Config, Params, check_choice, override
from .downloads import download
from .secrets import mask_urls
from .store import connect
from .tracked import TrackedDataset, default_filepath


class MLflowDataset(TrackedDataset):
    """Saves a value to a file and to MLflow, and loads it back from either.

    Args:
        dataset: What the value is in MLflow: ``p`` a parameter, ``m`` a metric, ``a`` either, by
            its type; a file extension such as ``pkl`` or ``csv`` an artifact, stored by the Kedro
            dataset for it; a dict as in a catalog, or a dataset object, an artifact stored by that
            dataset; None keeps the value in memory only.
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
            catalog), ``credentials``, ``fs_args`` and ``metadata``.
        too_long: What happens to a long parameter value: ``truncate``, ``tag``, ``artifact`` or
            ``error``. Default: as in mlflow.yml.
        max_length: The longest parameter value in characters. Default: as in mlflow.yml.

    Raises:
        DatasetError: ``dataset`` is no known extension; the message lists them.
        ConfigError: ``too_long`` is no known way.

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
    ) -> None:
        if isinstance(dataset, str):
            backends.check_kind(dataset)
        if too_long is not None:
            check_choice("too_long", too_long, values.TOO_LONG_CHOICES, dataset_name or "dataset")
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
        self._artifact_path = artifact_path
        self._beside: dict[str, Any] = {
            "load_args": load_args,
            "save_args": save_args,
            "version": version,
            "credentials": credentials,
            "fs_args": fs_args,
            "metadata": metadata,
        }
        self._too_long = too_long
        self._max_length = max_length
        # What is in memory only reaches no other process, and no later run.
        self._EPHEMERAL = self._SINGLE_PROCESS = dataset is None
        self._start_local_state()

    def _start_local_state(self) -> None:
        self._backend: AbstractDataset[Any, Any] | None = None
        self._cache: AbstractDataset[Any, Any] | None = None
        self._saves = 0

    def __getstate__(self) -> dict[str, Any]:
        # Values stay where they are: another process loads from the file or from MLflow.
        return {**self.__dict__, "_backend": None, "_cache": None, "_saves": 0}

    # -- saving --------------------------------------------------------------------------------

    def save(self, data: Any) -> None:
        """Save to the file and to the run."""
        kind = self._value_kind()
        if kind is not None:
            kind.check(self.dataset_name or "the value", data)
        self._keep(data)
        if self.dataset is None:
            return
        if self._has_place():
            self._file().save(data)
        with self.saving_run() as run:
            if run is None:
                return
            if kind is not None:
                kind.log(run, self.key(), data, self._limits(run.config))
            else:
                path = backends.local_path(self._file(), saving=True)
                if path is not None:
                    run.log_artifact(path, self._artifact_folder())

    def _keep(self, data: Any) -> None:
        # A generator node saves chunk after chunk; the last one is not the value.
        self._saves += 1
        if self._caching and (self._saves == 1 or self.dataset is None):
            self._cache = MemoryDataset(copy_mode=self._copy_mode)  # type: ignore[arg-type]
            self._cache.save(data)
        else:
            self._cache = None

    def _limits(self, config: Config) -> Params:
        return override(config.params, too_long=self._too_long, max_length=self._max_length)

    # -- loading -------------------------------------------------------------------------------

    def load(self) -> Any:
        """Load from memory, the file or MLflow, whichever has it first."""
        if self._cache is not None:
            return self._cache.load()
        if self.dataset is None:
            raise DatasetError(f"'{self.dataset_name}' was not saved yet in this process.")
        if self._loading_run_id is None:
            if self._file_caching and self._has_place() and self._file().exists():
                return self._file().load()
            run = self.run()
            run_id = run.run_id if run is not None else None
        elif self._file_caching and self.filepath is not None and self._file().exists():
            return self._file().load()
        else:
            run_id = self._loading_run_id
        if run_id is None:
            return self._file().load()  # Kedro's own message says which file is missing
        return self._load_from_run(run_id)

    def _load_from_run(self, run_id: str) -> Any:
        uri = self.loading_uri(self._loading_tracking_uri)
        kind = self._value_kind()
        if kind is not None:
            try:
                return kind.read(connect(uri), run_id, self.key())
            except KeyError:
                what = {"p": "parameter", "m": "metric"}.get(str(self.dataset), "value")
                raise DatasetError(
                    f"Run {run_id} in MLflow at {mask_urls(uri)} has no {what} '{self.key()}'."
                ) from None
            except Exception as error:
                raise DatasetError(
                    f"'{self.key()}' cannot be loaded from run {run_id} in MLflow at "
                    f"{mask_urls(uri)}: {mask_urls(str(error))}"
                ) from None
        artifact = "/".join(part for part in (self._artifact_path, self._artifact_name()) if part)
        reuse = self._file_caching and self._loading_run_id is not None
        path = download(uri, run_id, artifact, self.root, reuse=reuse)
        return self._make(self.dataset, path.as_posix(), downloaded=True).load()

    # -- the backend ---------------------------------------------------------------------------

    def _value_kind(self) -> value_kinds.ValueKind | None:
        return value_kinds.KINDS.get(self.dataset) if isinstance(self.dataset, str) else None

    def _has_place(self) -> bool:
        """Whether there is a file to save to; without a name and a path there is memory only."""
        return bool(self.filepath or self.dataset_name or not isinstance(self.dataset, str))

    def _file(self) -> AbstractDataset[Any, Any]:
        if self._backend is None:
            kind = "pkl" if self._value_kind() is not None else self.dataset
            self._backend = self._make(kind, self._path(kind))
        return self._backend

    def _path(self, dataset: Any) -> str | None:
        if self.filepath is not None:
            return self.filepath
        if isinstance(dataset, AbstractDataset) or (
            isinstance(dataset, dict) and {"filepath", "path"} & dataset.keys()
        ):
            return None
        suffix = backends.suffix_of(dataset)
        return (self.root / default_filepath(self.key(), suffix)).as_posix()

    def _make(
        self, dataset: Any, filepath: str | None, *, downloaded: bool = False
    ) -> AbstractDataset[Any, Any]:
        given = dict(self._beside)
        if downloaded:  # one file, without the versions and credentials of the local place
            given |= {"version": None, "credentials": None}
            if isinstance(dataset, dict):
                own_place = ("filepath", "path", "versioned", "credentials")
                dataset = {key: item for key, item in dataset.items() if key not in own_place}
            elif isinstance(dataset, AbstractDataset):
                return backends.at(dataset, str(filepath))
        return backends.make(dataset, filepath, name=self.dataset_name or "dataset", **given)

    def _artifact_name(self) -> str:
        """The name of the file among a run's artifacts: that of the local file."""
        if isinstance(self.dataset, AbstractDataset) or self._path(self.dataset) is None:
            path = backends.local_path(self._file(), saving=False)
            if path is not None:
                return path.name
        return Path(str(self._path(self.dataset))).name

    def _artifact_folder(self) -> str:
        path = backends.local_path(self._file(), saving=True)
        parts = [self._artifact_path, path.name if path is not None and path.is_dir() else None]
        return "/".join(part for part in parts if part)

    # -- Kedro's other duties ------------------------------------------------------------------

    def _exists(self) -> bool:
        if self._cache is not None:
            return True
        if self.dataset is None or not self._has_place():
            return False
        if self._loading_run_id is not None:
            return True
        return bool(self._file().exists())

    def _release(self) -> None:
        self._saves = 0
        self._cache = None
        if self._backend is not None:
            self._backend.release()

    def _describe(self) -> dict[str, Any]:
        given = {
            "dataset": self.dataset,
            "filepath": self.filepath,
            "dataset_name": self.dataset_name,
            "artifact_path": self._artifact_path,
            "saving_tracking_uri": self._saving_tracking_uri,
            "saving_experiment_name": self._saving_experiment_name,
            "saving_run_id": self._saving_run_id,
            "loading_tracking_uri": self._loading_tracking_uri,
            "loading_run_id": self._loading_run_id,
        }
        return {
            key: mask_urls(value) if isinstance(value, str) else value
            for key, value in given.items()
            if value is not None
        }
