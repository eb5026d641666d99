"""Backends: every extension with real values on disk, dicts as in a catalog, errors."""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import (
    AbstractDataset,
    AbstractVersionedDataset,
    CachedDataset,
    DataCatalog,
    DatasetError,
    MemoryDataset,
    Version,
)
from kedro_datasets.pandas import CSVDataset
from kedro_datasets.partitions import PartitionedDataset
from matplotlib.figure import Figure
from mlflow_on_kedro.datasets import backends
from mlflow_on_kedro.datasets.backends import make
from mlflow_on_kedro.datasets.extension_names import WORDS, check_extension, suffix_of
from mlflow_on_kedro.datasets.extensions import EXTENSIONS
from mlflow_on_kedro.datasets.local_files import local_path
from mlflow_on_kedro.datasets.value_kinds import VALUE_KINDS
from PIL import Image
from plotly import graph_objects as go
from sklearn.linear_model import LogisticRegression

TEXT = "naïve café\n東京 🍣\r\n완료\n"
RECORD = {"city": "東京", "scores": [1, 2.5, None], "nested": {"ключ": True}, "empty": {}}
ROWS = [{"name": "Zoë", "code": "007"}, {"name": "東京", "n": 1}]


def frame() -> pd.DataFrame:
    """A table of several types, with text that is not ASCII."""
    return pd.DataFrame(
        {
            "name": ["Zoë", "東京", "🍣"],
            "n": [1, 2, 3],
            "x": [0.1, -2.5, 1e-9],
            "ok": [True, False, True],
        }
    )


def figure() -> Figure:
    """A Matplotlib figure of 200 by 100 pixels."""
    fig = Figure(figsize=(2, 1), dpi=100)
    fig.subplots().set_title("Fläche")
    return fig


def plotly_figure() -> go.Figure:
    """A Plotly figure with a title that is not ASCII."""
    return go.Figure(go.Bar(x=[1, 2], y=[3, 4]), layout={"title": "日本"})


def picture() -> Image.Image:
    """A red image."""
    return Image.new("RGB", (8, 4), (255, 0, 0))


def model() -> LogisticRegression:
    """A fitted scikit-learn model."""
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def same_frame(loaded: Any) -> None:
    """It is the table above."""
    pd.testing.assert_frame_equal(loaded, frame())


def red_picture(loaded: Any) -> None:
    """It is the red image, give or take JPEG's losses."""
    assert isinstance(loaded, Image.Image)
    assert loaded.size == (8, 4)
    red, green, blue = loaded.convert("RGB").getpixel((3, 2))
    assert red > 250
    assert green < 5
    assert blue < 5


def drawn_figure(loaded: Any) -> None:
    """It is the figure, as pixels."""
    assert isinstance(loaded, Image.Image)
    assert loaded.size == (200, 100)


def same_prediction(loaded: Any) -> None:
    """It predicts as the model above."""
    assert loaded.predict([[0.0], [3.0]]).tolist() == [0, 1]


def equals(value: Any) -> Any:
    """Make a check for equality."""

    def check(loaded: Any) -> None:
        assert loaded == value

    return check


def svg_drawing(loaded: Any) -> None:
    """It is a whole SVG file."""
    assert loaded.startswith("<?xml")
    assert "</svg>" in loaded


def offline_page(loaded: Any) -> None:
    """It is a page with plotly.js inside, which fetches nothing."""
    assert "日本" in loaded or "\\u65e5\\u672c" in loaded
    assert len(loaded) > 1_000_000
    assert "<script src=" not in loaded
    assert 'src="https://cdn' not in loaded


def same_plot(loaded: Any) -> None:
    """It is the Plotly figure above."""
    assert isinstance(loaded, go.Figure)
    assert loaded.layout.title.text == "日本"
    assert list(loaded.data[0].y) == [3, 4]


def lines_of_rows(loaded: Any) -> None:
    """It is a table of the rows above, where the text 007 is still text."""
    assert loaded["name"].tolist() == ["Zoë", "東京"]
    assert loaded["code"][0] == "007"
    assert loaded["n"][1] == 1


def drawn_page(loaded: Any) -> None:
    """It is a page with the Matplotlib figure drawn in it."""
    assert loaded.startswith("<!DOCTYPE html>")
    assert loaded.rstrip().endswith("</svg>\n</body></html>")


COLUMNS = {"name": ["Zoë", "東京"], "code": ["007", "1"], "2024": [0.1 + 0.2, None], "n": [1, -2]}
LOOSE = {"n": np.int64(3), "x": np.array([0.5]), "set": {"b", "a"}, "when": dt.date(2026, 1, 2)}
PLAIN = {"n": 3, "x": [0.5], "set": ["a", "b"], "when": "2026-01-02"}


def same_columns(loaded: Any) -> None:
    """It is the table above, where text and column names that look like numbers are still text."""
    pd.testing.assert_frame_equal(loaded, pd.DataFrame(COLUMNS))


def pictures_by_step(loaded: Any) -> None:
    """They are the red picture and the figure."""
    assert list(loaded) == [0, 10]
    red_picture(loaded[0])
    drawn_figure(loaded[10])


def drawn_plot(loaded: Any) -> None:
    """It is a plot, as pixels."""
    assert loaded.size == (600, 500)


CLASSES = pd.DataFrame({"actual": ["a", "b", "b"], "predicted": ["a", "b", "a"]})
SCORES = {"actual": [0, 1, 1, 0], "predicted": [0.1, 0.8, 0.3, 0.4]}
RED = np.zeros((4, 8, 3))
RED[:, :, 0] = 1.0

ROUND_TRIPS: dict[tuple[str, str], tuple[Any, Any]] = {
    ("json", "record"): (RECORD, equals(RECORD)),
    ("csv", "frame"): (frame(), same_frame),
    ("xls", "frame"): (frame(), same_frame),
    ("xlsx", "frame"): (frame(), same_frame),
    ("parquet", "frame"): (frame(), same_frame),
    ("pq", "frame"): (frame(), same_frame),
    ("feather", "frame"): (frame(), same_frame),
    ("jsonl", "frame"): (frame(), same_frame),
    ("jsonl", "rows"): (ROWS, lines_of_rows),
    ("png", "image"): (picture(), red_picture),
    ("png", "figure"): (figure(), drawn_figure),
    ("png", "floats"): (RED, red_picture),
    ("png", "bytes"): ((RED * 255).astype("uint8"), red_picture),
    ("png", "integers"): ((RED * 255).astype("int64"), red_picture),
    ("jpg", "image"): (picture(), red_picture),
    ("jpg", "figure"): (figure(), drawn_figure),
    ("jpeg", "image"): (picture(), red_picture),
    ("jpeg", "figure"): (figure(), drawn_figure),
    ("img", "image"): (picture(), red_picture),
    ("img", "figure"): (figure(), drawn_figure),
    ("matplotlib", "figure"): (figure(), drawn_figure),
    ("pkl", "model"): (model(), same_prediction),
    ("pkl", "frame"): (frame(), same_frame),
    ("pickle", "model"): (model(), same_prediction),
    ("txt", "text"): (TEXT, equals(TEXT)),
    ("md", "text"): (TEXT, equals(TEXT)),
    ("log", "text"): (TEXT, equals(TEXT)),
    ("yml", "record"): (RECORD, equals(RECORD)),
    ("yaml", "record"): (RECORD, equals(RECORD)),
    ("svg", "figure"): (figure(), svg_drawing),
    ("svg", "text"): (TEXT, equals(TEXT)),
    ("html", "figure"): (plotly_figure(), offline_page),
    ("html", "text"): (TEXT, equals(TEXT)),
    ("plotly", "figure"): (plotly_figure(), same_plot),
    ("html", "drawing"): (figure(), drawn_page),
    ("figure", "plotly"): (plotly_figure(), offline_page),
    ("figure", "drawing"): (figure(), drawn_page),
    ("table", "frame"): (frame(), same_frame),
    ("table", "columns"): (COLUMNS, same_columns),
    ("dict", "record"): (RECORD, equals(RECORD)),
    ("dict", "NumPy and more"): (LOOSE, equals(PLAIN)),
    ("text", "text"): (TEXT, equals(TEXT)),
    ("images", "steps"): ({10: figure(), 0: RED}, pictures_by_step),
    ("confusion_matrix", "table"): (CLASSES, drawn_plot),
    ("roc", "columns"): (SCORES, drawn_plot),
    ("precision_recall", "pair"): (tuple(SCORES.values()), drawn_plot),
    ("calibration", "columns"): (SCORES, drawn_plot),
    ("residuals", "pair"): (list(SCORES.values()), drawn_plot),
}
IMAGE_FORMATS = {"png": "PNG", "img": "PNG", "matplotlib": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}


@pytest.fixture
def place(tmp_path: Path) -> Any:
    """Where a kind's file goes, in a folder that does not exist yet."""
    return lambda kind: (tmp_path / "données" / f"value{suffix_of(kind)}").as_posix()


class TestKinds:
    """The table of extensions."""

    def test_round_trips_are_of_every_kind(self) -> None:
        """No extension is left out of the round trips below."""
        assert {kind for kind, _ in ROUND_TRIPS} == set(EXTENSIONS)

    @pytest.mark.parametrize(("kind", "label"), ROUND_TRIPS)
    def test_a_value_comes_back(self, kind: str, label: str, place: Any) -> None:
        """What is saved is loaded again, by the same backend and by one made anew."""
        value, check = ROUND_TRIPS[kind, label]
        backend = make(kind, place(kind), name="value")
        assert not backend.exists()
        backend.save(value)
        assert backend.exists()
        check(backend.load())
        check(make(kind, place(kind), name="value").load())

    @pytest.mark.parametrize(("kind", "label"), ROUND_TRIPS)
    def test_a_backend_is_pickled(self, kind: str, label: str, place: Any) -> None:
        """A backend goes through pickle and deepcopy, before it was used and after."""
        value, check = ROUND_TRIPS[kind, label]
        backend = pickled(make(kind, place(kind), name="value"))
        backend.save(value)
        check(pickled(backend).load())
        check(copy.deepcopy(backend).load())
        assert Path(place(kind)).name in repr(backend)

    @pytest.mark.parametrize(
        ("kind", "label"), [both for both in ROUND_TRIPS if both[0] != "images"]
    )
    def test_a_version_comes_back(self, kind: str, label: str, place: Any) -> None:
        """Every kind can be versioned; the latest version is loaded, and its path is known."""
        value, check = ROUND_TRIPS[kind, label]
        for day in ("2026-01-01", "2026-01-02"):
            backend = make(kind, place(kind), name="value", version=Version(None, day))
            backend.save(value)
            written = Path(place(kind)) / day / Path(place(kind)).name
            assert written.is_file()
            assert local_path(backend, saving=True) == written
            assert local_path(backend, saving=False) == written
        check(backend.load())

    @pytest.mark.parametrize(
        ("kind", "name", "value", "check"),
        [
            ("dict", "a.yml", RECORD, lambda text: yaml.safe_load(text) == RECORD),
            ("dict", "a.YAML", LOOSE, lambda text: list(yaml.safe_load(text)) == list(LOOSE)),
            ("dict", "a.yml", LOOSE, lambda text: yaml.safe_load(text) == PLAIN),
            ("dict", "a.json", RECORD, lambda text: json.loads(text) == RECORD and "\n  " in text),
            ("figure", "a.svg", figure(), lambda text: text.startswith("<?xml")),
            ("figure", "a.json", plotly_figure(), lambda text: json.loads(text)["data"]),
            ("plotly", "a.html", plotly_figure(), lambda text: "<html" in text),
            ("matplotlib", "a.svg", figure(), lambda text: text.startswith("<?xml")),
        ],
    )
    def test_the_name_of_the_file_chooses_what_it_is(
        self, kind: str, name: str, value: Any, check: Any, tmp_path: Path
    ) -> None:
        """What is no file of one extension is what its ``filepath`` ends in, and loads again."""
        path = tmp_path / name
        make(kind, path.as_posix(), name="value").save(value)
        assert check(path.read_text(encoding="utf-8"))
        assert make(kind, path.as_posix(), name="value").load()

    @pytest.mark.parametrize("name", ["a.png", "a.jpg"])
    def test_a_figure_is_a_picture_by_its_files_name(self, name: str, tmp_path: Path) -> None:
        """``dataset: figure`` with a ``filepath`` of an image draws the Matplotlib figure there."""
        backend = make("figure", (tmp_path / name).as_posix(), name="value")
        backend.save(figure())
        drawn_figure(backend.load())

    def test_a_table_is_as_mlflow_writes_it(self, tmp_path: Path) -> None:
        """The file is what ``mlflow.log_table`` would have made of the frame."""
        rows = pd.DataFrame({"when": pd.to_datetime(["2026-01-02"]), "x": [float("nan")], "s": "a"})
        path = tmp_path / "a.json"
        make("table", path.as_posix(), name="value").save(rows)
        expected = json.loads(rows.to_json(orient="split", index=False, date_format="iso"))
        assert json.loads(path.read_text()) == expected

    @pytest.mark.parametrize("kind", ["jsonl", "table"])
    def test_numbers_keep_15_decimals_in_json(self, kind: str, place: Any) -> None:
        """By itself pandas would keep 10."""
        make(kind, place(kind), name="value").save(pd.DataFrame({"x": [1 / 3]}))
        loaded = make(kind, place(kind), name="value").load()["x"][0]
        assert loaded == pytest.approx(1 / 3, abs=1e-15)

    def test_a_dict_of_values_is_a_table_of_one_row(self, tmp_path: Path) -> None:
        """As ``mlflow.log_table`` has it."""
        backend = make("table", (tmp_path / "a.json").as_posix(), name="value")
        backend.save({"question": "What?", "score": 0.5})
        assert backend.load().to_dict("records") == [{"question": "What?", "score": 0.5}]

    def test_a_dict_that_is_no_table_is_refused(self, tmp_path: Path) -> None:
        """The message has the cause: here, lists that are not equally long."""
        backend = make("table", (tmp_path / "a.json").as_posix(), name="value")
        with pytest.raises(DatasetError, match="no table: All arrays must be of the same length"):
            backend.save({"a": [1], "b": [1, 2]})

    def test_a_polars_frame_is_a_table(self, tmp_path: Path) -> None:
        """It is written as a pandas frame is."""
        polars = pytest.importorskip("polars")
        backend = make("table", (tmp_path / "a.json").as_posix(), name="value")
        backend.save(polars.DataFrame(COLUMNS))
        same_columns(backend.load())

    @pytest.mark.parametrize("kind", IMAGE_FORMATS)
    def test_an_image_file_is_what_its_name_says(self, kind: str, place: Any) -> None:
        """A figure saved as jpg is a JPEG file, not a PNG file of that name."""
        make(kind, place(kind), name="value").save(figure())
        with Image.open(place(kind)) as image:
            assert image.format == IMAGE_FORMATS[kind]

    def test_an_explicit_path_chooses_the_image_format(self, tmp_path: Path) -> None:
        """``dataset: img`` with a filepath that ends in .jpg writes a JPEG file."""
        path = (tmp_path / "plot.jpg").as_posix()
        make("img", path, name="plot").save(figure())
        with Image.open(path) as image:
            assert image.format == "JPEG"

    @pytest.mark.parametrize(
        ("kind", "label"), [("json", "record"), ("yml", "record"), ("jsonl", "rows")]
    )
    def test_text_files_are_readable(self, kind: str, label: str, place: Any) -> None:
        """Text that is not ASCII is in the file as UTF-8, not as escapes: a person reads it."""
        make(kind, place(kind), name="value").save(ROUND_TRIPS[kind, label][0])
        assert "東京" in Path(place(kind)).read_text(encoding="utf-8")

    def test_utf_8_whatever_the_locale(self, tmp_path: Path) -> None:
        """Text, JSON, YAML and CSV survive a machine whose locale knows no Unicode."""
        code = f"""
import locale
assert "utf" not in locale.getpreferredencoding(False).lower(), locale.getpreferredencoding(False)
import pandas as pd
from mlflow_on_kedro.datasets.backends import make
from mlflow_on_kedro.datasets.extension_names import suffix_of
text = "caf\\u00e9 \\u6771\\u4eac \\U0001f363"
values = {{"txt": text, "html": text, "json": [text], "yml": [text],
          "csv": pd.DataFrame({{"a": [text]}}), "jsonl": [{{"a": text}}]}}
for kind, value in values.items():
    backend = make(kind, {tmp_path.as_posix()!r} + "/value" + suffix_of(kind), name="value")
    backend.save(value)
    loaded = backend.load()
    assert (loaded["a"][0] == text) if kind in ("csv", "jsonl") else (loaded == value), kind
"""
        locale_without_unicode = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        run_python(code, **locale_without_unicode)

    def test_xls_is_saved_in_the_new_format(self, tmp_path: Path) -> None:
        """Nothing writes the old Excel format: it ends in .xlsx, unless the user names it."""
        assert suffix_of("xls") == ".xlsx"
        path = tmp_path / "old.xls"
        make("xls", path.as_posix(), name="old").save(frame())
        assert path.read_bytes().startswith(b"PK")
        same_frame(make("xls", path.as_posix(), name="old").load())

    def test_old_xls_files_are_left_to_their_reader(self, tmp_path: Path) -> None:
        """A file of the old format goes to the library that reads it: its content decides."""
        path = tmp_path / "old.xls"
        path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
        with pytest.raises(DatasetError, match=r"xlrd|calamine|OLE2"):
            make("xls", path.as_posix(), name="old").load()

    def test_a_csv_file_has_no_index_unless_asked(self, place: Any) -> None:
        """The index is left out, as Kedro's CSVDataset does it; ``save_args`` puts it in."""
        make("csv", place("csv"), name="value").save(frame())
        assert Path(place("csv")).read_text(encoding="utf-8").startswith("name,n,x,ok")
        args: dict[str, Any] = {"save_args": {"index": True}, "load_args": {"index_col": 0}}
        backend = make("csv", place("csv"), name="value", **args)
        backend.save(frame().set_index("name"))
        assert backend.load().index.tolist() == ["Zoë", "東京", "🍣"]

    def test_the_users_arguments_win_over_the_defaults(self, place: Any) -> None:
        """An argument replaces the default of its name only, at every level."""
        args: dict[str, Any] = {
            "save_args": {"indent": None},
            "fs_args": {"open_args_save": {"encoding": "utf-16"}},
        }
        make("json", place("json"), name="value", **args).save({"a": "東京"})
        assert Path(place("json")).read_text(encoding="utf-16") == '{"a": "東京"}'

    def test_arguments_reach_the_chosen_writer(self, place: Any) -> None:
        """``save_args`` of a kind with several writers go to the one that saves."""
        make("png", place("png"), name="value", save_args={"dpi": 50}).save(figure())
        assert make("png", place("png"), name="value").load().size == (100, 50)

    def test_plotly_page_without_plotly_js_on_demand(self, place: Any) -> None:
        """plotly.js is inside an HTML file by default, and the user may have it otherwise."""
        args: dict[str, Any] = {"save_args": {"include_plotlyjs": "cdn"}}
        make("html", place("html"), name="value", **args).save(plotly_figure())
        assert len(Path(place("html")).read_text(encoding="utf-8")) < 100_000

    def test_an_argument_that_the_kind_does_not_take(self, place: Any) -> None:
        """The message names the argument, the dataset and what it takes."""
        with pytest.raises(
            DatasetError, match=r"'value'.*TextDataset does not take save_args; it takes: "
        ):
            make("txt", place("txt"), name="value", save_args={"a": 1})

    def test_a_value_that_the_kind_cannot_save(self, place: Any) -> None:
        """The message names the value's class and the classes that can be saved."""
        with pytest.raises(
            DatasetError, match=r"png cannot save .*'dict'.*PIL\.Image\.Image, matplotlib"
        ):
            make("png", place("png"), name="value").save({"a": 1})

    def test_an_array_that_is_no_image(self, place: Any) -> None:
        """Numbers outside an image's range are refused, rather than wrapped around."""
        with pytest.raises(DatasetError, match="integers must lie between 0 and 255"):
            make("png", place("png"), name="value").save(np.array([[300]]))
        with pytest.raises(DatasetError, match="floats between 0 and 1"):
            make("png", place("png"), name="value").save(np.array([[float("nan")]]))

    def test_derived_classes_are_matched(self, place: Any) -> None:
        """A value of a class derived from a known one is saved like it."""

        class Report(str):
            __slots__ = ()

        make("html", place("html"), name="value").save(Report("<p>ja</p>"))
        assert make("html", place("html"), name="value").load() == "<p>ja</p>"

    def test_a_remote_place(self) -> None:
        """Kinds with several writers work on any fsspec file system."""
        backend = make("png", "memory://folder/value.png", name="value")
        backend.save(picture())
        assert backend.exists()
        red_picture(backend.load())
        assert local_path(backend, saving=True) is None

    def test_nothing_heavy_is_imported(self, tmp_path: Path) -> None:
        """Neither the import nor making a by-value backend imports what saves or loads."""
        run_python(f"""
import sys
from mlflow_on_kedro.datasets import backends
heavy = ("pandas", "plotly", "matplotlib", "PIL", "mlflow", "kedro_datasets", "numpy", "pyarrow")
backends.make("png", {tmp_path.as_posix()!r} + "/a.png", name="a")
backends.check_installed("parquet")
assert not [name for name in heavy if name in sys.modules]
""")


class TestCheckKind:
    """Unknown extensions."""

    @pytest.mark.parametrize(
        ("wrong", "nearest"),
        [
            ("cvs", "csv"),
            ("jsn", "json"),
            (".csv", "csv"),
            ("JPG", "jpg"),
            ("xslx", "xlsx"),
            ("parq", "parquet"),
            ("metrics", "m"),
            ("Params", "p"),
            ("excel", "xlsx"),
            ("image", "img"),
            ("plot", "figure"),
            ("string", "text"),
        ],
    )
    def test_the_nearest_comes_first(self, wrong: str, nearest: str) -> None:
        """The list of known extensions begins with the one that was meant."""
        with pytest.raises(DatasetError) as error:
            check_extension(wrong)
        known = str(error.value).split("nearest first: ")[1].split(". For")[0].split(", ")
        assert repr(wrong) in str(error.value)
        assert known[0] == nearest
        assert set(known) == {*EXTENSIONS, *VALUE_KINDS, *WORDS}

    @pytest.mark.parametrize(
        ("word", "words"),
        [
            ("number", r"Did you mean 'm' \(metric\)\?"),
            ("excel", r"Did you mean 'xlsx'\?"),
            ("model", r"For a model .*MLflowModelDataset"),
        ],
    )
    def test_other_words_are_understood(self, word: str, words: str) -> None:
        """The common word for a kind is answered with the kind."""
        with pytest.raises(DatasetError, match=words):
            check_extension(word)

    @pytest.mark.parametrize("kind", [*EXTENSIONS, *VALUE_KINDS, *WORDS])
    def test_known_ones_pass(self, kind: str) -> None:
        """Extensions and the kinds without a file are known."""
        check_extension(kind)

    def test_make_refuses_unknown_ones(self, tmp_path: Path) -> None:
        """``make`` checks the extension; a kind without a file makes no dataset."""
        with pytest.raises(DatasetError, match="not a known extension"):
            make("cvs", (tmp_path / "a.cvs").as_posix(), name="a")
        with pytest.raises(DatasetError, match="no file for 'dataset: m'"):
            make("m", (tmp_path / "a").as_posix(), name="a")


class TestSuffix:
    """File suffixes of extensions and of dicts."""

    @pytest.mark.parametrize(
        ("dataset", "expected"),
        [
            ("pkl", ".pkl"),
            ("img", ".png"),
            ("matplotlib", ".png"),
            ("plotly", ".json"),
            ("m", ""),
            ({"type": "pandas.ParquetDataset"}, ".parquet"),
            ({"type": "kedro_datasets.pandas.CSVDataset"}, ".csv"),
            ({"type": "pandas.CSVDataSet"}, ".csv"),
            ({"type": CSVDataset}, ".csv"),
            ({"type": "polars.ParquetDataset"}, ".parquet"),
            ({"type": "text.TextDataset", "filepath": "a/b.srt"}, ".srt"),
            ({"type": "partitions.PartitionedDataset", "dataset": "pandas.CSVDataset"}, ""),
            ({"type": "my.own.Thing"}, ""),
            ({}, ""),
            (None, ""),
            (MemoryDataset(), ""),
            (CSVDataset(filepath="a"), ".csv"),
        ],
    )
    def test_suffix_of(self, dataset: Any, expected: str) -> None:
        """The suffix follows the extension, or the dataset class where that tells one."""
        assert suffix_of(dataset) == expected


class OwnDataset(AbstractDataset[Any, Any]):
    """A user's dataset, which takes neither ``metadata`` nor ``version``."""

    def __init__(self, filepath: str, polite: bool = False) -> None:
        self._filepath = filepath
        self.polite = polite

    def load(self) -> Any:
        """Load."""
        return Path(self._filepath).read_text(encoding="utf-8")

    def save(self, data: Any) -> None:
        """Save."""
        Path(self._filepath).write_text(data, encoding="utf-8")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


class QuietDataset(AbstractVersionedDataset[Any, Any]):
    """A user's versioned dataset, which describes nothing of itself."""

    def __init__(self, filepath: str, protocol: str) -> None:
        super().__init__(PurePosixPath(filepath), None)
        self._protocol = protocol

    def load(self) -> Any:
        """Load."""
        return None

    def save(self, data: Any) -> None:
        """Save."""

    def _describe(self) -> dict[str, Any]:
        return {}


class TestDict:
    """Backends in catalog form."""

    @pytest.mark.parametrize(
        "cls", ["pandas.CSVDataset", "kedro_datasets.pandas.CSVDataset", CSVDataset]
    )
    def test_type_path_and_class(self, cls: Any, tmp_path: Path) -> None:
        """The type is a name, a full path or a class; the filepath is filled in."""
        path = tmp_path / "a.csv"
        config = {"type": cls, "save_args": {"sep": ";"}}
        backend = make(config, path.as_posix(), name="a")
        backend.save(frame())
        assert path.read_text(encoding="utf-8").startswith("name;n;x;ok")
        assert config == {"type": cls, "save_args": {"sep": ";"}}
        same_frame(make({**config, "load_args": {"sep": ";"}}, path.as_posix(), name="a").load())

    def test_its_own_filepath_wins(self, tmp_path: Path) -> None:
        """A filepath in the dict is the user's word."""
        own = {"type": "text.TextDataset", "filepath": (tmp_path / "own.txt").as_posix()}
        make(own, (tmp_path / "other.txt").as_posix(), name="a").save("x")
        assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]

    def test_versioned_in_the_dict(self, tmp_path: Path) -> None:
        """``versioned: true`` works, and takes the version that Kedro gives to the run."""
        path = (tmp_path / "a.csv").as_posix()
        config = {"type": "pandas.CSVDataset", "versioned": True}
        make(config, path, name="a", version=Version(None, "2026-01-01")).save(frame())
        assert (tmp_path / "a.csv" / "2026-01-01" / "a.csv").is_file()
        backend = make(config, path, name="a")
        same_frame(backend.load())
        backend.save(frame())
        assert len(list((tmp_path / "a.csv").iterdir())) == 2

    def test_arguments_beside_are_merged_in(self, tmp_path: Path) -> None:
        """What is given beside the dict is added to what is in it."""
        config = {"type": "pandas.CSVDataset", "save_args": {"sep": ";"}, "load_args": None}
        args: dict[str, Any] = {
            "save_args": {"decimal": ","},
            "load_args": {"sep": ";", "decimal": ","},
        }
        backend = make(config, (tmp_path / "a.csv").as_posix(), name="a", metadata={"k": 1}, **args)
        backend.save(frame())
        assert "Zoë;1;0,1;True" in (tmp_path / "a.csv").read_text(encoding="utf-8")
        same_frame(backend.load())
        assert backend.metadata == {"k": 1}  # type: ignore[attr-defined]

    def test_the_same_argument_twice(self, tmp_path: Path) -> None:
        """An argument both in the dict and beside it is an error that names it."""
        config = {"type": "pandas.CSVDataset", "save_args": {"sep": ";"}}
        with pytest.raises(
            DatasetError, match=r"dataset 'a': save_args\.sep is given in the dict and beside"
        ):
            make(config, (tmp_path / "a.csv").as_posix(), name="a", save_args={"sep": ","})

    def test_a_folder(self, tmp_path: Path) -> None:
        """A PartitionedDataset, whose place is called ``path``, gets its folder."""
        config = {"type": "partitions.PartitionedDataset", "dataset": "pandas.CSVDataset"}
        backend = pickled(make(config, (tmp_path / "parts").as_posix(), name="a"))
        backend.save({"one.csv": frame(), "sub/two.csv": frame()})
        folder = local_path(backend, saving=True)
        assert folder == tmp_path / "parts"
        assert {path.name for path in folder.rglob("*.csv")} == {"one.csv", "two.csv"}
        same_frame(backend.load()["one.csv"]())

    def test_a_type_without_files(self) -> None:
        """A class that takes no filepath gets none."""
        backend = make({"type": "MemoryDataset"}, "data/a", name="a")
        assert isinstance(backend, MemoryDataset)

    def test_a_users_own_class(self, tmp_path: Path) -> None:
        """A class that takes no metadata does not get it; it cannot be versioned, and says so."""
        path = (tmp_path / "a").as_posix()
        backend = make({"type": OwnDataset, "polite": True}, path, name="a", metadata={"k": 1})
        assert isinstance(backend, OwnDataset)
        assert backend.polite
        with pytest.raises(DatasetError, match="OwnDataset cannot be versioned"):
            make({"type": OwnDataset}, path, name="a", version=Version(None, None))
        with pytest.raises(
            DatasetError, match="OwnDataset does not take load_args, polit; it takes: filepath"
        ):
            make({"type": OwnDataset, "polit": 1}, path, name="a", load_args={})

    @pytest.mark.parametrize(
        ("old", "value"),
        [
            ("pandas.CSVDataSet", frame()),
            ("pickle.PickleDataSet", 1),
            ("matplotlib.MatplotlibWriter", figure()),
        ],
    )
    def test_names_of_older_releases(self, old: str, value: Any, tmp_path: Path) -> None:
        """Catalogs written for older kedro-datasets work, without a warning."""
        backend = make({"type": old}, (tmp_path / "a").as_posix(), name="a")
        backend.save(value)
        assert (tmp_path / "a").is_file()

    @pytest.mark.parametrize("config", [{}, {"filepath": "a"}, 5, ["csv"], {"type": None}])
    def test_no_type(self, config: Any) -> None:
        """Anything that is not an extension, a dict with a type or a dataset is refused."""
        with pytest.raises(DatasetError, match="dataset 'a': 'dataset' must be an extension"):
            make(config, "a", name="a")

    @pytest.mark.parametrize(
        ("cls", "message"),
        [
            ("pandas.CVSDataset", "CVSDataset"),
            (dict, "dict"),
            (5, "5"),
            ("json", "extension goes without"),
        ],
    )
    def test_a_wrong_type(self, cls: Any, message: str) -> None:
        """A type that names no dataset gives one DatasetError that quotes it."""
        with pytest.raises(DatasetError, match=rf"dataset 'a': .*{message}"):
            make({"type": cls}, "a", name="a")


class TestObject:
    """Dataset objects from Python."""

    def test_returned_as_it_is(self) -> None:
        """A dataset object is the backend."""
        dataset = MemoryDataset(1)
        assert make(dataset, "elsewhere", name="a", metadata={"k": 1}) is dataset

    def test_arguments_beside_it_are_refused(self) -> None:
        """Arguments that could have no effect are an error, not silence."""
        with pytest.raises(
            DatasetError, match="save_args, versioned cannot be given beside a dataset object"
        ):
            make(MemoryDataset(1), None, name="a", save_args={"a": 1}, version=Version(None, None))


class TestAt:
    """A dataset object for a downloaded file."""

    def test_another_file(self, tmp_path: Path) -> None:
        """Arguments stay, versions and credentials do not; the original is left alone."""
        old, new = (tmp_path / "a.csv").as_posix(), (tmp_path / "b.csv").as_posix()
        args: dict[str, Any] = {"save_args": {"sep": ";"}, "load_args": {"sep": ";"}}
        original = CSVDataset(
            filepath=old, version=Version(None, "v1"), credentials={"k": 1}, **args
        )
        copied = backends.moved(original, new)
        copied.save(frame())
        same_frame(copied.load())
        assert Path(new).read_text(encoding="utf-8").startswith("name;n")
        assert not original.exists()
        assert local_path(original, saving=True) is None
        original.save(frame())
        assert local_path(original, saving=True) == Path(old) / "v1" / "a.csv"

    def test_from_a_remote_place(self, tmp_path: Path) -> None:
        """A dataset of a remote place gives one for the local file; so does a by-value backend."""
        remote = make("png", "memory://a.png", name="a", version=Version(None, "v1"))
        local = backends.moved(remote, (tmp_path / "b.png").as_posix())
        local.save(picture())
        assert (tmp_path / "b.png").is_file()
        red_picture(local.load())

    def test_folders_and_wrapped_ones(self, tmp_path: Path) -> None:
        """A PartitionedDataset gets its folder, a CachedDataset is its inner dataset."""
        new = (tmp_path / "new").as_posix()
        parts = PartitionedDataset(path=(tmp_path / "old").as_posix(), dataset="text.TextDataset")
        backends.moved(parts, new).save({"a.txt": TEXT})
        assert (tmp_path / "new" / "a.txt").is_file()
        inner = make("txt", (tmp_path / "a.txt").as_posix(), name="a")
        assert (
            backends.moved(CachedDataset(inner), (tmp_path / "new" / "a.txt").as_posix()).load()
            == TEXT
        )

    def test_no_file(self) -> None:
        """A dataset without a file cannot have another one."""
        with pytest.raises(DatasetError, match="has no file, so it cannot read"):
            backends.moved(MemoryDataset(1), "b")


class TestLocalPath:
    """The file that was written or will be loaded."""

    def test_a_plain_file(self, place: Any) -> None:
        """Without versions it is the filepath, there or not."""
        backend = make("pkl", place("pkl"), name="value")
        assert local_path(backend, saving=False) == Path(place("pkl"))
        assert local_path(backend, saving=True) == Path(place("pkl"))

    @pytest.mark.parametrize("kind", ["csv", "png"])
    def test_each_new_version(self, kind: str, place: Any) -> None:
        """When Kedro makes the version up at each save, it is the one just written."""
        value = frame() if kind == "csv" else picture()
        backend = make(kind, place(kind), name="value", version=Version(None, None))
        backend._version = Version(None, None)  # type: ignore[attr-defined]
        seen = set()
        for _ in range(3):
            time.sleep(0.002)  # Kedro's versions are milliseconds
            backend.save(value)
            written = local_path(backend, saving=True)
            assert written is not None
            assert written.is_file()
            assert local_path(backend, saving=False) == written
            seen.add(written)
        assert len(seen) == 3

    def test_nothing_to_load_yet(self, place: Any) -> None:
        """A versioned dataset without a version has no file to load."""
        backend = make("csv", place("csv"), name="value", version=Version(None, "2026-01-01"))
        assert local_path(backend, saving=False) is None

    def test_a_pinned_load_version(self, place: Any) -> None:
        """Loading gives the pinned version, saving the new one, also when Kedro made that up."""
        make("csv", place("csv"), name="value", version=Version(None, "2026-01-01")).save(frame())
        backend = CSVDataset(filepath=place("csv"), version=Version("2026-01-01", None))
        with pytest.warns(UserWarning, match="did not match load version"):
            backend.save(frame())
        loaded, saved = local_path(backend, saving=False), local_path(backend, saving=True)
        assert loaded is not None
        assert saved is not None
        assert loaded.parent.name == "2026-01-01"
        assert saved.is_file()
        assert saved.parent.name > "2026-01-01"

    @pytest.mark.parametrize(
        "backend",
        [
            MemoryDataset(1),
            make("txt", "memory://a/b.txt", name="a"),
            OwnDataset("https://example.org/a.csv"),
            PartitionedDataset(path="memory://parts", dataset="pandas.CSVDataset"),
        ],
    )
    def test_no_local_file(self, backend: Any) -> None:
        """Memory and remote places have none."""
        assert local_path(backend, saving=True) is None
        assert local_path(backend, saving=False) is None

    @pytest.mark.parametrize("kind", [kind for kind in EXTENSIONS if kind != "images"])
    def test_no_kind_is_taken_for_local(self, kind: str) -> None:
        """A remote place is told of every kind's dataset, whatever that describes of itself."""
        backend = make(kind, f"memory://folder/value{suffix_of(kind)}", name="value")
        assert local_path(backend, saving=True) is None
        assert local_path(backend, saving=False) is None

    def test_wrapped_and_users_own(self, tmp_path: Path) -> None:
        """A CachedDataset has its inner dataset's file, a user's one the file it describes."""
        path = tmp_path / "a.txt"
        inner = make("txt", path.as_posix(), name="a")
        assert local_path(CachedDataset(inner), saving=True) == path
        assert local_path(OwnDataset(path.as_posix()), saving=True) == path
        assert local_path(QuietDataset(path.as_posix(), "file"), saving=True) == path
        assert local_path(QuietDataset(path.as_posix(), "s3"), saving=True) is None
        parts = PartitionedDataset(path=path.as_uri(), dataset="text.TextDataset")
        assert local_path(parts, saving=True) == path

    def test_kedro_still_has_what_it_relies_on(self, tmp_path: Path) -> None:
        """Kedro's layout of versions and the names it keeps are as ``local_path`` takes them."""
        backend = CSVDataset(filepath=(tmp_path / "a.csv").as_posix(), version=Version(None, "v1"))
        assert isinstance(backend, AbstractVersionedDataset)
        expected = backend._get_save_path()
        backend.save(frame())
        assert local_path(backend, saving=True) == Path(expected) == Path(backend._get_load_path())
        assert backend._describe()["filepath"] == backend._filepath
        assert isinstance(CachedDataset(backend)._dataset, CSVDataset)


MISSING: list[tuple[Any, list[str], str]] = [
    ("csv", ["pandas"], "pip install pandas"),
    ("parquet", ["pyarrow", "fastparquet"], "pip install pyarrow"),
    ("feather", ["pandas", "pyarrow"], "pip install pandas pyarrow"),
    ("xlsx", ["openpyxl"], "pip install openpyxl"),
    ("png", ["PIL"], "pip install pillow"),
    ("matplotlib", ["matplotlib"], "pip install matplotlib"),
    ("plotly", ["plotly"], "pip install plotly"),
    ("json", ["kedro_datasets"], "pip install kedro-datasets"),
    ("png", ["kedro_datasets"], "pip install kedro-datasets"),
    ({"type": "pandas.ParquetDataset"}, ["pyarrow", "fastparquet"], "pip install pyarrow"),
    ({"type": "plotly.JSONDataset"}, ["plotly"], "pip install plotly"),
    ({"type": "matplotlib.MatplotlibWriter"}, ["matplotlib"], "pip install matplotlib"),
    (
        {"type": "polars.CSVDataset"},
        ["polars"],
        'pip install "kedro-datasets[polars-csvdataset]"',
    ),
]


@pytest.fixture(scope="module")
def errors() -> list[str]:
    """The message of each case, from one process in which its packages cannot be imported."""
    cases = [(kind, blocked) for kind, blocked, _ in MISSING]
    return messages(
        run_python(f"""
import sys
class Block:
    names = ()
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
from kedro.io import DatasetError
from mlflow_on_kedro.datasets.backends import make
for kind, Block.names in {cases!r}:
    try:
        make(kind, "a/value", name="value")
    except DatasetError as error:
        assert error.__cause__ is None and error.__context__ is None
        print("ERROR", error)
""")
    )


class TestMissingPackages:
    """Optional packages that are not installed."""

    @pytest.mark.parametrize("case", range(len(MISSING)))
    def test_the_command_that_mends_it(self, case: int, errors: list[str]) -> None:
        """The error is one DatasetError with the pip command, raised before any work is done."""
        assert len(errors) == len(MISSING)
        assert errors[case].endswith(f"run `{MISSING[case][2]}`")

    def test_another_engine(self) -> None:
        """A table's usual engine is not asked for when the user names another one."""
        output = run_python("""
import sys
sys.modules["pyarrow"] = sys.modules["fastparquet"] = sys.modules["pandas"] = None
from mlflow_on_kedro.datasets import backends
from kedro.io import DatasetError
for args in ({}, {"load_args": {"engine": "other"}}):
    try:
        backends.check_installed("parquet", args)
    except DatasetError as error:
        print("ERROR", error)
""")
        first, second = messages(output)
        assert first.endswith("run `pip install pandas pyarrow`")
        assert second.endswith("run `pip install pandas`")


def test_in_a_catalog(tmp_path: Path) -> None:
    """Backends are datasets like any other: a catalog saves and loads through them."""
    catalog = DataCatalog({"a": make("json", (tmp_path / "a.json").as_posix(), name="a")})
    catalog.save("a", RECORD)
    assert catalog.load("a") == RECORD
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == RECORD


def pickled(dataset: AbstractDataset[Any, Any]) -> Any:
    """The dataset as another process gets it."""
    return pickle.loads(pickle.dumps(dataset))  # noqa: S301 - written in the same line


def messages(output: str) -> list[str]:
    """Pick the printed errors out of a process's output, where Kedro's log may be too."""
    lines = output.splitlines()
    return [line.removeprefix("ERROR ") for line in lines if line.startswith("ERROR ")]


def run_python(code: str, **environment: str) -> str:
    """Run code in a new process that finds the plugin; fail with its output when it fails."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
