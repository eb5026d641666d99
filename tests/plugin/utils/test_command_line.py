"""The command that started this process."""

from __future__ import annotations

import sys

import pytest
from mlflow_on_kedro.utils import command_line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["/bin/python", "/env/bin/kedro", "run", "--tags=a"], True),
        (["python", "-m", "kedro", "run"], True),
        (["python.exe", r"kedro.exe", "run"], True),
        (["kedro", "run", "--help"], False),
        (["kedro", "registry", "list"], False),
        (["python", "-c", "from multiprocessing.spawn import spawn_main"], False),
    ],
)
def test_the_command(monkeypatch: pytest.MonkeyPatch, words: list[str], expected: bool) -> None:
    """Only `kedro run` opens a run; a worker's command is another one."""
    monkeypatch.setattr(sys, "orig_argv", words)
    assert command_line.is_kedro_run() is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["/bin/python", "/env/bin/kedro", "catalog", "describe-datasets", "--env=a"], True),
        (["python", "-m", "kedro", "registry", "list"], True),
        (["kedro", "catalog", "of-another-plugin"], False),
        (["kedro", "run"], False),
        (["kedro", "ipython"], False),
        (["python", "script.py"], False),
    ],
)
def test_commands_that_list(
    monkeypatch: pytest.MonkeyPatch, words: list[str], expected: bool
) -> None:
    """Only commands of Kedro's own that are known to list things run no pipeline."""
    monkeypatch.setattr(sys, "orig_argv", words)
    assert command_line.runs_no_pipeline() is expected
