"""Every touch of what MLflow does not document."""
