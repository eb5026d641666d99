"""B7: `kedro new` with this template and with Kedro's own."""

from __future__ import annotations

import sys

from .bench import ROOT, Bench
from .measure import Check, Cost, Outcome, alternate, run_process

NAME = "B7"
TITLE = "Generating a project"
THIS, KEDRO = "this template", "Kedro's own template"


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    samples = outcome.samples

    def new(*words: str) -> Cost:
        folder = bench.new_folder("new")
        folder.mkdir()
        command = [sys.executable, "-m", "kedro", "new", *words, "--name", "New Project"]
        # Kedro and cookiecutter keep folders of their own below the home.
        env = {**bench.env, "HOME": str(bench.folder)}
        return run_process(command, cwd=folder, env=env, log=bench.folder / "new.log")

    calls = {
        KEDRO: lambda: new("--tools", "none", "--example", "no", "--telemetry", "no"),
        THIS: lambda: new("--starter", str(ROOT), "--telemetry", "no"),
    }
    alternate(samples, calls, bench.choose(7, 2), warm_up=not bench.quick)
    outcome.checks += [
        Check("CPU, of Kedro's own template's", samples.cpu(THIS) / samples.cpu(KEDRO), 1.3),
        Check("wall", samples.wall(THIS), 2.0, "s"),
    ]
    return outcome
