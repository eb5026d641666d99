"""Which nodes of a model's training pipeline a run has run, and whether the model is complete.

Several processes or attempts may run the training pipeline together, and a run may start in the
middle of it, with files of an earlier run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..models.lookup import run_has_model
from ..tracking.timing_metrics import finished_nodes
from ..utils.pipeline_info import untranscoded

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

    from ..config.sections import Run
    from ..tracking.tracked_run import TrackedRun

_MOST_NAMED = 5


@dataclass(frozen=True)
class TrainingProgress:
    """The nodes of a training pipeline that a run has run.

    Attributes:
        pipeline: The training pipeline.
        artifacts: The names of the datasets that the model contains.
        ran: The names of all nodes that were run.
    """

    pipeline: Pipeline
    artifacts: frozenset[str]
    ran: frozenset[str]

    @property
    def ran_in_training(self) -> frozenset[str]:
        """The names of the nodes of the training pipeline that were run."""
        return self.ran & _names(self.pipeline)

    @property
    def missing(self) -> frozenset[str]:
        """The names of the nodes of the training pipeline that were not run."""
        return _names(self.pipeline) - self.ran

    def may_complete(self, settings: Run, key: str | None) -> bool:
        """Whether the model may be complete when this process ends: see :func:`is_shared_run`."""
        return is_shared_run(settings, key) or self.why_incomplete() is None

    def including(self, others: Iterable[str]) -> TrainingProgress:
        """Return the progress with nodes that other processes or attempts of the run have run."""
        return TrainingProgress(self.pipeline, self.artifacts, self.ran | frozenset(others))

    def why_incomplete(self) -> str | None:
        """Return why the model is not complete; None: it is.

        Some of the nodes are enough if they save an artifact of the model and all nodes that depend
        on them have run; the other artifacts are then in files of earlier runs.
        """
        if not self.missing:
            return None
        later = _names(self.pipeline.from_nodes(*self.ran_in_training)) & self.missing
        if later:
            return f"it does not run what follows in the training pipeline: {short_list(later)}"
        if not self.new_artifacts:
            return f"it makes none of the model's artifacts: {short_list(self.artifacts)}"
        return None

    @property
    def new_artifacts(self) -> frozenset[str]:
        """The artifacts that the nodes which were run have saved."""
        return self._outputs_of(self.pipeline.only_nodes(*self.ran_in_training))

    @property
    def earlier_artifacts(self) -> frozenset[str]:
        """The artifacts of training nodes that were not run: files of earlier runs."""
        return self._outputs_of(self.pipeline) - self.new_artifacts

    def _outputs_of(self, pipeline: Pipeline) -> frozenset[str]:
        outputs = {untranscoded(name) for name in pipeline.all_outputs()}
        return frozenset(name for name in self.artifacts if untranscoded(name) in outputs)


def why_not_logged(run: TrackedRun, progress: TrainingProgress, model: str) -> str | None:
    """Return why a run that has ended well does not log a model; None: it does.

    Of several processes with the same ``run.key``, the one that ends last logs the model. A run
    that is resumed counts the nodes of its earlier attempts, too.

    Args:
        run: The run, which is still open.
        progress: What this process has run.
        model: The model's name.
    """
    if not (progress.missing and is_shared_run(run.config.run, run.key)):
        return progress.why_incomplete()
    run.flush()  # or of two processes that end at once neither would see the other's nodes
    if run.is_reachable:
        found = run.client.get_run(run.run_id)
        progress = progress.including(finished_nodes(found, progress.missing))
        if not progress.missing and run_has_model(run.client, run.run_id, model):
            return "another process has logged it to the same run"
    elif run.key:
        return (
            "MLflow cannot be asked whether other processes of the run have run "
            f"{short_list(progress.missing)}. Once they have, `kedro mlflow modelify {model}` "
            "does it"
        )
    if progress.missing and run.key:
        if not run.config.time.enabled:
            return (
                "without timings, as `time.enabled` is false, it is unknown what other processes "
                f"have run. Once the run is complete, `kedro mlflow modelify {model}` does it"
            )
        return (
            "it has not run these nodes of the training pipeline yet: "
            f"{short_list(progress.missing)}. The process that runs the last of them logs it"
        )
    return progress.why_incomplete()


def is_shared_run(settings: Run, key: str | None) -> bool:
    """Whether other processes or attempts may have run nodes of the same run.

    Args:
        settings: The section ``run`` of mlflow.yml.
        key: The key that all processes of the run share.
    """
    return bool(key or settings.resume or settings.id)


def short_list(names: Iterable[str]) -> str:
    """List the first few names for a message.

    Example:
        >>> short_list(["b", "a"])
        'a, b'
    """
    found = sorted(names)
    more = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _names(pipeline: Pipeline) -> frozenset[str]:
    return frozenset(node.name for node in pipeline.nodes)
