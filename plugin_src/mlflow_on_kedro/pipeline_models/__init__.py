"""A pipeline as a model: an inference pipeline with all that it needs, as one MLflow model."""
