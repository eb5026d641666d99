"""A tracking store for MLflow whose content is a run's journal; importing it imports MLflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from ..journal.entries import Input
from . import own_calls

if TYPE_CHECKING:
    from ..run import TrackedRun


class JournalStore(AbstractStore):
    """Takes values; whatever else it is asked for, it says what is the matter.

    Args:
        run: The run whose journal it writes to.
    """

    def __init__(self, run: TrackedRun) -> None:
        self._run = run

    def get_run(self, run_id: str) -> Any:
        """Give the run, without its data."""
        del run_id
        return own_calls.as_entity(self._run, own_calls.opened_for(self._run))

    def log_batch(
        self, run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]
    ) -> None:
        """Write values into the journal."""
        del run_id
        for metric in metrics:
            self._run.log_metric(
                metric.key, metric.value, step=metric.step, timestamp=metric.timestamp
            )
        for param in params:
            self._run.log_param(param.key, param.value)
        for tag in tags:
            self._run.set_tag(tag.key, tag.value)

    def log_metric(self, run_id: str, metric: Any) -> None:
        """Write a metric into the journal."""
        self.log_batch(run_id, [metric], [], [])

    def log_param(self, run_id: str, param: Any) -> None:
        """Write a parameter into the journal."""
        self.log_batch(run_id, [], [param], [])

    def set_tag(self, run_id: str, tag: Any) -> None:
        """Write a tag into the journal."""
        self.log_batch(run_id, [], [], [tag])

    def log_inputs(
        self, run_id: str, datasets: Iterable[Any] | None = None, models: Any = None
    ) -> None:
        """Write datasets that are used into the journal."""
        del run_id
        if models:
            _refuse()
        for used in datasets or ():
            tags = {tag.key: tag.value for tag in used.tags}
            dataset = used.dataset
            entry = Input(
                dataset.name,
                dataset.digest,
                dataset.source_type,
                dataset.source,
                dataset.schema or "",
                dataset.profile or "",
                tags.get(MLFLOW_DATASET_CONTEXT, ""),
            )
            self._run.log_input(entry)


def _refuse(*_: Any, **__: Any) -> Any:
    raise MlflowException(
        "MLflow cannot be asked now, because it does not answer or tracking is offline: what a "
        "node logs is kept for later, but runs, models and what was logged cannot be had."
    )


for _name in dir(AbstractStore):
    _is_call = callable(getattr(AbstractStore, _name)) and not _name.startswith("__")
    if _is_call and _name not in vars(JournalStore):
        setattr(JournalStore, _name, _refuse)
