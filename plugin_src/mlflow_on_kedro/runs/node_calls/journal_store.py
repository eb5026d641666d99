"""A tracking store for MLflow that writes to a run's journal; importing it imports MLflow."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mlflow.entities import Experiment, RunStatus

from ...journal.entries import Input
from ...mlflow_internals import async_logging
from ...mlflow_internals.tags import DATASET_CONTEXT, RUN_NAME, TRACE_RUN
from ...tracking import open_runs
from ...tracking.tracked_run import TrackedRun
from . import child_runs, journal_models, node_traces, placeholder_run, unanswered
from .artifact_diversion import divert_artifacts
from .silent_store import SilentStore

_BY_NAME = "named:"
"""Begins the id of an experiment whose id in MLflow is not known."""


class JournalStore(SilentStore):
    """Takes what nodes log; it has no answer about anything else that is in MLflow.

    Args:
        run: The pipeline's run, to whose journal it writes, or one of ``run.children``.
        of_thread: A thread that belongs to a run of ``run.children`` writes to that one instead.
    """

    def __init__(self, run: TrackedRun, *, of_thread: bool = False) -> None:
        self._given = run
        self._of_thread = of_thread

    @property
    def _run(self) -> TrackedRun:
        nearest = open_runs.nearest() if self._of_thread else None
        return nearest if nearest is not None and nearest.whole is self._given else self._given

    def has(self, run_id: str) -> bool:
        """Whether the journal has what MLflow lacks of a run: all of it, or the rest of it."""
        known = self._known(run_id)
        if known is None:
            return self._child(run_id) is not None
        return placeholder_run.is_placeholder(known, run_id)

    def _known(self, run_id: str) -> TrackedRun | None:
        """Return the run of this thread, or the pipeline's, if the id is of one of them."""
        known = (self._run, self._run.whole)
        return next((run for run in known if placeholder_run.is_pipelines_run(run, run_id)), None)

    def _child(self, run_id: str) -> child_runs.ChildRun | None:
        return None if self._known(run_id) is not None else child_runs.find(self._run, run_id)

    def _owner(self, run_id: str | None) -> Any:
        """Return the run that takes what is logged to an id."""
        if run_id is None:
            return self._run
        return self._known(run_id) or child_runs.continue_run(self._run, run_id)

    # -- runs ----------------------------------------------------------------------------------

    def get_run(self, run_id: str) -> Any:
        """Return a run without its data, and with a local folder for its artifacts."""
        known = self._known(run_id)
        if known is not None:
            opened = placeholder_run.placeholder(known)
            if not placeholder_run.is_placeholder(known, run_id) and known.opened is not None:
                opened = replace(known.opened, artifact_uri=opened.artifact_uri)
            return placeholder_run.to_mlflow_run(known, opened)
        is_created = child_runs.was_created_here(run_id)
        child = self._owner(run_id) if is_created else self._child(run_id)
        if child is None:
            raise unanswered.no_answer("get_run")
        return placeholder_run.to_mlflow_run(child, child.opened())

    def create_run(
        self,
        experiment_id: str,
        user_id: str,
        start_time: int,
        tags: Iterable[Any],
        run_name: str | None,
        *,
        journal_id: str | None = None,
    ) -> Any:
        """Start a child run that is delivered after the pipeline's run."""
        del user_id
        values = {tag.key: tag.value for tag in tags or ()}
        if run_name:
            values[RUN_NAME] = run_name
        experiment = experiment_id.removeprefix(_BY_NAME) if _BY_NAME in experiment_id else None
        try:
            child = child_runs.create(
                self._run, start_time, values, journal_id=journal_id, experiment=experiment
            )
        except OSError:  # the disk is full: the node logs to the pipeline's run instead
            unanswered.warn_ignored(self._run, "create_run")
            opened = placeholder_run.placeholder(self._run)
            return placeholder_run.to_mlflow_run(self._run, opened)
        opened = child.opened()
        folder = functools.partial(placeholder_run.artifact_folder, child)
        divert_artifacts(
            self._run,
            opened.run_id,
            opened.artifact_uri,
            folder,
            lambda: child,
            asks_server=False,
        )
        return placeholder_run.to_mlflow_run(child, opened)

    def update_run_info(
        self, run_id: str, run_status: Any, end_time: int | None, run_name: str | None
    ) -> Any:
        """Rename a run, and end it unless it is the pipeline's, which ends with the pipeline."""
        owner = self._owner(run_id)
        if run_name:
            owner.set_tag(RUN_NAME, run_name)
        status = RunStatus.to_string(run_status) if run_status is not None else "RUNNING"
        if (
            isinstance(owner, child_runs.ChildRun)
            and end_time
            and RunStatus.is_terminated(run_status)
        ):
            owner.end(status, end_time)
        return self.get_run(run_id).info

    # -- values: MLflow's base class brings each of its other calls to one of these ------------

    def log_batch(
        self, run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]
    ) -> None:
        """Write metrics, parameters and tags."""
        owner = self._owner(run_id)
        for metric in metrics:
            owner.log_metric(metric.key, metric.value, step=metric.step, timestamp=metric.timestamp)
        for param in params:
            owner.log_param(param.key, param.value)
        for tag in tags:
            owner.set_tag(tag.key, tag.value)

    def log_batch_async(
        self, run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]
    ) -> Any:
        """Write values at once: the journal is on local disk, and faster than a queue."""
        self.log_batch(run_id, metrics, params, tags)
        return async_logging.finished()

    def flush_async_logging(self) -> None:
        """Do nothing: there is no queue."""

    end_async_logging = shut_down_async_logging = flush_async_logging

    def log_inputs(
        self, run_id: str, datasets: Iterable[Any] | None = None, models: Any = None
    ) -> None:
        """Write the datasets that a run uses."""
        if models:
            unanswered.warn_ignored(self._run, "log_inputs")
        owner = self._owner(run_id)
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
                tags.get(DATASET_CONTEXT, ""),
            )
            owner.log_entry(entry)

    # -- models --------------------------------------------------------------------------------

    def create_logged_model(
        self,
        experiment_id: str,
        name: Any = None,
        source_run_id: Any = None,
        *rest: Any,
        **named: Any,
    ) -> Any:
        """Begin a model whose files go to the journal's folder."""
        owner = self._owner(source_run_id)
        model = journal_models.create(owner, experiment_id, name, source_run_id, *rest, **named)
        model.move_to_journal()
        return model.to_mlflow()

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> Any:
        """Return a model that a node logs; its files go to the journal's folder from now on."""
        del allow_deleted
        model = _model(model_id, "get_logged_model")
        model.move_to_journal()
        return model.to_mlflow()

    def finalize_logged_model(self, model_id: str, status: Any) -> Any:
        """Mark a model as ready or failed."""
        model = _model(model_id, "finalize_logged_model")
        if not model.in_journal:
            unanswered.warn_ignored(self._run, "finalize_logged_model")
        model.finish(status)
        return model.to_mlflow()

    def log_outputs(self, run_id: str, models: Iterable[Any]) -> None:
        """Set the step at which each model was made; delivery links it to the run."""
        del run_id
        for output in models:
            model = journal_models.find(output.model_id)
            if model is not None:
                model.step = output.step
                model.write_fields()

    def log_logged_model_params(self, model_id: str, params: Iterable[Any]) -> None:
        """Add parameters to a model."""
        _model(model_id, "log_logged_model_params").add(params=params)

    def set_logged_model_tags(self, model_id: str, tags: Iterable[Any]) -> None:
        """Add tags to a model."""
        _model(model_id, "set_logged_model_tags").add(tags=tags)

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """Do nothing: delivery creates the logged model."""

    # -- traces --------------------------------------------------------------------------------

    def start_trace(self, trace_info: Any) -> Any:
        """Save a trace, which has ended despite the name of MLflow's call."""
        owner = self._owner(trace_info.trace_metadata.get(TRACE_RUN))
        return node_traces.save(self._run, owner, trace_info)

    def log_spans(self, location: str, spans: list[Any], tracking_uri: Any = None) -> Any:
        """Refuse spans one by one: MLflow then sends all of a trace when it has ended."""
        raise NotImplementedError

    def link_prompts_to_trace(self, *_: Any, **__: Any) -> None:
        """Do nothing: prompts are in a registry, which does not answer."""

    # -- experiments ---------------------------------------------------------------------------

    def get_experiment(self, experiment_id: str) -> Any:
        """Return the pipeline's experiment, or one that a node has named."""
        name = experiment_id.removeprefix(_BY_NAME)
        journal = self._run.journal
        is_pipelines = placeholder_run.is_pipelines_experiment(self._run, experiment_id)
        if is_pipelines and journal is not None:
            name = journal.header.experiment
        return Experiment(experiment_id, name, "", "active")

    def get_experiment_by_name(self, experiment_name: str) -> Any:
        """Return an experiment as if it existed: delivery creates it if need be."""
        journal = self._run.journal
        is_pipelines = journal is not None and journal.header.experiment == experiment_name
        found = placeholder_run.EXPERIMENT_ID if is_pipelines else f"{_BY_NAME}{experiment_name}"
        return Experiment(found, experiment_name, "", "active")

    def create_experiment(self, name: str, artifact_location: Any = None, tags: Any = None) -> str:
        """Return the id of an experiment that delivery creates."""
        del artifact_location, tags
        return str(self.get_experiment_by_name(name).experiment_id)


def _model(model_id: str, call: str) -> journal_models.JournalModel:
    model = journal_models.find(model_id)
    if model is None:
        raise unanswered.no_answer(call)
    return model
