"""What MLflow has of a run that was killed, compared with what the pipeline has noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .chaos_project import PACKAGE, REGISTERED, Held
from .chaos_tally import Tally
from .server import Server

WAITING_TAG = "kedro.files_waiting"


@dataclass(frozen=True)
class Kill:
    """A run that was killed, and delivered since.

    Attributes:
        runner: The runner's name.
        twist: What else went wrong.
        moment: After how many seconds it was killed.
        notes: What the pipeline has noted.
        finished: Whether it had ended before.
    """

    runner: str
    twist: str
    moment: float
    notes: set[str]
    finished: bool

    @property
    def states(self) -> set[str]:
        """The states that the run may have in MLflow."""
        state = "FINISHED" if self.finished or "ended" in self.notes else "KILLED"
        return {state, "FINISHED"} if "ending" in self.notes else {state}

    def __str__(self) -> str:
        return f"{self.runner}, {self.twist}, killed after {self.moment:.2f} s"


class Checker:
    """Compares runs with what was noted, and counts.

    Args:
        server: Where the runs are.
        tally: Takes what was found.
    """

    def __init__(self, server: Server, tally: Tally) -> None:
        from mlflow import MlflowClient

        self._server, self._tally = server, tally
        self._client = MlflowClient(server.uri)
        self._known: set[str] = set()
        self._new_runs("")

    def check(self, kill: Kill) -> None:
        """Check the run that is new since the last call."""
        runs = self._new_runs(kill.twist)
        row = {"runner": kill.runner, "twist": kill.twist, "moment": kill.moment}
        row |= {"noted": len(kill.notes), "state": "none", "missing": 0, "twice": 0}
        self._tally.rows.append(row)
        if len(runs) > 1:
            row["twice"] += len(runs) - 1
            self._fault(kill, f"{len(runs)} MLflow runs")
        if not runs:
            if "started" in kill.notes:
                row["missing"] += len(kill.notes)
                self._fault(kill, f"no MLflow run, and {len(kill.notes)} things were logged")
            return
        run = runs[0]
        row["state"] = run.info.status
        self._check_end(kill, run)
        missing, twice = self._compare(run, kill.notes)
        row["missing"] += len(missing)
        row["twice"] += len(twice)
        if missing:
            self._fault(kill, f"missing {missing}")
        if twice:
            self._fault(kill, f"twice {twice}")

    def _check_end(self, kill: Kill, run: Any) -> None:
        info = run.info
        if info.status not in kill.states:
            self._fault(kill, f"the run is {info.status}, and not {' or '.join(kill.states)}")
        if not info.end_time or info.end_time < info.start_time:
            self._fault(kill, f"it began at {info.start_time}, ended {info.end_time}")
        if WAITING_TAG in run.data.tags:
            self._fault(kill, f"it says that files wait: {run.data.tags[WAITING_TAG]}")

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
        models = self._models(run)
        held = Held(run.data.params, points, self._artifacts(run), list(models))
        missing = [note for note in sorted(notes) if not held.keeps(note)]
        twice = [key for key, history in histories.items() if len(history) > len(points[key])]
        twice += [name for name, count in models.items() if count > 1]
        versions = self._client.search_model_versions(f"run_id = '{run.info.run_id}'")
        if run.info.status == "FINISHED" and not versions:
            missing.append(f"version of {REGISTERED}")
        if len(versions) > 1:
            twice.append(f"version of {REGISTERED}")
        return missing, twice

    def _models(self, run: Any) -> Mapping[str, int]:
        """The run's models that can be loaded: their names, and how often each is there."""
        found = self._client.search_logged_models(
            [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
        )
        return Counter(model.name for model in found if model.status.name == "READY")

    def _artifacts(self, run: Any) -> Path:
        return self._server.artifacts / run.info.experiment_id / run.info.run_id / "artifacts"

    def _fault(self, kill: Kill, words: str) -> None:
        self._tally.faults.append(f"{kill}: {words}")
