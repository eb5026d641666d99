"""The pipeline ``model_training``."""

from kedro.pipeline import Pipeline, node

from .nodes import (
    approve_model,
    find_strongest_measurement,
    plot_confusion_matrix,
    predict_cultivars,
    score_predictions,
    train_model,
)


def create_pipeline() -> Pipeline:
    """Connect the nodes by the names of their datasets."""
    return Pipeline(
        [
            node(train_model, ["train_wines", "params:model"], "model", name="train_model"),
            node(
                find_strongest_measurement,
                "model",
                "strongest_measurement",
                name="find_strongest_measurement",
            ),
            node(
                predict_cultivars, ["model", "test_wines"], "predictions", name="predict_cultivars"
            ),
            node(
                score_predictions, "predictions", ["accuracy", "scores"], name="score_predictions"
            ),
            node(
                plot_confusion_matrix,
                "predictions",
                "confusion_matrix",
                name="plot_confusion_matrix",
            ),
            node(
                approve_model,
                ["model", "accuracy", "params:minimum_accuracy"],
                "approved_model",
                name="approve_model",
            ),
        ]
    )
