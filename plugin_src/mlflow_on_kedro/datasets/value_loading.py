"""Loads a value from memory, the local file or MLflow, whichever has it first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from .saved_files import SavedValueLoaders

if TYPE_CHECKING:
    from .formats import AnyDataset
    from .local_backend import LocalBackend
    from .memory_cache import MemoryCache
    from .run_reader import RunReader
    from .tracked import TrackedDataset
    from .value_location import ValueLocation


class ValueLoader:
    """Decides where an ``MLflowDataset`` loads its value from.

    Args:
        owner: The MLflow dataset.
        backend: The dataset's backend.
        reader: Reads the value from runs.
        memory: The value in memory.
        run_id: The run that the user chose to load from.
        file_caching: Use the local file if it exists, before MLflow.
    """

    def __init__(
        self,
        owner: TrackedDataset,
        backend: LocalBackend,
        reader: RunReader,
        memory: MemoryCache,
        run_id: str | None,
        *,
        file_caching: bool,
    ) -> None:
        self._owner = owner
        self._backend = backend
        self._reader = reader
        self._memory = memory
        self._run_id = run_id
        self._file_caching = file_caching

    def load(self) -> Any:
        """Load the value.

        Raises:
            DatasetError: The value was not saved, or cannot be loaded.
        """
        in_memory_only = self._backend.in_memory_only
        chosen = self._owner.chosen_run() if self._run_id is None else None
        if chosen is not None and not in_memory_only:
            return self._reader.load(chosen)
        if self._memory.load is not None:
            return self._memory.load()
        if in_memory_only:
            raise DatasetError(f"'{self._owner.dataset_name}' was not saved yet in this process.")
        if self._run_id is None:
            if self._file_caching and self._has_local_value():
                return self._load_local()
            run_id = self._owner.run_to_load_from(self._reader.is_in_run)
        elif self._has_given_file():
            return self._backend.file().load()
        else:
            run_id = self._run_id
        return self._backend.load() if run_id is None else self._reader.load(run_id)

    def _load_local(self) -> Any:
        path = self._backend.path(saving=False)
        if self._memory.saves and path is not None and path.is_dir():
            return self._backend.load()
        loaders = SavedValueLoaders(
            from_file=self._backend.load,
            from_run=self._reader.load,
            is_value=self._reader.is_value,
            from_copy=lambda copy: self._backend.for_download(copy.as_posix()).load(),
        )
        return self._owner.load_saved(path, self._reader.is_in_run, loaders)

    def _has_local_value(self) -> bool:
        """Whether the local file exists, or did when this process saved it."""
        if not self._backend.has_file:
            return False
        path = self._backend.path(saving=False)
        was_saved = path is not None and self._owner.has_saved(path)
        return self._backend.file().exists() or was_saved

    def _has_given_file(self) -> bool:
        """Whether there is a file at the user's ``filepath``, to be used before the chosen run."""
        has_path = self._file_caching and self._owner.filepath is not None
        return has_path and self._backend.file().exists()

    def file_dataset(self) -> AnyDataset | None:
        """Return the Kedro dataset with the file of the value; None if there is no file."""
        if self._backend.in_memory_only or self._backend.kind is not None:
            return None
        run_id = self._run_id
        if run_id is None and self._backend.has_file and self._backend.file().exists():
            path = self._backend.path(saving=False)
            run_id = self._owner.run_instead_of(path, self._reader.is_in_run)
        return self._reader.dataset(run_id) if run_id else self._backend.as_dataset()

    def location(self) -> AnyDataset | ValueLocation | None:
        """Return where :meth:`load` loads from: the file, a run, or None for memory."""
        if self._backend.in_memory_only:
            return None
        chosen = self._chosen_location()
        if chosen is not None:
            return chosen
        return self._backend.as_dataset() if self._backend.has_file else None

    def chosen_source(self) -> str | None:
        """Return the URI in MLflow that the user chose to load from; None if there is none."""
        chosen = self._chosen_location()
        return chosen.uri if chosen is not None else None

    def _chosen_location(self) -> ValueLocation | None:
        if self._run_id is None or self._has_given_file():
            return None
        return self._reader.location(self._run_id)

    def exists(self) -> bool:
        """Whether there is a value to load."""
        if self._memory.load is not None:
            return True
        if not self._backend.has_file:
            return False
        if self._run_id is None or self._owner.filepath is not None:
            there = bool(self._backend.file().exists())
            if there or self._run_id is None:
                return there
        return self._reader.is_in_run(self._run_id)
