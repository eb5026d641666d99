"""What a run logs, on local disk before it is delivered to MLflow."""
