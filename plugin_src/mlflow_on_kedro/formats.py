"""The table behind ``dataset: csv``: extension -> file suffix, Kedro dataset and packages.

No dataset class is imported here: classes are named by strings.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias

from kedro.io import AbstractDataset, DatasetError

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
        return {"type": self.type, **merged(defaults, given)}


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
        return (KEDRO_DATASETS, *self.needs, *self.format.needs)


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


KEDRO_DATASETS = Package("kedro-datasets", ("kedro_datasets",))
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
# openpyxl writes; pandas picks the reader by the content, as old files need another one.
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

FORMATS_BY_TYPE = {
    form.type: form
    for backend in KINDS.values()
    for form in (backend.format, *(writer.format for writer in backend.writers))
}

# For ``dataset: {type: ...}``, where no extension is given.
SUFFIX_OF_CLASS = {
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

RENAMED = {"matplotlib.MatplotlibWriter": "matplotlib.MatplotlibDataset"}


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
        return SUFFIX_OF_CLASS.get(type(dataset).__name__, "")
    if "filepath" in dataset:
        return PurePath(str(dataset["filepath"])).suffix
    cls = dataset.get("type")
    name = cls.rpartition(".")[2] if isinstance(cls, str) else getattr(cls, "__name__", "")
    return SUFFIX_OF_CLASS.get(name.replace("DataSet", "Dataset"), "")


def merged(base: Args, extra: Args, *, clash: str = "") -> dict[str, Any]:
    """Lay ``extra`` over ``base``, level by level; with ``clash`` a key in both is an error."""
    result = dict(base)
    for key, value in extra.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(old, value, clash=clash and f"{clash}{key}.")
        elif clash and old is not None:
            raise DatasetError(f"{clash}{key} is given in the dict and beside it: keep one of them")
        else:
            result[key] = value
    return result
