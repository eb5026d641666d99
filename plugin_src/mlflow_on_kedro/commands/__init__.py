"""The ``kedro mlflow`` commands, each in a module of its name."""
