"""Kill ``kedro run`` at random moments, sync, and compare MLflow with what the pipeline has noted.

After the kill ``kedro mlflow sync`` must bring all that is noted to MLflow, and nothing twice.

Usage: python -m tests.faults.chaos [--kills 100] [--seed 0] [--twists "moody server,none"]
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
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from .chaos_checker import Checker, Kill
from .chaos_project import write_project
from .chaos_tally import RUNNERS, Tally
from .processes import kill_all, started_by
from .proxy import Proxy
from .rules import comes_and_goes, holds, moody
from .server import Server, mlflow_server

PLUGIN = Path(__file__).parents[2] / "plugin_src"
LIMIT_SECONDS = 300

# What else goes wrong, in turn.
TWISTS = (
    "none",
    "sync killed",
    "answers lost",
    "server away",
    "next run delivers",
    "moody server",
    "artifacts away",
)
LOSE_EVERY = 4
AWAY_SECONDS = 3.0
"""How long the artifact store is away, and how long it is back before it goes again."""
SYNCS_IN_TROUBLE = 2
"""How often sync is tried while the server is as it was during the run, before it is well again."""

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
        self.tally = Tally()
        self._checker = Checker(server, self.tally)
        self._root = folder / "project"
        self._notes = folder / "notes.txt"
        self._proxy = proxy
        self._random = random.Random(seed)  # noqa: S311 - a seed must give the same moments
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

    def _check(self, runner: str, twist: str, moment: float, *, finished: bool) -> None:
        notes = set(self._read_notes())
        self._checker.check(Kill(runner, twist, moment, notes, finished))

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
        elif twist == "moody server":
            self._proxy.rules = [moody(self._random.randrange(2**32))]
        elif twist == "artifacts away":
            self._proxy.rules = [comes_and_goes(holds("/mlflow-artifacts/"), AWAY_SECONDS)]

    def _deliver(self, twist: str) -> None:
        if twist == "sync killed":
            process = self._start("mlflow", "sync")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=self._random.uniform(1, 5))
            _kill(process)
        for _ in range(SYNCS_IN_TROUBLE):  # the server may refuse things, which then stay
            if self._proxy.rules and self._journals():
                self._start("mlflow", "sync").wait(timeout=LIMIT_SECONDS)
        self._proxy.rules = []
        command = ("run", "--nodes=node_0") if twist == "next run delivers" else ("mlflow", "sync")
        notes = self._notes.with_name("other.txt") if command[0] == "run" else None
        status = self._start(*command, notes=notes).wait(timeout=LIMIT_SECONDS)
        if status:
            self._fault(f"`kedro {' '.join(command)}` ended with {status}:\n{self._said()}")
        left = self._journals()
        if left:
            self._fault(f"left over after {command}: {left}")

    def _journals(self) -> list[Path]:
        return list(self._root.glob(".mlflow_on_kedro/journal/*/run.json"))

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


def main(kills: int = 100, seed: int = 0, twists: Sequence[str] = TWISTS) -> int:
    """Kill that many runs, print a table, and say what was wrong.

    Returns:
        The exit status: 0 if nothing was missing and nothing was there twice.
    """
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    begin = time.monotonic()
    with _fresh_server(folder / "server") as server, contextlib.closing(Proxy(server.uri)) as proxy:
        chaos = Chaos(folder, server, proxy, seed)
        plan = itertools.product(twists, RUNNERS)
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
    parser.add_argument("--twists", default=",".join(TWISTS), help="what else goes wrong, in turn")
    words = parser.parse_args()
    sys.exit(main(words.kills, words.seed, words.twists.split(",")))
