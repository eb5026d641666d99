"""Pipeline models: an inference pipeline, its artifacts and its parameters as one MLflow model."""
