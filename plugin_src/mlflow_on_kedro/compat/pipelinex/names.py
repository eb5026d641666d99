"""The names of PipelineX: where they are imported from, and what they are here."""

from __future__ import annotations

from collections.abc import Mapping

PACKAGE = "pipelinex"

_HERE = "mlflow_on_kedro"
_SAME_HERE = (
    *("AddCatalogDictHook", "MLflowArtifactsLoggerHook", "MLflowBasicLoggerHook"),
    *("MLflowCatalogLoggerHook", "MLflowDataSet", "MLflowDataSetsLoggerHook"),
    *("MLflowEnvVarsLoggerHook", "MLflowIOTimeLoggerTransformer", "MLflowOutputsLoggerHook"),
    *("MLflowTimeLoggerHook", "mlflow_log_time"),
)

NAMES: Mapping[str, str] = {name: f"{_HERE}.{name}" for name in _SAME_HERE}
"""A class or function of PipelineX -> the same here; it takes the same arguments.

PipelineX has each name in the package itself and in the module that defines it, which was
``pipelinex.extras.…`` before 0.5 and is ``pipelinex.mlflow_on_kedro.…`` since; so only the last
part counts.
"""


def name_of(path: str) -> str | None:
    """Return the name of PipelineX that a path is of; None if it is none of PipelineX.

    Args:
        path: Where a class or function is imported from, or the bare name of one of MLflow.

    Example:
        >>> name_of("pipelinex.extras.datasets.mlflow.mlflow_dataset.MLflowDataSet")
        'MLflowDataSet'
        >>> name_of("MLflowDataSet")
        'MLflowDataSet'
        >>> name_of("pandas.CSVDataSet") is None
        True
    """
    package, _, name = path.rpartition(".")
    if package.partition(".")[0] == PACKAGE or (not package and name in NAMES):
        return name
    return None
