"""Rows of the table of faults that other plugins fail at, where no other test has them."""

from __future__ import annotations

import pytest

from .project import FaultProject


@pytest.mark.parametrize(
    ("runner", "method", "is_async"),
    [
        ("ThreadRunner", "fork", False),
        ("ParallelRunner", "spawn", True),
        ("ParallelRunner", "forkserver", False),
    ],
)
def test_runners_and_a_server(
    project: FaultProject, runner: str, method: str, *, is_async: bool
) -> None:
    """Rows: ThreadRunner, ParallelRunner, spawn and forkserver, --async. One complete run."""
    words = [f"--runner={runner}", *["--async"] * is_async]
    run = project.kedro("run", *words, KEDRO_MP_CONTEXT=method)
    assert run.status == 0, run.said
    project.check_complete(run)
    assert project.journals == []
