"""The table behind ``dataset: csv``: extension -> file suffix, Kedro dataset and packages."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from kedro.io import DatasetError

from . import converters, plots
from .formats import AnyDataset, Backend, Format, Package, Writer

VALUE_KINDS = ("p", "m", "a")
"""Kinds without a file: MLflow parameter, metric, and by type."""

_PANDAS = Package("pandas", ("pandas",))
_PYARROW = Package("pyarrow", ("pyarrow",), is_engine=True)
_PARQUET_ENGINE = Package("pyarrow", ("pyarrow", "fastparquet"), is_engine=True)
_OPENPYXL = Package("openpyxl", ("openpyxl",), is_engine=True)
_MATPLOTLIB = Package("matplotlib", ("matplotlib",))
_SCIKIT_LEARN = Package("scikit-learn", ("sklearn",))
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
_PILLOW = Package("pillow", ("PIL",))
_IMAGE = Format("pillow.ImageDataset", (_PILLOW,))
_IMAGES = Format(f"{__package__}.images.ImageSeries", (_PILLOW,), name_arg="key")
_JSON = Format("json.JSONDataset", save_args={"ensure_ascii": False}, fs_args=_SAVE_UTF8)
# pandas would write 10 decimals; 15 are its most.
_TO_JSON = {"date_format": "iso", "force_ascii": False, "double_precision": 15}
_JSON_LINES = Format(
    "pandas.JSONDataset",
    (_PANDAS,),
    # Without dtype=False the text "007" would come back as the number 7.
    load_args={"lines": True, "dtype": False},
    save_args={"orient": "records", "lines": True, **_TO_JSON},
    fs_args=_SAVE_UTF8,
)
_PARQUET = Format("pandas.ParquetDataset", (_PANDAS, _PARQUET_ENGINE))
_PICKLE = Format("pickle.PickleDataset")
_PLOTLY_JSON = Format("plotly.JSONDataset", (_PLOTLY,), fs_args=_SAVE_UTF8)
_TEXT = Format("text.TextDataset", fs_args={**_SAVE_UTF8, **_LOAD_UTF8})
# As `mlflow.log_table` writes it, which the MLflow UI and `mlflow.load_table` read. The load
# arguments keep the text "007", and column names that are such texts, from becoming numbers.
_TABLE = Format(
    "pandas.JSONDataset",
    (_PANDAS,),
    load_args={"orient": "split", "dtype": False, "convert_axes": False},
    save_args={"orient": "split", "index": False, **_TO_JSON},
    fs_args=_SAVE_UTF8,
)
_YAML = Format("yaml.YAMLDataset", save_args={"allow_unicode": True}, fs_args=_SAVE_UTF8)
_JSON_DICT = replace(_JSON, save_args={**_JSON.save_args, "indent": 2})
_YAML_DICT = replace(_YAML, save_args={**_YAML.save_args, "sort_keys": False})


def _tree_writer(form: Format) -> Writer:
    return Writer(("builtins.dict", "builtins.list"), form, prepare=converters.plain_tree)


_SAVE_FIGURE = Writer(("matplotlib.figure.Figure",), _FIGURE, suffix_arg="format")
_SAVE_TEXT = Writer(("builtins.str",), _TEXT)
_SAVE_IMAGE = (
    Writer(("PIL.Image.Image",), _IMAGE),
    _SAVE_FIGURE,
    Writer(("numpy.ndarray",), _IMAGE, prepare=converters.image),
)
_SAVE_FIGURE_PAGE = (
    Writer(("plotly.basedatatypes.BaseFigure",), _HTML),
    Writer(("matplotlib.figure.Figure",), _TEXT, prepare=converters.svg_page),
)
_PANDAS_FRAME = ("pandas.DataFrame", "pandas.core.frame.DataFrame")
_POLARS_FRAME = ("polars.DataFrame", "polars.dataframe.frame.DataFrame")
_SAVE_TABLE = (
    Writer(_PANDAS_FRAME, _TABLE),
    Writer(_POLARS_FRAME, _TABLE, prepare=converters.table),
    Writer(("builtins.dict",), _TABLE, prepare=converters.table),
)
_SAVE_LINES = (
    Writer(_PANDAS_FRAME, _JSON_LINES),
    Writer(("builtins.list", "builtins.tuple"), _TEXT, prepare=converters.json_lines),
)


def _plot(draw: Callable[..., Any]) -> Backend:
    values = (*_PANDAS_FRAME, *_POLARS_FRAME, "builtins.dict", "builtins.tuple", "builtins.list")
    image = Writer(values, _FIGURE, draw, suffix_arg="format", options=plots.OPTIONS)
    page = replace(image, format=_TEXT, prepare=converters.as_page(draw), suffix_arg=None)
    needs = (_MATPLOTLIB, _SCIKIT_LEARN)
    others = {
        ".svg": Backend(".svg", _TEXT, (image,), needs),
        ".html": Backend(".html", _TEXT, (page,), needs),
    }
    return Backend(".png", _IMAGE, (image,), needs, others)


_YAML_TREE = Backend(".yml", _YAML_DICT, (_tree_writer(_YAML_DICT),))
_PNG = Backend(".png", _IMAGE, _SAVE_IMAGE)
_SVG = Backend(".svg", _TEXT, (_SAVE_FIGURE, _SAVE_TEXT))
_PAGE = Backend(".html", _TEXT, (*_SAVE_FIGURE_PAGE, _SAVE_TEXT))

KINDS: Mapping[str, Backend] = {
    "json": Backend(".json", _JSON),
    "csv": Backend(".csv", _CSV),
    # Nothing writes the old Excel format any more: what is saved is a file of the new one.
    "xls": Backend(".xlsx", _EXCEL),
    "xlsx": Backend(".xlsx", _EXCEL),
    "parquet": Backend(".parquet", _PARQUET),
    "pq": Backend(".pq", _PARQUET),
    "png": _PNG,
    "jpg": Backend(".jpg", _IMAGE, _SAVE_IMAGE),
    "jpeg": Backend(".jpeg", _IMAGE, _SAVE_IMAGE),
    "img": _PNG,
    "pkl": Backend(".pkl", _PICKLE),
    "pickle": Backend(".pickle", _PICKLE),
    "txt": Backend(".txt", _TEXT),
    "yml": Backend(".yml", _YAML),
    "yaml": Backend(".yaml", _YAML),
    "feather": Backend(".feather", _FEATHER),
    "svg": _SVG,
    "html": _PAGE,
    "md": Backend(".md", _TEXT),
    "log": Backend(".log", _TEXT),
    "jsonl": Backend(".jsonl", _JSON_LINES, _SAVE_LINES),
    "plotly": Backend(".json", _PLOTLY_JSON, others={".html": _PAGE}),
    "matplotlib": Backend(
        ".png", _IMAGE, _SAVE_IMAGE, (_MATPLOTLIB,), {".svg": _SVG, ".html": _PAGE}
    ),
    "figure": Backend(
        ".html",
        _TEXT,
        _SAVE_FIGURE_PAGE,
        others={
            ".png": _PNG,
            ".jpg": _PNG,
            ".jpeg": _PNG,
            ".svg": _SVG,
            ".json": Backend(".json", _PLOTLY_JSON),
        },
    ),
    "table": Backend(".json", _TABLE, _SAVE_TABLE),
    "dict": Backend(
        ".json",
        _JSON_DICT,
        (_tree_writer(_JSON_DICT),),
        others={".yml": _YAML_TREE, ".yaml": _YAML_TREE},
    ),
    "text": Backend(".txt", _TEXT),
    "images": Backend("/images", _IMAGES),
    **{kind: _plot(draw) for kind, draw in plots.PLOTS.items()},
}
"""Extension -> backend. Loaded back are: a pandas DataFrame for tables and ``jsonl``; a PIL image
for images, plots and ``matplotlib``, and one by each step for ``images``; text for ``svg``,
``html`` and ``figure``; a Plotly figure for ``plotly``."""

FORMATS_BY_TYPE = {
    form.type: form
    for backend in KINDS.values()
    for form in (backend.format, *(writer.format for writer in backend.writers))
}

MANY_FILES = {"matplotlib.MatplotlibDataset"}
"""Datasets of these that write a folder where several values are saved."""

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

_OTHER_WORDS = {
    **dict.fromkeys(("metric", "metrics", "number", "float", "int", "score", "scalar"), "m"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "p"),
    **dict.fromkeys(("auto", "any", "automatic"), "a"),
    **dict.fromkeys(("dataframe", "frame", "pandas"), "table"),
    **dict.fromkeys(("str", "string"), "text"),
    **dict.fromkeys(("plot", "fig", "chart"), "figure"),
    **dict.fromkeys(("image", "picture", "photo"), "img"),
    **dict.fromkeys(("jsonlines", "ndjson"), "jsonl"),
    "excel": "xlsx",
    "markdown": "md",
}
"""What else such a kind may be called, for messages."""
_EXPLAINED = {"m": "metric", "p": "parameter", "a": "by type"}
_MODELS = frozenset({"model", "sklearn", "pyfunc", "mlflow"})

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
    meant = _OTHER_WORDS.get(wanted)
    known.sort(key=lambda k: (k == meant, difflib.SequenceMatcher(None, wanted, k).ratio(), len(k)))
    nearest_first = ", ".join(reversed(known))
    explained = f" ({_EXPLAINED[meant]})" if meant in _EXPLAINED else ""
    question = f" Did you mean {meant!r}{explained}?" if meant is not None else ""
    if wanted in _MODELS:
        question = " For a model the entry is {type: mlflow_on_kedro.MLflowModelDataset}."
    raise DatasetError(
        f"dataset: {kind!r} is not a known extension.{question} Known, the nearest first: "
        f"{nearest_first}. "
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
