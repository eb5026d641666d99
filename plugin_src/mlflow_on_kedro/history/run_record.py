"""``RunRecord``: what MLflow knows of a run, ready to be shown; secrets are masked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..journal.span import OF_THE_PLUGIN
from ..mlflow_internals.tags import GIT_BRANCH, GIT_COMMIT, PARENT_RUN
from ..tracking.finding import COMMAND_TAG
from ..tracking.parts import ERROR_TAG
from ..tracking.timing_metrics import PREFIX_TAG, metric_key, stopped_at
from ..tracking.user import USER_TAG
from ..utils.secrets import without_secrets


@dataclass(frozen=True)
class RunRecord:
    """A run, without files and timings.

    Attributes:
        run_id: Its id.
        name: Its name.
        experiment_id: The id of its experiment.
        status: MLflow's status, or ``DELETED``.
        start_ms: When it began, in milliseconds since the epoch.
        end_ms: When it ended; None: it has not.
        params: Its parameters.
        metrics: The last values of the user's metrics: those that no timing or measurement of the
            machine has.
        tags: All its tags.
    """

    run_id: str
    name: str
    experiment_id: str
    status: str
    start_ms: int
    end_ms: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_run(cls, run: Any) -> RunRecord:
        """Read it from MLflow's entity."""
        info, data = run.info, run.data
        is_deleted = info.lifecycle_stage == "deleted"
        return cls(
            run_id=info.run_id,
            name=str(info.run_name or ""),
            experiment_id=str(info.experiment_id),
            status="DELETED" if is_deleted else str(info.status),
            start_ms=info.start_time or 0,
            end_ms=info.end_time or None,
            params=without_secrets(dict(sorted(data.params.items()))),
            metrics=users_metrics(data.metrics, data.tags.get(PREFIX_TAG)),
            tags=without_secrets(dict(sorted(data.tags.items()))),
        )

    @property
    def seconds(self) -> float | None:
        """How long it took; None: it has not ended."""
        return max(0.0, (self.end_ms - self.start_ms) / 1000) if self.end_ms else None

    @property
    def command(self) -> str:
        """The command that repeats it; "" if it is not known."""
        return self.tags.get(COMMAND_TAG, "")

    @property
    def failure(self) -> str:
        """The node that failed or was interrupted, and the error; "" if it did not fail."""
        if self.status not in {"FAILED", "KILLED"}:
            return ""
        node, error = stopped_at(self.tags), self.tags.get(ERROR_TAG, "")
        return ": ".join(text for text in (f"node {node}" if node else "", error) if text)

    @property
    def code(self) -> str:
        """The git commit and branch, and whether files differed from it; "" outside of git."""
        commit, branch = self.tags.get(GIT_COMMIT), self.tags.get(GIT_BRANCH)
        if not commit:
            return ""
        dirty = " with uncommitted changes" if self.tags.get("kedro.git.dirty") == "True" else ""
        return f"{commit}{f' ({branch})' if branch else ''}{dirty}"

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``--json``; times are in UTC, numbers that are none are null."""
        return {
            "run_id": self.run_id,
            "name": self.name,
            "experiment_id": self.experiment_id,
            "status": self.status,
            "start": _utc(self.start_ms),
            "end": _utc(self.end_ms) if self.end_ms else None,
            "seconds": self.seconds,
            "user": self.tags.get(USER_TAG),
            "command": self.command or None,
            "failure": self.failure or None,
            "parent": self.tags.get(PARENT_RUN),
            "params": self.params,
            "metrics": {key: json_number(value) for key, value in self.metrics.items()},
        }


def users_metrics(metrics: dict[str, float], prefix: str | None = None) -> dict[str, float]:
    """Return the metrics that are the user's own, sorted by name.

    Args:
        metrics: All metrics of a run.
        prefix: How the timings of its nodes begin, if not as usual.

    Example:
        >>> users_metrics({"f1": 0.9, "system/time/train": 3.1, "system/cpu": 50.0})
        {'f1': 0.9}
    """
    timings = metric_key(f"{prefix}x").removesuffix("x") if prefix else ""
    begins = (*OF_THE_PLUGIN, timings) if timings else OF_THE_PLUGIN
    return {key: value for key, value in sorted(metrics.items()) if not key.startswith(begins)}


def json_number(value: float) -> float | None:
    """Return a number as JSON can hold it: None for NaN and infinity."""
    return value if math.isfinite(value) else None


def _utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, timezone.utc).isoformat(timespec="milliseconds")
