"""The short form of ``make chaos``."""

from __future__ import annotations

from pathlib import Path

import pytest

from .chaos import Chaos
from .proxy import Proxy
from .server import Server


@pytest.mark.parametrize(
    ("runner", "twists"),
    [
        pytest.param("SequentialRunner", ("answers lost",), marks=pytest.mark.slow),
        pytest.param("SequentialRunner", ("none",), marks=pytest.mark.slow),
        pytest.param("ParallelRunner", ("server away", "sync killed"), marks=pytest.mark.slow),
        pytest.param("ThreadRunner", ("moody server", "artifacts away"), marks=pytest.mark.slow),
    ],
)
def test_chaos(
    tmp_path: Path, server: Server, proxy: Proxy, runner: str, twists: tuple[str, ...]
) -> None:
    """Chaos. After a kill at any moment nothing is missing, and nothing is there twice."""
    chaos = Chaos(tmp_path, server, proxy, seed=7)
    for twist in twists:
        chaos.kill(runner, twist)
    assert chaos.tally.faults == [], chaos.tally.table()
    assert len(chaos.tally.rows) == len(twists)
