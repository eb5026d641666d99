"""Nodes of the pipeline ``model_training``."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def train_model(train_wines: pd.DataFrame, options: dict[str, Any]) -> Pipeline:
    """Fit a logistic regression on scaled measurements.

    Args:
        train_wines: One wine a row: the cultivar and its measurements.
        options: Arguments of ``LogisticRegression``.

    Returns:
        The fitted scikit-learn pipeline.
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(**options))
    return model.fit(train_wines.drop(columns="cultivar"), train_wines["cultivar"])


def find_strongest_measurement(model: Pipeline) -> str:
    """Find the measurement with the largest coefficient.

    Args:
        model: What ``train_model`` returned.

    Returns:
        The name of the column.
    """
    weights = abs(model[-1].coef_).max(axis=0)
    return str(model.feature_names_in_[weights.argmax()])


def predict_cultivars(model: Pipeline, test_wines: pd.DataFrame) -> pd.DataFrame:
    """Tell the cultivars of wines that the model has not seen.

    Args:
        model: The fitted model.
        test_wines: One wine a row.

    Returns:
        For each wine the true ``cultivar`` and the ``predicted`` one.
    """
    predicted = model.predict(test_wines.drop(columns="cultivar"))
    return pd.DataFrame({"cultivar": test_wines["cultivar"], "predicted": predicted})


def score_predictions(predictions: pd.DataFrame) -> tuple[float, dict[str, Any]]:
    """Compare predictions with the truth.

    Args:
        predictions: What ``predict_cultivars`` returned.

    Returns:
        The accuracy, and more scores: the number of errors, and F1 of each cultivar and on average.
    """
    truth, predicted = predictions["cultivar"], predictions["predicted"]
    cultivars = sorted(truth.unique())
    f1 = f1_score(truth, predicted, labels=cultivars, average=None)
    scores = {
        "errors": int((truth != predicted).sum()),
        "f1": {
            "mean": float(f1.mean()),
            **{f"cultivar_{c}": float(value) for c, value in zip(cultivars, f1, strict=True)},
        },
    }
    return float(accuracy_score(truth, predicted)), scores


def plot_confusion_matrix(predictions: pd.DataFrame) -> Figure:
    """Draw which cultivars are taken for which.

    Args:
        predictions: What ``predict_cultivars`` returned.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    ConfusionMatrixDisplay.from_predictions(
        predictions["cultivar"], predictions["predicted"], ax=axes, cmap="Blues"
    )
    axes.set_title("Cultivars of the test wines")
    return figure


def approve_model(model: Pipeline, accuracy: float, minimum_accuracy: float) -> Pipeline:
    """Let a model pass only if it is good enough.

    Args:
        model: The fitted model.
        accuracy: Its accuracy on the test wines.
        minimum_accuracy: The accuracy that it needs.

    Returns:
        The same model.

    Raises:
        ValueError: The accuracy is too low.
    """
    if accuracy < minimum_accuracy:
        raise ValueError(
            f"The model is not approved: accuracy {accuracy:.3f} is below {minimum_accuracy:.3f}."
        )
    return model
