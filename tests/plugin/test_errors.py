"""The errors: how the kedro command and other processes see them."""

from __future__ import annotations

import pickle

import click
import pytest
from click.testing import CliRunner
from mlflow_on_kedro import ConfigError, MLflowOnKedroError, ValueTooLongError


@pytest.mark.parametrize("kind", [MLflowOnKedroError, ConfigError, ValueTooLongError])
class TestErrors:
    """Each of the plugin's errors."""

    def test_message_alone(self, kind: type[MLflowOnKedroError]) -> None:
        """A command prints the message alone, without a traceback, and exits with 1."""

        @click.command()
        def command() -> None:
            raise kind("mlflow.yml: wrong")

        result = CliRunner().invoke(command)
        assert result.exit_code == 1
        assert result.output == "Error: mlflow.yml: wrong\n"

    def test_pickle(self, kind: type[MLflowOnKedroError]) -> None:
        """An error comes back from a worker process as it was."""
        error = pickle.loads(pickle.dumps(kind("what, where, what to do")))  # noqa: S301
        assert type(error) is kind
        assert str(error) == error.message == "what, where, what to do"
