"""B14: a training that logs a metric with MLflow at each step, asynchronously."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .bench import Bench
from .measure import Check, Cost, Outcome, alternate
from .projects import NODES_BEGIN, OURS

NAME = "B14"
TITLE = "Training: `mlflow.log_metric` at each of 100,000 steps, asynchronously"
MLFLOW = "plain MLflow"
_LOOP = """
import mlflow

def train(steps):
    mlflow.config.enable_async_logging()
    for step in range(steps):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
"""
_NODES = """
def timed(steps):
    begin = time.time()
    train(steps)
    note(begin)

def create_pipeline(**_):
    return pipeline([node(timed, "params:steps", None)])
"""
_PLAIN = """
import sys
uri, steps = sys.argv[1:]
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("bench")
with mlflow.start_run():
    train(int(steps))
mlflow.flush_async_logging()
"""


@dataclass(frozen=True)
class _Training:
    """A pipeline of one node that trains.

    Attributes:
        steps: How many points it logs.
    """

    steps: int

    def module(self, imports: str) -> str:
        """The module with the node."""
        return NODES_BEGIN.format(imports=imports) + _LOOP + _NODES

    def parameters(self) -> dict[str, Any]:
        """The content of parameters.yml."""
        return {"steps": self.steps}

    def catalog(self, variant: str) -> dict[str, Any]:  # noqa: ARG002 - as its protocol has it
        """The content of catalog.yml."""
        return {}

    def files(self) -> dict[str, bytes]:
        """Files that the pipeline reads."""
        return {}


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    # Plain MLflow takes some milliseconds of CPU for each of them: fewer will do.
    steps = {OURS: bench.choose(100_000, 2000), MLFLOW: bench.choose(10_000, 2000)}
    calls: dict[str, Callable[[], Cost]] = {}
    for count in (1, steps[OURS]):
        uri = bench.empty_store()
        project = bench.projects(_Training(count), OURS, uri=uri)[OURS]
        calls[f"{OURS}, {count:,} steps"] = _complete(project.run, uri, count)
    for count in (1, steps[MLFLOW]):
        calls[f"{MLFLOW}, {count:,} steps"] = _plain(bench, count)
    alternate(outcome.samples, calls, 1)

    def a_step(variant: str) -> float:
        whole = outcome.samples.wall(f"{variant}, {steps[variant]:,} steps")
        return 1000 * (whole - outcome.samples.wall(f"{variant}, 1 steps")) / steps[variant]

    ours, plain = a_step(OURS), a_step(MLFLOW)
    outcome.checks.append(Check("wall a step, of plain MLflow's", ours / plain, 1.2))
    outcome.notes.append(
        f"a step: {ours:.2f} ms until all is delivered, plain MLflow {plain:.2f} ms"
    )
    return outcome


def _plain(bench: Bench, count: int) -> Callable[[], Cost]:
    uri = bench.empty_store()
    return _complete(lambda: bench.python(_LOOP + _PLAIN, uri, str(count)), uri, count)


def _complete(measured: Callable[[], Cost], uri: str, count: int) -> Callable[[], Cost]:
    """Measure, and see that all points have arrived."""

    def call() -> Cost:
        cost = measured()
        with contextlib.closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as store:
            (found,) = store.execute("SELECT count(*) FROM metrics WHERE key = 'loss'").fetchone()
        if found != count:
            raise RuntimeError(f"{found} of {count} points have arrived")
        return cost

    return call
