"""What `--help` shows."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from mlflow_on_kedro.cli import cli

(GROUP,) = cli.commands.values()
assert isinstance(GROUP, click.Group)


@pytest.mark.parametrize("name", GROUP.list_commands(click.Context(GROUP)))
def test_help(name: str) -> None:
    """Examples are on lines of their own, without the sign that tells Click so."""
    done = CliRunner().invoke(cli, ["mlflow", name, "--help"], env={"COLUMNS": "100"})
    assert done.exit_code == 0
    assert "\\b" not in done.output
    for line in done.output.splitlines():
        assert line.count("kedro mlflow ") < 2 or "`" in line, f"examples run together: {line}"
