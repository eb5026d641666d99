"""Plots of predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.datasets import factory, plots

TABLE = pd.DataFrame(
    {
        "truth": ["a", "b", "c", "a"],
        "guess": ["a", "b", "b", "a"],
        "p_a": [0.8, 0.1, 0.1, 0.6],
        "p_b": [0.1, 0.7, 0.6, 0.2],
        "p_c": [0.1, 0.2, 0.3, 0.2],
    }
)


def texts(figure: Any) -> list[str]:
    """The texts within the axes."""
    return [item.get_text() for item in figure.axes[0].texts]


def labels(figure: Any) -> list[str]:
    """What the legend says."""
    return [line.get_label() for line in figure.axes[0].lines if line.get_label()[0] != "_"]


def test_confusion_matrix() -> None:
    """Counts are by classes in their order; they may be shares, and the title another one."""
    figure = plots.confusion_matrix(TABLE, actual="truth", predicted="guess")
    assert texts(figure) == ["2", "0", "0", "0", "1", "0", "0", "1", "0"]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["a", "b", "c"]
    pair = (["yes", "no", "no"], ["yes", "yes", "no"])
    figure = plots.confusion_matrix(pair, normalize="true", title="Shares")
    assert texts(figure) == ["0.50", "0.50", "0.00", "1.00"]
    assert figure.axes[0].get_title() == "Shares"


def test_many_classes() -> None:
    """Of so many that no number could be read, the matrix has colours alone."""
    figure = plots.confusion_matrix((range(51), range(51)))
    assert texts(figure) == []
    assert figure.axes[0].images[0].get_array().shape == (51, 51)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()][:2] == ["0", "2"]


def test_mixed_classes() -> None:
    """Numbers and texts beside each other are classes, and so is what is never predicted."""
    mixed = {"actual": [1, "b", 1], "predicted": np.array([1, 1, "c"], dtype=object)}
    mixed["actual"] = np.array(mixed["actual"], dtype=object)
    assert texts(plots.confusion_matrix(mixed)) == ["1", "0", "1", "1", "0", "0", "0", "0", "0"]


def test_curves_of_two_classes() -> None:
    """One score is of the last class in order, or of that which is named."""
    pair = ([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    assert labels(plots.roc(pair)) == ["1 (AUC 0.750)"]
    assert labels(plots.roc(pair, positive=0)) == ["0 (AUC 0.250)"]
    assert labels(plots.precision_recall(pair)) == ["1 (AP 0.833)"]
    assert labels(plots.calibration(pair)) == ["1"]


def test_curves_of_several_classes() -> None:
    """A column for each class, or an array with them, gives a curve for each."""
    columns = {"actual": "truth", "predicted": ["p_a", "p_b", "p_c"]}
    expected = ["a (AUC 1.000)", "b (AUC 1.000)", "c (AUC 1.000)"]
    assert labels(plots.roc(TABLE, **columns)) == expected
    array = TABLE[["p_a", "p_b", "p_c"]].to_numpy()
    assert labels(plots.roc((TABLE["truth"], array))) == expected


@pytest.mark.parametrize("name", plots.PLOTS)
def test_a_table_of_one_column(name: str) -> None:
    """As actual and as predicted values, a table or array of one column is that column."""
    actual = pd.DataFrame({"quality": [0, 0, 1, 1]})
    predicted = np.array([[0.0], [1.0], [1.0], [1.0]])
    draw = plots.PLOTS[name]
    flat = draw((actual["quality"], predicted[:, 0])).axes[0]
    shown = draw((actual, predicted)).axes[0]
    for one, other in zip(flat.lines, shown.lines, strict=True):
        assert np.array_equal(one.get_xydata(), other.get_xydata())
    for one, other in zip(flat.collections, shown.collections, strict=True):
        assert np.array_equal(one.get_offsets(), other.get_offsets())
    assert [item.get_text() for item in flat.texts] == [item.get_text() for item in shown.texts]


def test_residuals() -> None:
    """The errors are drawn over the predictions, of very many some."""
    predicted = np.linspace(0, 1, 12_000)
    (points,) = (
        plots.residuals({"actual": predicted + 1, "predicted": predicted}).axes[0].collections
    )
    assert len(points.get_offsets()) == 4000
    assert np.allclose(points.get_offsets()[:, 1], 1)


@pytest.mark.parametrize(
    ("draw", "value", "given", "message"),
    [
        (plots.roc, TABLE, {"actual": "thruth"}, "no column 'thruth'. Did you mean 'truth'"),
        (plots.residuals, ([1], [1, 2]), {}, "there are 1 actual and 2 predicted values"),
        (plots.residuals, ([1],), {}, "a pair .* is needed, not 1 values"),
        (plots.residuals, ([], []), {}, "there are no predictions to draw"),
        (plots.roc, (["a", "b", "c"], [0, 1, 1]), {}, "one score for 3 classes"),
        (plots.confusion_matrix, ([1.0, np.nan], [1, 1]), {}, r"missing values \(NaN\) among the"),
        (plots.roc, ([1.0, np.nan], [0, 1]), {}, r"missing values \(NaN\) among the classes"),
        (
            plots.confusion_matrix,
            (range(1001), range(1001)),
            {},
            "there are 1001 classes, too many",
        ),
        (plots.roc, ([0, 1], [0, 1]), {"positive": 2}, "`positive` is 2, and the classes are 0, 1"),
        (plots.roc, ([0, 1], [[0, 1, 1], [1, 1, 1]]), {}, "scores of 3 classes, but the actual"),
    ],
)
def test_mistakes(
    draw: Callable[..., Any], value: Any, given: dict[str, Any], message: str
) -> None:
    """What does not fit is said, with what there is."""
    with pytest.raises(DatasetError, match=message):
        draw(value, **given)


@pytest.mark.parametrize(
    ("suffix", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!D")]
)
def test_files(tmp_path: Path, suffix: str, begin: bytes) -> None:
    """The columns are named in the catalog, and the file's suffix says the form."""
    path = tmp_path / f"plot.{suffix}"
    named = {"actual": "truth", "predicted": "guess"}
    dataset = MLflowDataset("confusion_matrix", path, "plot", save_args=named)
    dataset.save(TABLE)
    assert path.read_bytes().startswith(begin)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that installs it is given before the pipeline runs."""
    monkeypatch.setattr(factory, "_is_installed", lambda module: module != "sklearn")
    with pytest.raises(DatasetError, match="run `pip install scikit-learn`"):
        MLflowDataset("roc", dataset_name="curve").check()
