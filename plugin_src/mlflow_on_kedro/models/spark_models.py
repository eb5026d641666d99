"""Models of Spark ML: which columns they take, and what they predict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def is_model(model: Any) -> bool:
    """Return whether a value is a model of Spark ML, without importing Spark."""
    return callable(getattr(model, "transform", None)) and any(
        base.__module__.startswith("pyspark.ml") for base in type(model).__mro__
    )


def without_labels(model: Any, table: Any) -> Any:
    """Leave out the columns that a model, or a stage of it, was fitted to predict.

    Args:
        model: A model of Spark ML.
        table: A table of Spark.
    """
    labels = {_column(stage, "labelCol") for stage in _stages(model)}
    return table.drop(*(name for name in table.columns if name in labels))


def predictions(model: Any, table: Any, rows: int) -> Any:
    """Return the predictions for a table's first rows as a pandas table of one column.

    MLflow's Python function for a Spark model returns this column, too.

    Args:
        model: A model of Spark ML.
        table: A table of Spark.
        rows: How many rows.

    Returns:
        None for a model that predicts nothing, such as one that only scales columns.
    """
    names = [name for stage in _stages(model) if (name := _column(stage, "predictionCol"))]
    if not names:
        return None
    return model.transform(table.limit(rows)).select(names[-1]).toPandas()


def _stages(model: Any) -> Iterator[Any]:
    yield model
    inner = [*(getattr(model, "stages", None) or ()), getattr(model, "bestModel", None)]
    for stage in inner:  # a pipeline in a pipeline, or the best model of a cross-validation
        if stage is not None:
            yield from _stages(stage)


def _column(stage: Any, param: str) -> str | None:
    if not (stage.hasParam(param) and stage.isDefined(param)):
        return None
    return str(stage.getOrDefault(param))
