"""``TypeDispatchDataset``: one file whose Kedro dataset depends on what is saved."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import get_protocol_and_path

from .extensions import KINDS
from .factory import build
from .formats import AnyDataset, Backend, Format


class TypeDispatchDataset(AbstractVersionedDataset[Any, Any]):
    """A file whose backend is chosen by the class of the value that is saved.

    Each save and load makes the dataset that does it anew: only configuration is kept.
    """

    def __init__(
        self,
        *,
        kind: str,
        filepath: str,
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take what Kedro's file datasets take, and the extension (``kind``)."""
        import fsspec  # many projects never need it

        self._protocol, path = get_protocol_and_path(filepath, version)
        of_filesystem = {k: v for k, v in (fs_args or {}).items() if not k.startswith("open_args")}
        self._fs = fsspec.filesystem(self._protocol, **(credentials or {}), **of_filesystem)
        super().__init__(PurePosixPath(path), version, self._fs.exists, self._fs.glob)
        self._kind = kind
        self._load_args = load_args
        self._save_args = save_args
        self._access = {"credentials": credentials, "fs_args": fs_args}
        self.metadata = metadata

    @property
    def _backend(self) -> Backend:
        return KINDS[self._kind].at(self._filepath)

    def load(self) -> Any:
        """Load with the extension's own format, whatever the value was saved from."""
        return self._with(
            self._backend.format, self._get_load_path(), load_args=self._load_args
        ).load()

    def save(self, data: Any) -> None:
        """Save with the format that suits the value's class."""
        backend = self._backend
        writer = next((writer for writer in backend.writers if writer.takes(data)), None)
        if writer is None:
            known = ", ".join(w.value[0].removeprefix("builtins.") for w in backend.writers)
            raise DatasetError(
                f"dataset: {self._kind} cannot save a value of {type(data)} to {self._filepath}; "
                f"it saves: {known}"
            )
        path = self._get_save_path()
        save_args = dict(self._save_args or {})
        if writer.suffix_arg:
            save_args.setdefault(writer.suffix_arg, (path.suffix or backend.suffix).lstrip("."))
        options = {name: save_args.pop(name) for name in writer.options if name in save_args}
        value = writer.prepare(data, **options) if writer.prepare else data
        self._with(writer.format, path, save_args=save_args or None).save(value)
        self._fs.invalidate_cache()

    def _with(self, form: Format, path: PurePosixPath, **args: Any) -> AnyDataset:
        location = str(path) if self._protocol == "file" else f"{self._protocol}://{path}"
        given = {key: value for key, value in {**self._access, **args}.items() if value is not None}
        config = form.config({"filepath": location, **given})
        return build(self._filepath.name, config, None)

    def _exists(self) -> bool:
        return bool(self._fs.exists(str(self._get_load_path())))

    def _release(self) -> None:
        super()._release()
        self._fs.invalidate_cache()

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "kind": self._kind,
            "protocol": self._protocol,
            "load_args": self._load_args,
            "save_args": self._save_args,
            "version": self._version,
        }
