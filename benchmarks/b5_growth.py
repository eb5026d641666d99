"""B5: how cost grows with nodes, parameters, metric points and artifacts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from .bench import Bench
from .measure import Check, Cost, Outcome, Samples, alternate
from .projects import OURS, PLAIN, Project, Shape

NAME = "B5"
TITLE = "Growth with nodes, params, metric points and artifacts"
ORDER = 1.2  # a straight line is of order 1, the square 2
MEMORY_MB = 50.0

_ONE = Shape(nodes=1, params=1, metrics=1)
# What grows, from how many to how many; half of the most is measured too, for the order.
_SERIES = {
    "nodes": (10, 100, 1000),
    "params": (10, 1000, 10_000),
    "points": (1, 1000, 100_000),
    "artifacts": (1, 100, 1000),
}
# What tracking adds to nodes is a small difference of Kedro's own seconds, which vary by as much.
_ROUNDS = {"nodes": 5, "params": 1, "points": 1, "artifacts": 3}
# MLflow's own client, told the same in one call.
_ALONE = """
import sys
from mlflow import MlflowClient
from mlflow.entities import Param
client, count = MlflowClient(sys.argv[1]), int(sys.argv[2])
run = client.create_run("0").info.run_id
client.log_batch(run, params=[Param(f"key{n}", str(n)) for n in range(count)])
"""
_QUICK = {"nodes": (10, 200), "points": (1, 20_000)}


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    for what, sizes in (_QUICK if bench.quick else _SERIES).items():
        _measure(bench, outcome, what, sorted({*sizes, sizes[-1] // 2}))
    return outcome


def _measure(bench: Bench, outcome: Outcome, what: str, sizes: list[int]) -> None:
    samples, relative = outcome.samples, Samples()
    calls = {}
    for size in sizes:
        for variant, project in bench.projects(_shape(what, size), PLAIN, OURS).items():
            name = f"{size} {what}, {variant}"
            calls[name] = partial(_run, project, partial(relative.add, name))
    alternate(samples, calls, 1 if bench.quick else _ROUNDS[what])

    # Of each the least of all runs: what tracking adds is small beside what Kedro itself takes.
    def plain(size: int, of: Samples = relative) -> float:
        return of.least_cpu(f"{size} {what}, {PLAIN}")

    def added(size: int, of: Samples = relative) -> float:
        return of.least_cpu(f"{size} {what}, {OURS}") - plain(size, of)

    def order_of(cpu: Callable[[int], float]) -> float:
        ratio = max(cpu(most) - cpu(least), 0.01) / max(cpu(half) - cpu(least), 0.01)
        return math.log(ratio) / math.log((most - least) / (half - least))

    least, half, most = sizes[0], sizes[-2], sizes[-1]
    grown = max(added(most, samples) - added(least, samples), 0.01)
    each = 1000 * grown / (most - least)
    outcome.checks.append(Check(f"{what}: order of growth of added CPU", order_of(added), ORDER))
    if what == "nodes":
        outcome.notes.append(f"nodes: order of growth of plain Kedro's CPU: {order_of(plain):.2f}")
    more = partial(_more, outcome, what, least, most)
    outcome.notes.append(f"{what}: {each:.3g} ms of CPU each; {more(OURS):.0f} MB for {most}")
    if what == "params":
        alone = {n: bench.python(_ALONE, bench.empty_store(), str(n)).cpu for n in (least, most)}
        outcome.notes.append(
            f"params: {grown:.1f} s of CPU for {most}, of which MLflow's client alone takes "
            f"{alone[most] - alone[least]:.1f} s"
        )
    if what == "points":
        check = Check(f"memory for {most} points", more(OURS), MEMORY_MB, "MB")
        outcome.checks.append(check)


def _run(project: Project, add: Callable[[Cost], None]) -> Cost:
    """Run a project, and add its cost in units of a fixed piece of work, done before and after.

    A machine that others use, too, may take twice as long for the same from one minute to the next.
    """
    before = _work_seconds()
    cost = project.run()
    add(replace(cost, cpu=cost.cpu / (before + _work_seconds())))
    return cost


def _work_seconds() -> float:
    begin = time.process_time()
    for _ in range(4):
        json.loads(json.dumps([{f"key {n}": [n, str(n)] for n in range(50_000)}]))
    return time.process_time() - begin


def _more(outcome: Outcome, what: str, least: int, most: int, variant: str) -> float:
    samples = outcome.samples
    return samples.peak_mb(f"{most} {what}, {variant}") - samples.peak_mb(
        f"{least} {what}, {variant}"
    )


def _shape(what: str, size: int) -> Shape:
    if what == "artifacts":
        return replace(_ONE, metrics=0, artifacts=size)
    return Shape(**{**vars(_ONE), what: size})
