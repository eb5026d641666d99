"""What of each plugin the pages have to speak of."""

from __future__ import annotations

_HOOKS = ("Basic", "Catalog", "Artifacts", "EnvVars", "Time")
PIPELINEX = (
    "pipelinex.MLflowDataSet",
    "pipelinex.AddCatalogDictHook",
    "pipelinex.mlflow_log_time",
    *(f"pipelinex.MLflow{name}LoggerHook" for name in (*_HOOKS, "DataSets")),
)
_METRICS = ("Metric", "MetricHistory", "MetricsHistory")
_MODELS = ("ModelTracking", "ModelLocalFileSystem", "ModelRegistry")
KEDRO_MLFLOW = (
    "kedro_mlflow.config.kedro_mlflow_config.KedroMlflowConfig",
    "kedro_mlflow.io.artifacts.MlflowArtifactDataset",
    *(f"kedro_mlflow.io.metrics.Mlflow{name}Dataset" for name in _METRICS),
    *(f"kedro_mlflow.io.models.Mlflow{name}Dataset" for name in _MODELS),
    "kedro_mlflow.pipeline.pipeline_ml_factory",
    *(f"kedro_mlflow.framework.cli.cli.{name}" for name in ("init", "ui", "modelify")),
)
