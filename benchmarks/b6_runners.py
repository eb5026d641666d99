"""B6: 100 nodes with ParallelRunner and ThreadRunner."""

from __future__ import annotations

from functools import partial

from .bench import Bench
from .measure import Check, Outcome, alternate
from .projects import IMPORT, OURS, PLAIN, Shape

NAME = "B6"
TITLE = "Runners: 100 nodes of 0.1 s"
RUNNERS = ("ThreadRunner", "ParallelRunner")


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    samples = outcome.samples
    made = bench.projects(
        Shape(nodes=bench.choose(100, 30), metrics=2, seconds=0.1), PLAIN, IMPORT, OURS
    )
    for runner in RUNNERS:
        calls = {
            f"{runner}, {variant}": partial(project.run, f"--runner={runner}")
            for variant, project in made.items()
        }
        alternate(samples, calls, bench.choose(3, 1))
        plain, importing, ours = calls
        constant = samples.wall(importing) - samples.wall(plain) + 0.5
        allowed = 1.1 * samples.wall(plain) + constant
        outcome.checks += [
            Check(
                f"{runner}: nodes' wall, of untracked",
                samples.loop(ours) / samples.loop(plain),
                1.1,
            ),
            Check(f"{runner}: wall of the whole run", samples.wall(ours), allowed, "s"),
        ]
    return outcome
