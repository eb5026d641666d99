"""How much of a model's training pipeline a run has run, and whether that completes the model.

A run may be one of several processes or attempts that train together, or begin in the middle with
what an earlier run has left in files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..models.finding import in_run
from ..tracking.timing_metrics import nodes_of

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

    from ..config.sections import Run
    from ..tracking.tracked_run import TrackedRun

_MOST_NAMED = 5


@dataclass(frozen=True)
class Training:
    """What a run has run of a training pipeline.

    Attributes:
        pipeline: The training pipeline.
        artifacts: What the model holds, by the names of the catalog.
        ran: The names of the nodes that were run.
    """

    pipeline: Pipeline
    artifacts: frozenset[str]
    ran: frozenset[str]

    @property
    def own(self) -> frozenset[str]:
        """The names of the nodes of the training pipeline that were run."""
        return self.ran & _names(self.pipeline)

    @property
    def missing(self) -> frozenset[str]:
        """The names of the nodes of the training pipeline that were not run."""
        return _names(self.pipeline) - self.ran

    def may_complete(self, asked: Run, key: str | None) -> bool:
        """Whether the model may be complete when this part of a run ends: see :func:`continues`."""
        return continues(asked, key) or self.reason_against() is None

    def and_of(self, others: Iterable[str]) -> Training:
        """The same, with nodes that another process or attempt of the run has run."""
        return Training(self.pipeline, self.artifacts, self.ran | frozenset(others))

    def reason_against(self) -> str | None:
        """Say why the model is not complete; None: it is.

        A part of the training completes it if it makes something of the model, and is followed by
        no node that is still to run; what is not made anew is in files of earlier runs.
        """
        if not self.missing:
            return None
        later = _names(self.pipeline.from_nodes(*self.own)) & self.missing
        if later:
            return f"it does not run what follows in the training pipeline: {listed(later)}"
        if not self.made:
            return f"it makes nothing of what the model holds: {listed(self.artifacts)}"
        return None

    @property
    def made(self) -> frozenset[str]:
        """What of the model these nodes have made."""
        outputs = {_base(name) for name in self.pipeline.only_nodes(*self.own).all_outputs()}
        return frozenset(name for name in self.artifacts if _base(name) in outputs)

    @property
    def kept(self) -> frozenset[str]:
        """What of the model other nodes of the training make, which were not run."""
        outputs = {_base(name) for name in self.pipeline.all_outputs()}
        return frozenset(name for name in self.artifacts if _base(name) in outputs) - self.made


def reason_against(run: TrackedRun, training: Training, model: str) -> str | None:
    """Say why a run that has ended well does not log a model; None: it does.

    Of processes with the same ``run.key`` that is the one which ends last, and a run that is
    continued counts what its earlier attempts have run.

    Args:
        run: The run, which is still open.
        training: What this process has run.
        model: The model's name.
    """
    if not (training.missing and continues(run.config.run, run.key)):
        return training.reason_against()
    run.flush()  # or of two processes that end at once neither would see the other
    if run.is_reachable:
        found = run.client.get_run(run.run_id)
        training = training.and_of(nodes_of(found, training.missing))
        if not training.missing and in_run(run.client, run.run_id, model):
            return "another process has logged it to the same run"
    elif run.key:
        return (
            "MLflow cannot be asked whether other processes of the run have run "
            f"{listed(training.missing)}. Once they have, `kedro mlflow modelify {model}` does it"
        )
    if training.missing and run.key:
        if not run.config.time.enabled:
            return (
                "what other processes have run is told by their timings, and `time.enabled` is "
                f"false. Once the run is complete, `kedro mlflow modelify {model}` does it"
            )
        return (
            "of the training pipeline these nodes have not run in it yet: "
            f"{listed(training.missing)}. The process that runs the last of them logs it"
        )
    return training.reason_against()


def continues(asked: Run, key: str | None) -> bool:
    """Whether other processes or attempts may have run a part of what a run runs.

    Args:
        asked: The section ``run`` of mlflow.yml.
        key: What the processes of the run have in common.
    """
    return bool(key or asked.resume or asked.id)


def listed(names: Iterable[str]) -> str:
    """Name the first few for a message.

    Example:
        >>> listed(["b", "a"])
        'a, b'
    """
    found = sorted(names)
    more = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _names(pipeline: Pipeline) -> frozenset[str]:
    return frozenset(node.name for node in pipeline.nodes)


def _base(name: str) -> str:
    return name.partition("@")[0]
