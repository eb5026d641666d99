"""A small project, the processes that run it, and what MLflow holds of its runs."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from .nodes import ARTIFACTS, IO_METRICS, METRICS, SERIES, TIMES
from .processes import Ended, ended, wait_until

PLUGIN = Path(__file__).parents[2] / "plugin_src"


@dataclass
class FaultProject:
    """A project that tracks to a server, and the processes that run it.

    Attributes:
        project: What ``make_project`` has made.
        server: The URI of the server itself, whatever the proxy before it does; None: the project
            has a store of its own.
        signals: The folder by which nodes and tests talk.
    """

    project: Any
    server: str | None
    signals: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The project's root."""
        return Path(self.project.root)

    @functools.cached_property
    def client(self) -> Any:
        """A client of the store."""
        from mlflow import MlflowClient

        return MlflowClient(self.server) if self.server else self.project.client

    @property
    def journal(self) -> Path:
        """Where the project keeps its journals."""
        return self.root / ".mlflow_on_kedro" / "journal"

    @property
    def journals(self) -> list[Path]:
        """The journals that are there."""
        return sorted(path.parent for path in self.journal.glob("*/run.json"))

    @property
    def entry_files(self) -> list[Path]:
        """The files of entries in the journals."""
        return list(self.journal.glob("*/*.jsonl"))

    # -- processes -----------------------------------------------------------------------------

    def start(self, *words: str, before: tuple[str, ...] = (), **env: str) -> subprocess.Popen[str]:
        """Start ``kedro`` in a process group of its own.

        Args:
            words: What follows ``kedro``; nothing means ``run``.
            before: A command that runs the command.
            env: Environment variables.
        """
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "kedro", *(words or ("run",))],
            cwd=self.root,
            env={
                # What a command in this process has set there would hide what is missing.
                **{name: os.environ[name] for name in os.environ if "MLFLOW" not in name},
                "PYTHONPATH": str(PLUGIN),
                "COLUMNS": "250",
                # Kedro's own, which would be counted among those of tracking.
                "PYTHONWARNINGS": "ignore:register_new_resolver",
                "SIGNALS": str(self.signals),
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def kedro(self, *words: str, before: tuple[str, ...] = (), **env: str) -> Ended:
        """Run ``kedro`` to its end."""
        begin = time.time()
        process = self.start(*words, before=before, **env)
        return ended(process, begin=begin)

    def run_here(self, name: str, **mlflow: Any) -> Path:
        """Run the pipeline in this process, which saves seconds.

        Args:
            name: The run's name.
            mlflow: Sections of mlflow.yml.

        Returns:
            The journal that it leaves.
        """
        before = set(self.journals)
        self.project.session_run(runtime_params={"mlflow": {"run": {"name": name}, **mlflow}})
        (journal,) = set(self.journals) - before
        return journal

    def stop_all(self) -> None:
        """Leave no process behind."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    # -- talking to nodes ----------------------------------------------------------------------

    def stop_at(self, place: str) -> None:
        """Have the next run wait at a place."""
        (self.signals / f"stop_{place}").touch()
        (self.signals / f"reached_{place}").unlink(missing_ok=True)

    def go_on(self, place: str) -> None:
        """Let it go on."""
        (self.signals / f"stop_{place}").unlink()

    def wait_for(self, place: str, process: subprocess.Popen[str]) -> None:
        """Wait until the run is at a place."""
        wait_until(
            lambda: (self.signals / f"reached_{place}").exists() or process.poll() is not None
        )
        if process.poll() is not None:
            raise AssertionError(f"the run never came to {place!r}:\n{process.communicate()[0]}")

    def wait_idle(self) -> None:
        """Wait for the process that delivers, which outlives a pipeline that is killed."""
        wait_until(lambda: not self.is_delivering)

    @property
    def is_delivering(self) -> bool:
        """Whether there is a process that delivers a run, beside that of the pipeline."""
        return any(_delivers(each, self.root) for each in psutil.process_iter())

    # -- what MLflow holds ---------------------------------------------------------------------

    def runs(self) -> list[Any]:
        """All runs of the project's experiment, the first first."""
        found = self.client.get_experiment_by_name(self.project.package)
        if found is None:
            return []
        runs = self.client.search_runs([found.experiment_id], order_by=["attributes.start_time"])
        return list(runs)

    def states(self) -> dict[str, str]:
        """The name and state of each run."""
        return {run.info.run_name: run.info.status for run in self.runs()}

    @property
    def run(self) -> Any:
        """The only run."""
        (run,) = self.runs()
        return run

    def series(self, run: Any, key: str) -> list[float]:
        """All points of a metric."""
        history = self.client.get_metric_history(run.info.run_id, key)
        return [point.value for point in sorted(history, key=lambda point: point.step)]

    def artifacts(self, run: Any, folder: str | None = None) -> set[str]:
        """The paths of all artifact files of a run."""
        paths: set[str] = set()
        for item in self.client.list_artifacts(run.info.run_id, folder):
            paths |= self.artifacts(run, item.path) if item.is_dir else {item.path}
        return paths

    def read(self, run: Any, path: str, scratch: Path) -> str:
        """The text of an artifact."""
        scratch.mkdir(exist_ok=True)
        return Path(self.client.download_artifacts(run.info.run_id, path, str(scratch))).read_text(
            encoding="utf-8"
        )

    def check_complete(self, ended: Ended, *, run: Any = None, by_workers: bool = False) -> Any:
        """Check that the only run, or a given one, has all that a run has; and nothing twice.

        Workers without a journal log their loads and saves as metrics.
        """
        run = run or self.run
        assert run.info.status == "FINISHED", ended.said
        assert run.data.params == {"n": "3"}, ended.said
        loads = {key for key in run.data.metrics if key.startswith(IO_METRICS)}
        assert set(run.data.metrics) - loads == {*METRICS, "series", *TIMES}, ended.said
        assert bool(loads) == by_workers, ended.said
        for key, value in METRICS.items():
            assert self.series(run, key) == [value]
        for key in TIMES:
            assert len(self.series(run, key)) == 1, key
        assert self.series(run, "series") == SERIES
        assert self.artifacts(run) == ARTIFACTS
        self.check_times(ended, run)
        return run

    def check_times(self, ended: Ended, run: Any) -> None:
        """Check that all times are those of the pipeline, whenever they were delivered."""
        begin, end = ended.begin * 1000 - 1, ended.end * 1000 + 1
        assert begin <= run.info.start_time <= run.info.end_time <= end
        for key in run.data.metrics:
            for point in self.client.get_metric_history(run.info.run_id, key):
                assert begin <= point.timestamp <= end, key

    # -- the commands, in this process because that saves seconds -------------------------------

    def sync(self, *words: str) -> Any:
        """Call ``kedro mlflow sync``."""
        return self._call("sync", *words)

    def status(self, *words: str) -> Any:
        """Call ``kedro mlflow status``."""
        return self._call("status", *words)

    def discard(self, *words: str, answer: str = "") -> Any:
        """Call ``kedro mlflow discard``, and type an answer to what it asks."""
        return self._call("discard", *words, typed=f"{answer}\n")

    def _call(self, *words: str, typed: str | None = None) -> Any:
        from click.testing import CliRunner
        from kedro.framework.startup import bootstrap_project
        from mlflow_on_kedro.cli import cli

        metadata = bootstrap_project(self.root)
        metadata = SimpleNamespace(
            project_path=metadata.project_path, package_name=metadata.package_name
        )
        return CliRunner().invoke(cli, ["mlflow", *words], input=typed, obj=metadata)


def _delivers(process: psutil.Process, root: Path) -> bool:
    """Whether a process is one that delivers a project's run."""
    try:
        return "sender_main" in " ".join(process.cmdline()) and process.cwd() == str(root)
    except psutil.Error:  # it has ended
        return False
