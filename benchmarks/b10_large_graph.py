"""B10: a graph of 780 nodes with namespaces, dataset factories and transcoding."""

from __future__ import annotations

import math

from .bench import Bench
from .graphs import Graph
from .measure import Check, Outcome, alternate
from .projects import IMPORT, OURS, PLAIN

NAME = "B10"
TITLE = "A graph of 780 nodes, 985 datasets and 41 dataset factories"
SIZES = (100, 200, 400, 780)
EACH_MS = 1.5
ORDER = 1.2  # a straight line is of order 1, the square 2


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    samples = outcome.samples
    sizes = SIZES[:2] if bench.quick else SIZES
    calls = {
        _named(size, variant): project.run
        for size in sizes
        for variant, project in bench.projects(Graph(size), PLAIN, IMPORT, OURS).items()
    }
    alternate(samples, calls, bench.choose(5, 1), warm_up=not bench.quick)

    def added(size: int, *, cpu: bool) -> float:
        """Seconds more than untracked; a constant of all sizes falls out of their differences.

        Of each the least of all runs: slopes are small, and medians of a busy machine are not.
        """
        measured = samples.least_cpu if cpu else samples.least_wall
        return measured(_named(size, OURS)) - measured(_named(size, PLAIN))

    least, half, most = sizes[0], sizes[-2], sizes[-1]
    for what, cpu in (("CPU", True), ("wall", False)):
        grown = added(most, cpu=cpu) - added(least, cpu=cpu)
        each = 1000 * grown / (most - least)
        outcome.checks.append(Check(f"added {what} a node", each, EACH_MS, "ms"))
    loops = (samples.loop(_named(most, variant)) for variant in (OURS, PLAIN))
    each = 1000 * (next(loops) - next(loops)) / most
    outcome.checks.append(Check("added wall a node, on the pipeline's thread", each, EACH_MS, "ms"))
    if half > least:
        growth = [max(added(n, cpu=True) - added(least, cpu=True), 0.01) for n in (most, half)]
        order = math.log(growth[0] / growth[1]) / math.log((most - least) / (half - least))
        outcome.checks.append(Check("order of growth of added CPU", order, ORDER))
    base = samples.cpu(_named(most, IMPORT))
    more = samples.cpu(_named(most, OURS)) - base
    outcome.notes.append(
        f"{most} nodes: {more:.2f} s of CPU more than plain Kedro that imports mlflow ({base:.2f})"
    )
    return outcome


def _named(size: int, variant: str) -> str:
    return f"{size} nodes, {variant}"
