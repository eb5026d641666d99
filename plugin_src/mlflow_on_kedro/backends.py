"""File extension -> Kedro dataset: the table behind ``dataset: csv`` in a catalog.

No dataset class is imported here: classes are named by strings and resolved, as Kedro itself does
it, when a backend is made.
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata as distributions
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, TypeAlias

import fsspec  # type: ignore[import-untyped]  # it ships no types
from kedro.io import AbstractDataset, AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import VersionNotFoundError, get_protocol_and_path, parse_dataset_definition

AnyDataset: TypeAlias = "AbstractDataset[Any, Any]"
Args: TypeAlias = Mapping[str, Any]

VALUE_KINDS = ("p", "m", "a")
"""Kinds without a file: MLflow parameter, metric, and by type."""


@dataclass(frozen=True)
class Package:
    """What pip calls a package, and the modules any of which will do.

    Attributes:
        is_engine: an argument named ``engine`` chooses another package.
    """

    pip: str
    modules: tuple[str, ...]
    is_engine: bool = False


@dataclass(frozen=True)
class Format:
    """A dataset class, what it needs, and its arguments unless the user gives others."""

    type: str
    needs: tuple[Package, ...] = ()
    load_args: Args = field(default_factory=dict)
    save_args: Args = field(default_factory=dict)
    fs_args: Args = field(default_factory=dict)

    def config(self, given: Args) -> dict[str, Any]:
        """The dataset's configuration: what the user gave, laid over the defaults."""
        keys = ("load_args", "save_args", "fs_args")
        defaults = {key: getattr(self, key) for key in keys if getattr(self, key)}
        return {"type": self.type, **_merged(defaults, given)}


@dataclass(frozen=True)
class Writer:
    """How values of some classes are saved; they are named, so nothing is imported to match them.

    Attributes:
        suffix_arg: the save argument for the file's format, where a library does not see its name.
    """

    value: tuple[str, ...]
    format: Format
    prepare: Callable[[Any], Any] | None = None
    suffix_arg: str | None = None

    def takes(self, value: object) -> bool:
        """Whether the value is an instance of one of the classes, or of one derived from them."""
        return any(f"{c.__module__}.{c.__qualname__}" in self.value for c in type(value).__mro__)


@dataclass(frozen=True)
class Backend:
    """One line of the table. Without writers, ``format`` saves as well as loads."""

    suffix: str
    format: Format
    writers: tuple[Writer, ...] = ()
    needs: tuple[Package, ...] = ()

    @property
    def packages(self) -> tuple[Package, ...]:
        """What must be installed to save and load; a writer's library has made the value."""
        return (_KEDRO_DATASETS, *self.needs, *self.format.needs)


def _image(array: Any) -> Any:
    """Turn a NumPy array into an image: integers 0 to 255, floats 0 to 1, or booleans."""
    from PIL import Image

    white = 255
    scaled = array * (white if array.dtype.kind in "bf" else 1)
    if scaled.size and not (scaled.min() >= 0 and scaled.max() <= white):
        raise DatasetError(
            f"an array of {array.dtype} from {array.min()} to {array.max()} is no image: "
            "integers must lie between 0 and 255, floats between 0 and 1"
        )
    return Image.fromarray(scaled.round().astype("uint8"))


def _json_lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_KEDRO_DATASETS = Package("kedro-datasets", ("kedro_datasets",))
_PANDAS = Package("pandas", ("pandas",))
_PYARROW = Package("pyarrow", ("pyarrow",), is_engine=True)
_PARQUET_ENGINE = Package("pyarrow", ("pyarrow", "fastparquet"), is_engine=True)
_OPENPYXL = Package("openpyxl", ("openpyxl",), is_engine=True)
_MATPLOTLIB = Package("matplotlib", ("matplotlib",))
_PLOTLY = Package("plotly", ("plotly",))

# UTF-8 whatever the machine's locale, and line ends as they are in the value.
_SAVE_UTF8 = {"open_args_save": {"encoding": "utf-8", "newline": ""}}
_LOAD_UTF8 = {"open_args_load": {"mode": "r", "encoding": "utf-8", "newline": ""}}

_CSV = Format("pandas.CSVDataset", (_PANDAS,), fs_args=_SAVE_UTF8)
# openpyxl writes; pandas chooses the reader by the file's content, as an old .xls needs xlrd.
_EXCEL = Format("pandas.ExcelDataset", (_PANDAS, _OPENPYXL), load_args={"engine": None})
_FEATHER = Format("pandas.FeatherDataset", (_PANDAS, _PYARROW))
_FIGURE = Format("matplotlib.MatplotlibDataset", (_MATPLOTLIB,))
# The MLflow UI fetches nothing from beside an HTML file, so plotly.js has to be inside.
_HTML = Format(
    "plotly.HTMLDataset", (_PLOTLY,), save_args={"include_plotlyjs": True}, fs_args=_SAVE_UTF8
)
_IMAGE = Format("pillow.ImageDataset", (Package("pillow", ("PIL",)),))
_JSON = Format("json.JSONDataset", save_args={"ensure_ascii": False}, fs_args=_SAVE_UTF8)
_JSON_LINES = Format(
    "pandas.JSONDataset",
    (_PANDAS,),
    # Without dtype=False the text "007" would come back as the number 7.
    load_args={"lines": True, "dtype": False},
    save_args={"orient": "records", "lines": True, "date_format": "iso", "force_ascii": False},
    fs_args=_SAVE_UTF8,
)
_PARQUET = Format("pandas.ParquetDataset", (_PANDAS, _PARQUET_ENGINE))
_PICKLE = Format("pickle.PickleDataset")
_PLOTLY_JSON = Format("plotly.JSONDataset", (_PLOTLY,), fs_args=_SAVE_UTF8)
_TEXT = Format("text.TextDataset", fs_args={**_SAVE_UTF8, **_LOAD_UTF8})
_YAML = Format("yaml.YAMLDataset", save_args={"allow_unicode": True}, fs_args=_SAVE_UTF8)

_SAVE_FIGURE = Writer(("matplotlib.figure.Figure",), _FIGURE, suffix_arg="format")
_SAVE_TEXT = Writer(("builtins.str",), _TEXT)
_SAVE_IMAGE = (
    Writer(("PIL.Image.Image",), _IMAGE),
    _SAVE_FIGURE,
    Writer(("numpy.ndarray",), _IMAGE, prepare=_image),
)
_SAVE_PAGE = (Writer(("plotly.basedatatypes.BaseFigure",), _HTML), _SAVE_TEXT)
_SAVE_LINES = (
    Writer(("pandas.DataFrame", "pandas.core.frame.DataFrame"), _JSON_LINES),
    Writer(("builtins.list", "builtins.tuple"), _TEXT, prepare=_json_lines),
)

KINDS: Mapping[str, Backend] = {
    "json": Backend(".json", _JSON),
    "csv": Backend(".csv", _CSV),
    # Nothing writes the old Excel format any more: what is saved is a file of the new one.
    "xls": Backend(".xlsx", _EXCEL),
    "xlsx": Backend(".xlsx", _EXCEL),
    "parquet": Backend(".parquet", _PARQUET),
    "pq": Backend(".pq", _PARQUET),
    "png": Backend(".png", _IMAGE, _SAVE_IMAGE),
    "jpg": Backend(".jpg", _IMAGE, _SAVE_IMAGE),
    "jpeg": Backend(".jpeg", _IMAGE, _SAVE_IMAGE),
    "img": Backend(".png", _IMAGE, _SAVE_IMAGE),
    "pkl": Backend(".pkl", _PICKLE),
    "pickle": Backend(".pickle", _PICKLE),
    "txt": Backend(".txt", _TEXT),
    "yml": Backend(".yml", _YAML),
    "yaml": Backend(".yaml", _YAML),
    "feather": Backend(".feather", _FEATHER),
    "svg": Backend(".svg", _TEXT, (_SAVE_FIGURE, _SAVE_TEXT)),
    "html": Backend(".html", _TEXT, _SAVE_PAGE),
    "md": Backend(".md", _TEXT),
    "log": Backend(".log", _TEXT),
    "jsonl": Backend(".jsonl", _JSON_LINES, _SAVE_LINES),
    "plotly": Backend(".json", _PLOTLY_JSON),
    "matplotlib": Backend(".png", _IMAGE, _SAVE_IMAGE, (_MATPLOTLIB,)),
}
"""Extension -> backend. Loaded back are: a DataFrame for tables and ``jsonl``; a PIL image for
images and ``matplotlib``; text for ``svg`` and ``html``; a Plotly figure for ``plotly``."""

_FORMATS = {
    form.type: form
    for backend in KINDS.values()
    for form in (backend.format, *(writer.format for writer in backend.writers))
}

# For ``dataset: {type: ...}``, where no extension is given.
_SUFFIX_OF_CLASS = {
    "CSVDataset": ".csv",
    "ExcelDataset": ".xlsx",
    "FeatherDataset": ".feather",
    "GMLDataset": ".gml",
    "GraphMLDataset": ".graphml",
    "HDFDataset": ".h5",
    "HTMLDataset": ".html",
    "ImageDataset": ".png",
    "JSONDataset": ".json",
    "MatlabDataset": ".mat",
    "MatplotlibDataset": ".png",
    "MatplotlibWriter": ".png",
    "ParquetDataset": ".parquet",
    "PickleDataset": ".pkl",
    "SVMLightDataset": ".svm",
    "TextDataset": ".txt",
    "XMLDataset": ".xml",
    "YAMLDataset": ".yml",
}

_RENAMED = {"matplotlib.MatplotlibWriter": "matplotlib.MatplotlibDataset"}


def check_kind(kind: str) -> None:
    """Refuse an unknown extension.

    Args:
        kind: an extension of `KINDS`, or one of `VALUE_KINDS`.

    Raises:
        DatasetError: it is neither; the message lists the known ones, the nearest first.
    """
    known = [*KINDS, *VALUE_KINDS]
    if kind in known:
        return
    wanted = kind.lower().lstrip(".")
    # The longest kinds win ties, so that "p", "m" and "a" do not come first for every word.
    known.sort(key=lambda k: (difflib.SequenceMatcher(None, wanted, k).ratio(), len(k)))
    nearest_first = ", ".join(reversed(known))
    raise DatasetError(
        f"dataset: {kind!r} is not a known extension. Known, the nearest first: {nearest_first}. "
        "For anything else give a Kedro dataset: {type: pandas.ParquetDataset, ...}"
    )


def check_installed(kind: str, args: Args | None = None) -> None:
    """Refuse an extension whose packages are not installed; imports none of them.

    Args:
        kind: an extension of `KINDS`.
        args: the user's arguments; an ``engine`` among them replaces the usual one.

    Raises:
        DatasetError: a package is missing; the message gives the command that installs it.
    """
    _check_packages(f"dataset: {kind}", KINDS[kind].packages, args or {})


def suffix(kind: str) -> str:
    """The file suffix of an extension, with its dot; "" for `VALUE_KINDS`.

    Raises:
        DatasetError: the extension is unknown.

    Example:
        >>> suffix("pkl"), suffix("img")
        ('.pkl', '.png')
    """
    check_kind(kind)
    return KINDS[kind].suffix if kind in KINDS else ""


def suffix_of(dataset: str | dict[str, Any] | AnyDataset | None) -> str:
    """The file suffix that suits a backend, or "" where none can be told or it writes a folder.

    Raises:
        DatasetError: an extension is unknown.

    Example:
        >>> suffix_of({"type": "pandas.ParquetDataset"})
        '.parquet'
    """
    if isinstance(dataset, str):
        return suffix(dataset)
    if not isinstance(dataset, dict):
        return _SUFFIX_OF_CLASS.get(type(dataset).__name__, "")
    if "filepath" in dataset:
        return PurePath(str(dataset["filepath"])).suffix
    cls = dataset.get("type")
    name = cls.rpartition(".")[2] if isinstance(cls, str) else getattr(cls, "__name__", "")
    return _SUFFIX_OF_CLASS.get(name.replace("DataSet", "Dataset"), "")


def make(
    dataset: str | dict[str, Any] | AnyDataset,
    filepath: str | None,
    *,
    name: str,
    load_args: dict[str, Any] | None = None,
    save_args: dict[str, Any] | None = None,
    version: Version | None = None,
    credentials: dict[str, Any] | None = None,
    fs_args: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> AnyDataset:
    """Make the Kedro dataset that reads and writes the file.

    Args:
        dataset: an extension of `KINDS`; a dict as in a catalog; or a dataset, returned as it is.
        filepath: where the file is or will be. A dict with a path of its own keeps that.
        name: the dataset's name in the catalog, for messages.
        load_args: passed on, as are ``save_args``, ``credentials``, ``fs_args``, ``metadata``: laid
            over the defaults of an extension, added to what a dict has.
        save_args: see ``load_args``.
        version: the versions to load and to save, which makes the dataset a versioned one.
        credentials: see ``load_args``.
        fs_args: see ``load_args``.
        metadata: see ``load_args``; left out where the dataset does not take it.

    Raises:
        DatasetError: unknown extension, missing package, or arguments that the dataset cannot take.

    Example:
        >>> make("csv", "data/mlflow/scores.csv", name="scores", save_args={"index": True})
        kedro_datasets.pandas.csv_dataset.CSVDataset(filepath=...)
    """
    where = f"dataset '{name}'"
    beside = {
        "load_args": load_args,
        "save_args": save_args,
        "credentials": credentials,
        "fs_args": fs_args,
        "metadata": metadata,
    }
    given = {key: value for key, value in beside.items() if value is not None}
    if isinstance(dataset, AbstractDataset):
        lost = [key for key in given if key != "metadata"] + ["versioned"] * (version is not None)
        if lost:
            raise DatasetError(
                f"{where}: {', '.join(lost)} cannot be given beside a dataset object, which is "
                f"used as it is: give it to the {type(dataset).__name__} itself"
            )
        return dataset
    if isinstance(dataset, str):
        check_kind(dataset)
        if filepath is None or dataset in VALUE_KINDS:
            raise DatasetError(f"{where}: no file for 'dataset: {dataset}', filepath: {filepath}")
        check_installed(dataset, given)
        args: dict[str, Any] = {"filepath": filepath, **given}
        if KINDS[dataset].writers:
            return _build(name, {"type": ByValue, "kind": dataset, **args}, version)
        return _build(name, KINDS[dataset].format.config(args), version)
    if not isinstance(dataset, dict) or not dataset.get("type"):
        raise DatasetError(
            f"{where}: 'dataset' must be an extension such as csv, a dict with the key 'type', "
            f"or a Kedro dataset, not {dataset!r}"
        )
    config = _merged(dataset, given, clash=f"{where}: ")
    cls = config["type"] = _class_of(name, config)
    takes = inspect.signature(cls).parameters
    # PartitionedDataset calls its folder ``path``.
    path_args = [arg for arg in ("filepath", "path") if arg in takes]
    if filepath is not None and path_args and not any(config.get(arg) for arg in path_args):
        config[path_args[0]] = filepath
    if "metadata" not in takes and "metadata" not in dataset:
        config.pop("metadata", None)
    return _build(name, config, version)


def at(dataset: AnyDataset, filepath: str) -> AnyDataset:
    """Make the same dataset for another local file or folder, without versions and credentials.

    Args:
        dataset: any dataset that has a file or folder; a ``CachedDataset`` gives its inner one.
        filepath: the local file or folder.

    Raises:
        DatasetError: the dataset has no file or folder.
    """
    wrapped = getattr(dataset, "_dataset", None)
    if isinstance(wrapped, AbstractDataset):
        return at(wrapped, filepath)
    kept = dataset._init_config()  # noqa: SLF001 - what Kedro writes catalogs from
    config = {**kept, "type": type(dataset)}
    path_arg = next((arg for arg in ("filepath", "path") if config.get(arg)), None)
    if path_arg is None:
        raise DatasetError(f"{dataset} has no file, so it cannot read {filepath}")
    for key in ("versioned", "credentials"):
        config.pop(key, None)
    return _build(PurePath(filepath).name, {**config, path_arg: filepath}, None)


class ByValue(AbstractVersionedDataset[Any, Any]):
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
        self._protocol, path = get_protocol_and_path(filepath, version)
        of_filesystem = {k: v for k, v in (fs_args or {}).items() if not k.startswith("open_args")}
        self._fs = fsspec.filesystem(self._protocol, **(credentials or {}), **of_filesystem)
        super().__init__(PurePosixPath(path), version, self._fs.exists, self._fs.glob)
        self._kind = kind
        self._load_args = load_args
        self._save_args = save_args
        self._access = {"credentials": credentials, "fs_args": fs_args}
        self.metadata = metadata

    def load(self) -> Any:
        """Load with the extension's own format, whatever the value was saved from."""
        form = KINDS[self._kind].format
        return self._with(form, self._get_load_path(), load_args=self._load_args).load()

    def save(self, data: Any) -> None:
        """Save with the format that suits the value's class."""
        backend = KINDS[self._kind]
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
        value = writer.prepare(data) if writer.prepare else data
        self._with(writer.format, path, save_args=save_args or None).save(value)
        self._fs.invalidate_cache()

    def _with(self, form: Format, path: PurePosixPath, **args: Any) -> AnyDataset:
        location = str(path) if self._protocol == "file" else f"{self._protocol}://{path}"
        given = {key: value for key, value in {**self._access, **args}.items() if value is not None}
        config = form.config({"filepath": location, **given})
        return _build(self._filepath.name, config, None)

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


def local_path(backend: AnyDataset, *, saving: bool) -> Path | None:
    """The local file or folder that a dataset has just written, or will load.

    Args:
        backend: any dataset; of a ``CachedDataset`` its inner one counts.
        saving: after a save, True gives the version that was written; else the one to be loaded.

    Returns:
        None for a remote place, for a dataset without files, and while there is no version.
    """
    wrapped = getattr(backend, "_dataset", None)
    if isinstance(wrapped, AbstractDataset):
        return local_path(wrapped, saving=saving)
    path = _local_place(backend)
    if path is None or not isinstance(backend, AbstractVersionedDataset):
        return path
    try:
        version = backend.resolve_save_version() if saving else backend.resolve_load_version()
    except VersionNotFoundError:
        return None
    if version is None:
        return path
    versioned = path / version / path.name
    if saving and not versioned.exists():
        # Kedro forgets the version that it has saved when an older one is pinned for loading.
        versions = (folder / path.name for folder in path.glob("*"))
        return max((file for file in versions if file.exists()), default=None)
    return versioned


def _local_place(backend: AnyDataset) -> Path | None:
    """The place without its version, by what all Kedro datasets have but do not call public."""
    described = backend._describe()  # noqa: SLF001 - each dataset has to have it
    location = described.get("filepath") or described.get("path")
    location = location or getattr(backend, "_filepath", None)
    if not isinstance(location, (str, PurePath)):
        return None
    protocol, plain = get_protocol_and_path(str(location))
    protocols = {protocol, described.get("protocol"), getattr(backend, "_protocol", None)}
    return Path(plain) if protocols <= {"file", "local", None} else None


def _build(name: str, config: dict[str, Any], version: Version | None) -> AnyDataset:
    where = f"dataset '{name}'"
    cls = _class_of(name, config)
    takes = inspect.signature(cls).parameters
    if version is not None:
        config = {**config, "versioned": True}
    if config.get("versioned") and "version" not in takes:
        raise DatasetError(f"{where}: {cls.__name__} cannot be versioned: remove 'versioned'")
    # Kedro removes these four before it calls the class.
    unknown = sorted(config.keys() - takes.keys() - {"type", "versioned", "version", "validator"})
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        raise DatasetError(
            f"{where}: {cls.__name__} does not take {', '.join(unknown)}; "
            f"it takes: {', '.join(takes)}"
        )
    versions = version or Version(None, None)
    return AbstractDataset.from_config(
        name, {**config, "type": cls}, load_version=versions.load, save_version=versions.save
    )


def _class_of(name: str, config: Args) -> type[AnyDataset]:
    """The dataset class of a configuration, also under the name that it had in older releases."""
    where = f"dataset '{name}'"
    given = config["type"]
    if isinstance(given, type) and issubclass(given, AbstractDataset):
        return given
    if not isinstance(given, str):
        raise DatasetError(f"{where}: the type {given!r} is no Kedro dataset class nor names one")
    current = given.removeprefix("kedro_datasets.").replace("DataSet", "Dataset")
    current = _RENAMED.get(current, current)
    if current in _FORMATS:
        _check_packages(f"{where} ({given})", (_KEDRO_DATASETS, *_FORMATS[current].needs), config)
    found = _imported(current)
    if isinstance(found, Exception) and current != given:
        second = _imported(given)
        found = found if isinstance(second, Exception) else second
    if not isinstance(found, Exception):
        return found
    extra = current.lower().replace(".", "-")
    if "." in current and extra in _kedro_datasets_extras():
        raise DatasetError(
            f"{where}: a package that {given} needs is not installed: "
            f'run `pip install "kedro-datasets[{extra}]"`'
        )
    raise DatasetError(f"{where}: {found}")


def _imported(class_path: str) -> type[AnyDataset] | Exception:
    try:
        return parse_dataset_definition({"type": class_path})[0]
    except TypeError:  # Kedro found something of that name which is no class
        return DatasetError(f"'{class_path}' is no dataset class; an extension goes without 'type'")
    except (DatasetError, ImportError) as error:
        return error


def _kedro_datasets_extras() -> list[str]:
    try:
        return distributions.metadata("kedro-datasets").get_all("Provides-Extra") or []
    except distributions.PackageNotFoundError:
        return []


def _check_packages(what: str, packages: Iterable[Package], args: Args) -> None:
    other_engine = _mentions(args, "engine")
    missing = [
        package.pip
        for package in packages
        if not (package.is_engine and other_engine)
        and not any(_is_installed(module) for module in package.modules)
    ]
    if missing:
        names = " ".join(missing)
        raise DatasetError(f"{what} needs packages that are missing: run `pip install {names}`")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _mentions(args: Args, key: str) -> bool:
    nested = (value for value in args.values() if isinstance(value, Mapping))
    return bool(args.get(key)) or any(_mentions(value, key) for value in nested)


def _merged(base: Args, extra: Args, *, clash: str = "") -> dict[str, Any]:
    """Lay ``extra`` over ``base``, level by level; with ``clash`` a key in both is an error."""
    merged = dict(base)
    for key, value in extra.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(old, value, clash=clash and f"{clash}{key}.")
        elif clash and old is not None:
            raise DatasetError(f"{clash}{key} is given in the dict and beside it: keep one of them")
        else:
            merged[key] = value
    return merged
