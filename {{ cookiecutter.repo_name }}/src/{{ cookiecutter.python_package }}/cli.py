"""Commands of this project: ``kedro mlflow`` beside Kedro's own."""

from kedro.framework.cli.project import run  # `python -m <package>` looks for it here
from mlflow_on_kedro.cli import cli

__all__ = ["cli", "run"]
