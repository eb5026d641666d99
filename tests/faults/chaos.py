"""Kill ``kedro run`` at random moments, sync, and compare MLflow with what the pipeline has noted.

After the kill ``kedro mlflow sync`` must bring all that is noted to MLflow, and nothing twice.

Usage: python -m tests.faults.chaos [--kills 100] [--seed 0]
"""

# ruff: noqa: T201 - a script speaks to who has started it
from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from .chaos_project import PACKAGE, Held, write_project
from .chaos_tally import RUNNERS, Tally
from .processes import kill_all, started_by
from .proxy import Proxy
from .server import Server, mlflow_server

PLUGIN = Path(__file__).parents[2] / "plugin_src"
LIMIT_SECONDS = 300

# What else goes wrong, in turn.
TWISTS = ("none", "sync killed", "answers lost", "server away", "next run delivers")
LOSE_EVERY = 4

# Where the kills fall: while nodes run, at any time of it, and before that.
DURING_NODES, AT_ANY_TIME = 0.6, 0.35
# How often the process that delivers is killed, too.
WITH_DELIVERY = 0.5


class Chaos:
    """Kills runs of a project of its own and checks what is left of them.

    Args:
        folder: An empty folder.
        server: The server.
        proxy: A proxy before it.
        seed: Chooses the moments.
    """

    def __init__(self, folder: Path, server: Server, proxy: Proxy, seed: int = 0) -> None:
        from mlflow import MlflowClient

        self.tally = Tally()
        self._root = folder / "project"
        self._notes = folder / "notes.txt"
        self._server, self._proxy = server, proxy
        self._client = MlflowClient(server.uri)
        self._random = random.Random(seed)  # noqa: S311 - a seed must give the same moments
        self._known: set[str] = set()
        self._new_runs("")
        self._usual: dict[str, tuple[float, float]] = {}
        self._usual_notes = 0
        write_project(self._root, proxy.uri)

    def kill(self, runner: str, twist: str) -> None:
        """Kill one run, deliver what it left, and check it."""
        if runner not in self._usual:
            self._usual[runner] = self._undisturbed(runner)
        self._notes.unlink(missing_ok=True)
        self._set_proxy(twist)
        process = self._start("run", f"--runner={runner}")
        moment = self._wait(process, *self._usual[runner])
        finished = process.poll() == 0
        if self._random.random() < WITH_DELIVERY:
            kill_all(process)
        else:
            _kill(process)
        self._proxy.mode = "pass"
        self._deliver(twist)
        self._check(runner, twist, moment, finished=finished)

    def _wait(self, process: subprocess.Popen[bytes], begins: float, ends: float) -> float:
        """Wait for a random moment of a run, or its end; say after how many seconds that was."""
        begin = time.monotonic()
        chance = self._random.random()
        if chance < DURING_NODES:
            count = self._random.randint(1, self._usual_notes)
            while len(self._read_notes()) < count and process.poll() is None:
                time.sleep(0.002)
            seconds = self._random.uniform(0, 0.05)
        elif chance < DURING_NODES + AT_ANY_TIME:
            seconds = self._random.uniform(begins, ends)
        else:  # Python starts, and the project is loaded
            seconds = self._random.uniform(0, begins)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        return time.monotonic() - begin

    def _read_notes(self) -> list[str]:
        text = self._notes.read_text(encoding="utf-8") if self._notes.exists() else ""
        return text.split("\n")[:-1]  # a line without an end was never written whole

    def _undisturbed(self, runner: str) -> tuple[float, float]:
        """When a run begins to log, and when it ends, in seconds."""
        self._notes.unlink(missing_ok=True)
        begin = time.monotonic()
        process = self._start("run", f"--runner={runner}")
        while not self._notes.exists() and process.poll() is None:
            time.sleep(0.02)
        started = time.monotonic() - begin
        status = process.wait(timeout=LIMIT_SECONDS)
        ended = time.monotonic() - begin
        if status:
            raise RuntimeError(f"`kedro run --runner={runner}` fails:\n{self._said()}")
        self._usual_notes = len(self._read_notes())
        self._check(runner, "undisturbed", ended, finished=True)
        self.tally.rows.pop()
        return started, ended

    def _set_proxy(self, twist: str) -> None:
        self._proxy.every = LOSE_EVERY if twist == "answers lost" else 1
        if twist == "answers lost":
            self._proxy.mode = "lose"
        elif twist == "server away":
            self._proxy.mode = "refuse"

    def _deliver(self, twist: str) -> None:
        if twist == "sync killed":
            process = self._start("mlflow", "sync")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=self._random.uniform(1, 5))
            _kill(process)
        command = ("run", "--nodes=node_0") if twist == "next run delivers" else ("mlflow", "sync")
        notes = self._notes.with_name("other.txt") if command[0] == "run" else None
        status = self._start(*command, notes=notes).wait(timeout=LIMIT_SECONDS)
        if status:
            self._fault(f"`kedro {' '.join(command)}` ended with {status}:\n{self._said()}")
        left = list(self._root.glob(".mlflow_on_kedro/journal/*/run.json"))
        if left:
            self._fault(f"left over after {command}: {left}")

    # -- checking ------------------------------------------------------------------------------

    def _check(self, runner: str, twist: str, moment: float, *, finished: bool) -> None:
        notes = set(self._read_notes())
        runs = self._new_runs(twist)
        row = {"runner": runner, "twist": twist, "moment": moment, "noted": len(notes)}
        row |= {"state": "none", "missing": 0, "twice": 0}
        self.tally.rows.append(row)
        where = f"{runner}, {twist}, killed after {moment:.2f} s"
        if len(runs) > 1:
            row["twice"] += len(runs) - 1
            self._fault(f"{where}: {len(runs)} MLflow runs")
        if not runs:
            if "started" in notes:
                row["missing"] += len(notes)
                self._fault(f"{where}: no MLflow run, and {len(notes)} things were logged")
            return
        run = runs[0]
        row["state"] = run.info.status
        state = "FINISHED" if finished or "ended" in notes else "KILLED"
        allowed = {state, "FINISHED"} if "ending" in notes else {state}
        if run.info.status not in allowed:
            self._fault(f"{where}: the run is {run.info.status}, and not {state}")
        if not run.info.end_time or run.info.end_time < run.info.start_time:
            self._fault(f"{where}: it began at {run.info.start_time}, ended {run.info.end_time}")
        missing, twice = self._compare(run, notes)
        row["missing"] += len(missing)
        row["twice"] += len(twice)
        if missing:
            self._fault(f"{where}: missing {missing}")
        if twice:
            self._fault(f"{where}: twice {twice}")

    def _new_runs(self, twist: str) -> list[Any]:
        found = self._client.get_experiment_by_name(PACKAGE)
        runs = self._client.search_runs([found.experiment_id]) if found else []
        new = [run for run in runs if run.info.run_id not in self._known]
        self._known |= {run.info.run_id for run in new}
        if twist == "next run delivers":  # and is a run itself, the newest
            new = sorted(new, key=lambda run: run.info.start_time)[:-1]
        return new

    def _compare(self, run: Any, notes: set[str]) -> tuple[list[str], list[str]]:
        """What was noted and is not in MLflow as it was; what is there more than once."""
        histories = {
            key: self._client.get_metric_history(run.info.run_id, key) for key in run.data.metrics
        }
        points = {
            key: {point.step: point.value for point in history}
            for key, history in histories.items()
        }
        held = Held(run.data.params, points, self._artifacts(run))
        missing = [note for note in sorted(notes) if not held.keeps(note)]
        twice = [key for key, history in histories.items() if len(history) > len(points[key])]
        return missing, twice

    def _artifacts(self, run: Any) -> Path:
        return self._server.artifacts / run.info.experiment_id / run.info.run_id / "artifacts"

    def _fault(self, words: str) -> None:
        self.tally.faults.append(words)

    # -- processes -----------------------------------------------------------------------------

    def _start(self, *words: str, notes: Path | None = None) -> subprocess.Popen[bytes]:
        with (self._root.parent / "said.txt").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "kedro", *words],
                cwd=self._root,
                env={
                    **{name: os.environ[name] for name in os.environ if "MLFLOW" not in name},
                    "PYTHONPATH": str(PLUGIN),
                    "DO_NOT_TRACK": "true",
                    "NOTES": str(notes or self._notes),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _said(self) -> str:
        return (self._root.parent / "said.txt").read_text(errors="replace")[-3000:]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a pipeline, and wait for the process that delivers, which outlives it."""
    others = started_by(process)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(others, timeout=LIMIT_SECONDS)


@contextlib.contextmanager
def _fresh_server(folder: Path) -> Iterator[Server]:
    folder.mkdir()
    with mlflow_server(folder / "mlflow.db", folder) as server:
        yield server


def main(kills: int = 100, seed: int = 0) -> int:
    """Kill that many runs, print a table, and say what was wrong.

    Returns:
        The exit status: 0 if nothing was missing and nothing was there twice.
    """
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    begin = time.monotonic()
    with _fresh_server(folder / "server") as server, contextlib.closing(Proxy(server.uri)) as proxy:
        chaos = Chaos(folder, server, proxy, seed)
        plan = itertools.product(TWISTS, RUNNERS)
        for number, (twist, runner) in enumerate(itertools.islice(itertools.cycle(plan), kills)):
            chaos.kill(runner, twist)
            row = chaos.tally.rows[-1]
            print(
                f"{number + 1:>3}  {runner:<17} {twist:<18} {row['moment']:>5.2f} s "
                f"{row['noted']:>4} noted  {row['state']}",
                flush=True,
            )
    print(f"\n{chaos.tally.table()}\n{(time.monotonic() - begin) / 60:.1f} minutes, seed {seed}")
    for fault in chaos.tally.faults:
        print(f"\nFAULT {fault}")
    if not chaos.tally.faults:
        shutil.rmtree(folder)
    return int(bool(chaos.tally.faults))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    sys.exit(main(words.kills, words.seed))
