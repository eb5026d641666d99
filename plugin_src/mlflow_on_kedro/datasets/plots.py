"""Plots that compare predictions with actual values, as Matplotlib figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OPTIONS = ("actual", "predicted", "positive", "normalize", "title")
"""The ``save_args`` that a plot takes."""
_PAIR = 2
_TABLE = 2  # dimensions
_MOST_POINTS = 5000
_MOST_CLASSES = 1000
_MOST_COUNTS = 50
"""The most classes that a confusion matrix names; of more it has colours, but no numbers."""
_BINS = 10


def confusion_matrix(value: Any, **given: Any) -> Figure:
    """Draw how often each class was predicted for each actual class.

    Args:
        value: A table (or a dict of columns) with ``actual`` and ``predicted`` classes, or a pair
            of them.
        **given: ``actual`` and ``predicted``, the names of the columns; ``normalize``: ``true``,
            ``pred`` or ``all``, as in scikit-learn; ``title``.

    Raises:
        DatasetError: A column is missing, or the columns do not fit together. All plots raise it.
    """
    import numpy as np
    from sklearn import metrics

    actual, predicted = _columns(value, given)
    labels, normalize = _classes(actual, predicted), given.get("normalize")
    if len(labels) > _MOST_CLASSES:
        raise DatasetError(
            f"there are {len(labels)} classes, too many to draw: for numbers there is "
            "`dataset: residuals`"
        )
    places = {label: place for place, label in enumerate(labels)}
    pair = ([places[item] for item in items.tolist()] for items in (actual, predicted))
    counts = metrics.confusion_matrix(*pair, labels=range(len(labels)), normalize=normalize)
    figure, axes = _figure(given, "Confusion matrix", "predicted", "actual")
    image = axes.imshow(counts, cmap="Blues")
    figure.colorbar(image, ax=axes)
    step = -(-len(labels) // _MOST_COUNTS)
    ticks = range(0, len(labels), step)
    axes.set_xticks(ticks, labels[::step])
    axes.set_yticks(ticks, labels[::step])
    if step > 1:  # nobody could read the numbers, and drawing them takes minutes
        return figure
    dark = (counts.max() + counts.min()) / 2
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count:.2f}" if normalize else f"{count:d}"
        colour = "white" if count > dark else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour)
    return figure


def roc(value: Any, **given: Any) -> Figure:
    """Draw the rate of true positives over the rate of false positives, with the area under it.

    Args:
        value: A table (or a dict of columns) with the ``actual`` classes, and as ``predicted`` the
            probability of the positive class or a list of columns, one for each class in sorted
            order; or a pair of both.
        **given: ``actual``, ``predicted``, ``title``; ``positive``: the positive class, by default
            the last one in sorted order.
    """
    from sklearn import metrics

    figure, axes = _figure(given, "ROC curve", "false positive rate", "true positive rate")
    for name, is_it, score in _one_against_rest(value, given):
        false, true, _ = metrics.roc_curve(is_it, score)
        axes.plot(false, true, label=f"{name} (AUC {metrics.auc(false, true):.3f})")
    _diagonal(axes)
    return figure


def precision_recall(value: Any, **given: Any) -> Figure:
    """Draw the precision over the recall; arguments are as for :func:`roc`."""
    from sklearn import metrics

    figure, axes = _figure(given, "Precision and recall", "recall", "precision")
    for name, is_it, score in _one_against_rest(value, given):
        precision, recall, _ = metrics.precision_recall_curve(is_it, score)
        average = metrics.average_precision_score(is_it, score)
        axes.step(recall, precision, where="post", label=f"{name} (AP {average:.3f})")
    axes.set_ylim(0, 1.05)
    axes.legend()
    return figure


def calibration(value: Any, **given: Any) -> Figure:
    """Draw how often a class occurs over its predicted probability; see :func:`roc`."""
    from sklearn.calibration import calibration_curve

    figure, axes = _figure(given, "Calibration", "predicted probability", "share that is positive")
    for name, is_it, score in _one_against_rest(value, given):
        share, probability = calibration_curve(is_it, score, n_bins=_BINS)
        axes.plot(probability, share, marker="o", label=name)
    _diagonal(axes)
    return figure


def residuals(value: Any, **given: Any) -> Figure:
    """Draw the errors of predicted numbers over the predictions.

    Args:
        value: A table (or a dict of columns) with ``actual`` and ``predicted`` numbers, or a pair
            of them. If there are more than 5,000, every n-th is drawn.
        **given: ``actual``, ``predicted``, ``title``.
    """
    import numpy as np

    actual, predicted = (np.asarray(item, dtype=float) for item in _columns(value, given))
    every = slice(None, None, -(-len(actual) // _MOST_POINTS) or 1)
    figure, axes = _figure(given, "Residuals", "predicted", "actual - predicted")
    axes.scatter(predicted[every], (actual - predicted)[every], s=12, alpha=0.6)
    axes.axhline(0, color="grey", linestyle="--", linewidth=1)
    return figure


PLOTS: Mapping[str, Callable[..., Any]] = {
    "confusion_matrix": confusion_matrix,
    "roc": roc,
    "precision_recall": precision_recall,
    "calibration": calibration,
    "residuals": residuals,
}
"""The extension (``dataset: roc``) -> the function that draws the plot."""


def _columns(value: Any, given: Mapping[str, Any]) -> tuple[Any, Any]:
    import numpy as np

    names = [given.get(key) or key for key in ("actual", "predicted")]
    if isinstance(value, list | tuple):
        if len(value) != _PAIR:
            raise DatasetError(f"a pair (actual, predicted) is needed, not {len(value)} values")
        found = list(value)
    else:
        found = [_column(value, name) for name in names]
    actual, predicted = (_flat(np.asarray(item)) for item in found)
    if len(actual) != len(predicted):
        raise DatasetError(f"there are {len(actual)} actual and {len(predicted)} predicted values")
    if len(actual) == 0:
        raise DatasetError("there are no predictions to draw")
    return actual, predicted


def _flat(values: Any) -> Any:
    """Make one dimension of a table with one column, such as ``y_test`` as a DataFrame."""
    return values.reshape(-1) if values.ndim == _TABLE and values.shape[1] == 1 else values


def _column(value: Any, name: Any) -> Any:
    import numpy as np

    if isinstance(name, list):
        return np.column_stack([np.asarray(_column(value, item)) for item in name])
    known = [str(column) for column in (value if isinstance(value, Mapping) else value.columns)]
    if str(name) not in known:
        raise DatasetError(
            f"there is no column '{name}'.{did_you_mean(str(name), known)} There are: "
            f"{', '.join(known)}. Name them: save_args: {{actual: …, predicted: …}}"
        )
    return value[name]


def _classes(*values: Any) -> list[Any]:
    found = {item for array in values for item in array.tolist()}
    if any(isinstance(item, float) and math.isnan(item) for item in found):
        raise DatasetError(
            "there are missing values (NaN) among the classes: leave these rows out, or fill them"
        )
    try:
        return sorted(found)
    except TypeError:  # numbers and texts
        return sorted(found, key=str)


def _one_against_rest(value: Any, given: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name of each class with a score, where it is the actual class, and the score."""
    actual, score = _columns(value, given)
    classes = _classes(actual)
    if score.ndim > 1 and score.shape[1] > 1:
        if score.shape[1] != len(classes):
            raise DatasetError(
                f"there are scores of {score.shape[1]} classes, but the actual ones are "
                f"{len(classes)}: {', '.join(map(str, classes[:10]))}"
            )
        for place, name in enumerate(classes):
            yield str(name), actual == name, score[:, place].astype(float)
        return
    positive = given.get("positive", classes[-1])
    if len(classes) > _PAIR and "positive" not in given:
        raise DatasetError(
            f"there is one score for {len(classes)} classes: give one column for each, as in "
            "save_args: {predicted: [a, b, c]}, or name the class as `positive`"
        )
    if positive not in classes:
        raise DatasetError(
            f"`positive` is {positive!r}, and the classes are {', '.join(map(str, classes[:10]))}"
        )
    yield str(positive), actual == positive, score.reshape(-1).astype(float)


def _figure(given: Mapping[str, Any], title: str, x: str, y: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # not pyplot, which needs the main thread

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(given.get("title") or title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    axes.legend()
