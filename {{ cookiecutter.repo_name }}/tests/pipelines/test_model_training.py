"""Nodes of the pipeline ``model_training``."""

import pandas as pd
import pytest

from {{ cookiecutter.python_package }}.pipelines.model_training.nodes import (
    approve_model,
    find_strongest_measurement,
    plot_confusion_matrix,
    predict_cultivars,
    score_predictions,
    train_model,
)

# Alcohol tells the cultivars apart, hue does not.
WINES = pd.DataFrame(
    {"cultivar": [1, 1, 2, 2], "hue": [0.9, 1.1, 1.1, 0.9], "alcohol": [14.0, 13.8, 12.0, 12.1]}
)
PREDICTIONS = pd.DataFrame({"cultivar": [1, 1, 2, 2], "predicted": [1, 1, 2, 1]})


def test_a_trained_model_predicts() -> None:
    """A model tells apart what can be told apart, and says by what."""
    model = train_model(WINES, {"C": 1.0})
    predictions = predict_cultivars(model, WINES)
    assert list(predictions["predicted"]) == list(WINES["cultivar"])
    assert find_strongest_measurement(model) == "alcohol"


def test_score_predictions() -> None:
    """One error in four: accuracy 0.75, and F1 of each cultivar."""
    accuracy, scores = score_predictions(PREDICTIONS)
    assert accuracy == pytest.approx(0.75)
    assert scores["errors"] == 1
    assert scores["f1"] == pytest.approx({"mean": 11 / 15, "cultivar_1": 0.8, "cultivar_2": 2 / 3})


def test_plot_confusion_matrix() -> None:
    """The figure has the matrix and its colour bar."""
    figure = plot_confusion_matrix(PREDICTIONS)
    assert figure.axes[0].get_title() == "Cultivars of the test wines"


def test_approve_model() -> None:
    """A model passes at the minimum, and fails below it with both numbers in the message."""
    model = train_model(WINES, {})
    assert approve_model(model, 0.8, 0.8) is model
    with pytest.raises(ValueError, match=r"0\.700 is below 0\.800"):
        approve_model(model, 0.7, 0.8)
