"""B2: the shortest run, three nodes, with a SQLite store that is there."""

from __future__ import annotations

from .bench import Bench
from .measure import Check, Outcome, alternate
from .projects import (
    IMPORT,
    KEDRO_MLFLOW,
    OURS,
    PIPELINEX,
    PLAIN,
    UNCOMPILED,
    WITHOUT_PROVENANCE,
    Shape,
)

NAME = "B2"
TITLE = "`kedro run` of three nodes, SQLite"
EXTRA_SECONDS, EXTRA_UNCOMPILED_SECONDS = 0.5, 0.8
PROVENANCE_SECONDS = 0.1
WALL = 1.0


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    ours = OURS, WITHOUT_PROVENANCE, UNCOMPILED
    made = bench.projects(Shape(), PLAIN, IMPORT, *ours, KEDRO_MLFLOW, PIPELINEX)
    calls = {variant: project.run for variant, project in made.items()}
    alternate(outcome.samples, calls, bench.choose(5, 1), warm_up=not bench.quick)
    samples = outcome.samples
    added = samples.cpu(OURS) - samples.cpu(IMPORT)
    outcome.checks.append(
        Check("CPU more than plain Kedro that imports mlflow", added, EXTRA_SECONDS, "s")
    )
    added = samples.cpu(UNCOMPILED) - samples.cpu(IMPORT)
    what = "the same where `src` is not compiled, as in many containers"
    outcome.checks.append(Check(what, added, EXTRA_UNCOMPILED_SECONDS, "s"))
    added = samples.cpu(OURS) - samples.cpu(WITHOUT_PROVENANCE)
    what = "CPU of what it takes to repeat a run (`provenance`)"
    outcome.checks.append(Check(what, added, PROVENANCE_SECONDS, "s"))
    share = samples.least_wall(OURS) / samples.least_wall(IMPORT)
    outcome.checks.append(Check("wall, of plain Kedro's that imports mlflow", share, WALL))
    if KEDRO_MLFLOW in made:
        share = samples.cpu(OURS) / samples.cpu(KEDRO_MLFLOW)
        outcome.checks.append(Check("CPU, of kedro-mlflow's", share, 0.6))
        share = samples.wall(OURS) / samples.wall(KEDRO_MLFLOW)
        outcome.notes.append(f"wall, of kedro-mlflow's: {share:.2f}")
    if PIPELINEX in made:
        share = samples.cpu(OURS) / samples.cpu(PIPELINEX)
        outcome.notes.append(f"CPU, of PipelineX's on Kedro 0.18: {share:.2f}")
    return outcome
