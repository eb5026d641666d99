"""B12: looking back at very many runs: the newest, the best, one by its name."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from .bench import Bench
from .measure import Check, Outcome
from .projects import OURS, PACKAGE, Shape
from .run_history import fill

NAME = "B12"
TITLE = "`kedro mlflow runs` and `show` among 20,000 runs of 10 params and 5 metrics, SQLite"
FEW = 200
MORE_SECONDS = 2.0
MORE_MB = 50.0

COMMANDS = {
    "runs": ("runs",),
    "runs --best": ("runs", "--best", "metrics.accuracy"),
    "runs --sort": ("runs", "--sort", "metrics.score1", "--ascending"),
    "runs --where, by MLflow": ("runs", "--where", "metrics.accuracy > 0.99"),
    "runs --where, a number": ("runs", "--where", "params.model.C > 9.9"),
    "show latest": ("show",),
    "show by a name": ("show", "run-77"),
}


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    many = bench.choose(20_000, 2000)
    rounds = bench.choose(2, 1)
    for count in FEW, many:
        uri = bench.empty_store()
        fill(Path(urlsplit(uri).path.removeprefix("/")), PACKAGE, count)
        project = bench.projects(Shape(), OURS, uri=uri)[OURS]
        for _ in range(rounds):
            for name, words in COMMANDS.items():
                cost = project.kedro("mlflow", *words)
                outcome.samples.add(f"{name}: {count:,} runs", cost)
    for name in COMMANDS:
        small, large = f"{name}: {FEW:,} runs", f"{name}: {many:,} runs"
        more = outcome.samples.cpu(large) - outcome.samples.cpu(small)
        what = f"{name}: CPU more than among {FEW} runs"
        outcome.checks.append(Check(what, more, MORE_SECONDS, "s"))
        memory = outcome.samples.peak_mb(large) - outcome.samples.peak_mb(small)
        what = f"{name}: memory more than among {FEW} runs"
        outcome.checks.append(Check(what, memory, MORE_MB, "MB"))
    return outcome
