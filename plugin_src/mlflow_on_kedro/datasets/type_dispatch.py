"""``TypeDispatchDataset``: a file whose Kedro dataset depends on the class of the saved value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, NewType

from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import get_protocol_and_path

from . import wrapped
from .extensions import EXTENSIONS, FIGURE
from .factory import build
from .formats import AnyDataset, Backend, Format

# Kedro-Viz draws a preview by the name of this type.
TablePreview = NewType("TablePreview", dict[str, Any])
# What a browser shows of bytes that are said to be a PNG, as Kedro-Viz says of each picture.
_PICTURES = frozenset({".png", ".jpg", ".jpeg"})


class TypeDispatchDataset(AbstractVersionedDataset[Any, Any]):
    """A file for which the class of the saved value chooses the Kedro dataset.

    The dataset is made anew for each save and load, so only configuration has to be pickled.
    """

    def __init__(
        self,
        *,
        extension: str,
        filepath: str,
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the extension, and the arguments of Kedro's file datasets."""
        import fsspec  # many projects never need it

        self._protocol, path = get_protocol_and_path(filepath, version)
        fs_options = {k: v for k, v in (fs_args or {}).items() if not k.startswith("open_args")}
        self._fs = fsspec.filesystem(self._protocol, **(credentials or {}), **fs_options)
        super().__init__(PurePosixPath(path), version, self._fs.exists, self._fs.glob)
        self._extension = extension
        self._load_args = load_args
        self._save_args = save_args
        self._access = {"credentials": credentials, "fs_args": fs_args}
        self.metadata = metadata

    @property
    def _backend(self) -> Backend:
        return EXTENSIONS[self._extension].at(self._filepath)

    def load(self) -> Any:
        """Load with the extension's format for loading."""
        form, path = self._backend.format, self._get_load_path()
        return self._dataset_for(form, path, load_args=self._load_args).load()

    def save(self, data: Any) -> None:
        """Save with the format for the value's class.

        Raises:
            DatasetError: The extension has no format for it.
        """
        backend = self._backend
        writer = next((writer for writer in backend.writers if writer.takes(data)), None)
        if writer is None:
            known = ", ".join(w.classes[0].removeprefix("builtins.") for w in backend.writers)
            raise DatasetError(
                f"dataset: {self._extension} cannot save a value of {type(data)} to "
                f"{self._filepath}; it saves: {known}"
            )
        path = self._get_save_path()
        save_args = dict(self._save_args or {})
        if writer.suffix_arg:
            save_args.setdefault(writer.suffix_arg, (path.suffix or backend.suffix).lstrip("."))
        options = {name: save_args.pop(name) for name in writer.options if name in save_args}
        value = writer.prepare(data, **options) if writer.prepare else data
        self._dataset_for(writer.format, path, save_args=save_args or None).save(value)
        self._fs.invalidate_cache()

    @property
    def preview(self) -> Callable[..., Any]:
        """The preview of the file's format; of a picture, that of a Matplotlib figure.

        Raises:
            AttributeError: The format has none, or there is no file.
        """
        own = self._backend.format
        if own.load_args.get("orient") == "split":
            return self._first_rows
        form = FIGURE if self._filepath.suffix.lower() in _PICTURES else own
        load_args = self._load_args if form is own else None

        def file() -> AnyDataset:
            return self._dataset_for(form, self._get_load_path(), load_args=load_args)

        return wrapped.preview_of(file, file)

    def _first_rows(self, nrows: int = 5) -> TablePreview:
        # `pandas.JSONDataset` can preview a file with one value a line only.
        return TablePreview(self.load().head(nrows).to_dict(orient="split"))

    def _dataset_for(self, form: Format, path: PurePosixPath, **args: Any) -> AnyDataset:
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
            "extension": self._extension,
            "protocol": self._protocol,
            "load_args": self._load_args,
            "save_args": self._save_args,
            "version": self._version,
        }
