"""The process that imports MLflow before its run is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery import early_start
from mlflow_on_kedro.delivery.sender_process import is_faster
from mlflow_on_kedro.runs import senders


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No process is left."""
    yield
    early_start.stop()


def test_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run takes the process that waits; the next run gets another one."""
    early_start.start()
    assert early_start.is_started()
    assert is_faster()
    monkeypatch.setenv("CHANGED_MEANWHILE", "yes")
    monkeypatch.delenv("PATH")
    pipe, variables = early_start.take()
    assert not early_start.is_started()
    assert variables == {"CHANGED_MEANWHILE": "yes", "PATH": None}
    other, variables = early_start.take()
    assert (other.pid != pipe.pid, variables) == (True, {})
    for each in (pipe, other):
        each.kill()


@pytest.mark.parametrize(
    "mlflow_yml",
    [{"enabled": False}, {"tracking": {"mode": "offline"}}, {"tracking": {"delivery": "thread"}}],
)
def test_not_wanted(tmp_path: Path, mlflow_yml: dict[str, object]) -> None:
    """A process that was started with the project's settings ends if mlflow.yml needs none."""
    early_start.start()
    early = early_start._Early.pipe
    senders.prepare(parse(mlflow_yml), tmp_path)
    assert not early_start.is_started()
    assert early is not None
    assert early.pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(early.pid, 0)


def test_wanted(tmp_path: Path) -> None:
    """Where a process delivers, it is started as soon as mlflow.yml is read."""
    senders.prepare(parse({"tracking": {"delivery": "process"}}), tmp_path)
    assert early_start.is_started()
