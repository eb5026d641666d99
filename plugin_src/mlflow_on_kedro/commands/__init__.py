"""The ``kedro mlflow`` commands, one a file."""
