"""What ``kedro mlflow init`` finds and changes in a project."""
