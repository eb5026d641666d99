"""The table behind ``dataset: csv``: the file suffix, Kedro dataset and packages of an extension.

A new extension is one line in `EXTENSIONS`, one in the test of the round trips
(``tests/plugin/datasets/test_backends.py``) and its name in the manual's table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..tracking import tables
from . import converters, images, plots
from .formats import Backend, Format, Package, Writer

_PANDAS = Package("pandas", ("pandas",))
_PYARROW = Package("pyarrow", ("pyarrow",), is_engine=True)
_PARQUET_ENGINE = Package("pyarrow", ("pyarrow", "fastparquet"), is_engine=True)
_OPENPYXL = Package("openpyxl", ("openpyxl",), is_engine=True)
_MATPLOTLIB = Package("matplotlib", ("matplotlib",))
_SCIKIT_LEARN = Package("scikit-learn", ("sklearn",))
_PLOTLY = Package("plotly", ("plotly",))

# UTF-8 on every machine, and the value's own line ends.
_SAVE_UTF8 = {"open_args_save": {"encoding": "utf-8", "newline": ""}}
_LOAD_UTF8 = {"open_args_load": {"mode": "r", "encoding": "utf-8", "newline": ""}}

_CSV = Format("pandas.CSVDataset", (_PANDAS,), fs_args=_SAVE_UTF8)
# openpyxl writes. To read, pandas chooses an engine by the content: old files need another one.
_EXCEL = Format("pandas.ExcelDataset", (_PANDAS, _OPENPYXL), load_args={"engine": None})
_FEATHER = Format("pandas.FeatherDataset", (_PANDAS, _PYARROW))
FIGURE = Format("matplotlib.MatplotlibDataset", (_MATPLOTLIB,))
# The MLflow UI fetches nothing from beside an HTML file, so plotly.js has to be inside.
_HTML = Format(
    "plotly.HTMLDataset", (_PLOTLY,), save_args={"include_plotlyjs": True}, fs_args=_SAVE_UTF8
)
_PILLOW = Package("pillow", ("PIL",))
_IMAGE = Format("pillow.ImageDataset", (_PILLOW,))
_IMAGES = Format(f"{__package__}.images.ImageSeries", (_PILLOW,), name_arg="key")
_JSON = Format("json.JSONDataset", save_args={"ensure_ascii": False}, fs_args=_SAVE_UTF8)
# By default pandas writes 10 decimals; 15 is the maximum.
_TO_JSON = {"date_format": "iso", "force_ascii": False, "double_precision": 15}
_JSON_LINES = Format(
    "pandas.JSONDataset",
    (_PANDAS,),
    # Without dtype=False pandas would load the text "007" as the number 7.
    load_args={"lines": True, "dtype": False},
    save_args={"orient": "records", "lines": True, **_TO_JSON},
    fs_args=_SAVE_UTF8,
)
_PARQUET = Format("pandas.ParquetDataset", (_PANDAS, _PARQUET_ENGINE))
_PICKLE = Format("pickle.PickleDataset")
_PLOTLY_JSON = Format("plotly.JSONDataset", (_PLOTLY,), fs_args=_SAVE_UTF8)
_TEXT = Format("text.TextDataset", fs_args={**_SAVE_UTF8, **_LOAD_UTF8})
# The format of `mlflow.log_table`, which the MLflow UI and `mlflow.load_table` read. The load
# arguments keep texts such as "007", also as column names, from becoming numbers.
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
    return Writer(("builtins.dict", "builtins.list"), form, converters.plain_tree)


_SAVE_FIGURE = Writer(("matplotlib.figure.Figure",), FIGURE, suffix_arg="format")
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
    image = Writer(values, FIGURE, draw, suffix_arg="format", options=plots.OPTIONS)
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

EXTENSIONS: Mapping[str, Backend] = {
    "json": Backend(".json", _JSON),
    "csv": Backend(".csv", _CSV),
    # No library writes the old Excel format any more, so the file has the new one.
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
    "table": Backend(
        ".json", _TABLE, _SAVE_TABLE, ui_tag=lambda p: (tables.TAG, tables.tag_value(p))
    ),
    "dict": Backend(
        ".json",
        _JSON_DICT,
        (_tree_writer(_JSON_DICT),),
        others={".yml": _YAML_TREE, ".yaml": _YAML_TREE},
    ),
    "text": Backend(".txt", _TEXT),
    "images": Backend("/images", _IMAGES, ui_tag=lambda _: (images.TAG, True)),
    **{name: _plot(draw) for name, draw in plots.PLOTS.items()},
}
"""Extension -> backend.

``load`` returns a pandas DataFrame for tables and ``jsonl``; a PIL image for images, plots and
``matplotlib``; a dict of them by step for ``images``; a text for ``svg``, ``html`` and ``figure``;
a Plotly figure for ``plotly``."""

FORMATS_BY_TYPE = {form.type: form for backend in EXTENSIONS.values() for form in backend.formats}
