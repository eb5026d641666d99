"""A tracking store for MLflow whose content is a run's journal; importing it imports MLflow."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlflow.entities import RunStatus
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.async_logging.run_operations import RunOperations
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NAME

from ...journal.entries import Input
from ...tracking import open_runs
from . import child_runs, kept_models, node_mlflow_calls, routes

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

_NAMED = "named:"
"""Begins the id of an experiment that MLflow was not asked for."""
# What a store is told, and need not answer: a node runs on without.
_WRITES = ("delete_", "link_", "log_", "record_", "rename_", "restore_", "set_", "unlink_")


class JournalStore(AbstractStore):
    """Takes what nodes log; what it cannot keep it warns of, and what it is asked for it has not.

    Args:
        run: The run whose journal it writes to.
        of_thread: A thread that belongs to a child run of ``run.children`` writes to that instead.
    """

    def __init__(self, run: TrackedRun, *, of_thread: bool = False) -> None:
        self._given = run
        self._of_thread = of_thread

    @property
    def _run(self) -> TrackedRun:
        nearest = open_runs.nearest() if self._of_thread else None
        return nearest if nearest is not None and nearest.whole is self._given else self._given

    def has(self, run_id: str) -> bool:
        """Whether MLflow knows nothing of a run, or not all, but the journal does."""
        known = self._known(run_id)
        if known is None:
            return self._child(run_id) is not None
        return node_mlflow_calls.is_of(known, run_id)

    def _known(self, run_id: str) -> TrackedRun | None:
        """The run of this thread or its pipeline's, if that is meant by an id."""
        known = (self._run, self._run.whole)
        return next((run for run in known if node_mlflow_calls.is_own(run, run_id)), None)

    def _child(self, run_id: str) -> Any:
        return None if self._known(run_id) is not None else child_runs.find(self._run, run_id)

    def _owner(self, run_id: str | None) -> Any:
        """The run that takes what is logged to an id."""
        if run_id is None:
            return self._run
        return self._known(run_id) or child_runs.continuing(self._run, run_id)

    def __getattr__(self, name: str) -> Any:
        """Give a method that only some of MLflow's stores have."""
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(_without(name), self)

    # -- runs ----------------------------------------------------------------------------------

    def get_run(self, run_id: str) -> Any:
        """Give the run, without its data, and with its artifacts in a local folder."""
        known = self._known(run_id)
        if known is not None:
            opened = node_mlflow_calls.opened_for(known)
            if not node_mlflow_calls.is_of(known, run_id) and known.opened is not None:
                opened = replace(known.opened, artifact_uri=opened.artifact_uri)
            return node_mlflow_calls.as_entity(known, opened)
        child = self._owner(run_id) if child_runs.is_noted(run_id) else self._child(run_id)
        if child is None:
            raise node_mlflow_calls.no_answer("get_run")
        return node_mlflow_calls.as_entity(child, child.opened())

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
        """Begin a run that is delivered with the pipeline's."""
        del user_id
        named = {tag.key: tag.value for tag in tags or ()}
        if run_name:
            named[MLFLOW_RUN_NAME] = run_name
        experiment = experiment_id.removeprefix(_NAMED) if _NAMED in experiment_id else None
        try:
            child = child_runs.create(
                self._run, start_time, named, journal_id=journal_id, experiment=experiment
            )
        except OSError:  # the disk is full: what the node logs is the pipeline's run's then
            node_mlflow_calls.warn(self._run, "create_run")
            return node_mlflow_calls.as_entity(self._run, node_mlflow_calls.opened_for(self._run))
        opened = child.opened()
        place = functools.partial(node_mlflow_calls.artifact_folder, child)
        routes.keep_artifacts(
            self._run,
            opened.run_id,
            opened.artifact_uri,
            place,
            lambda: child,
            asks_server=False,
        )
        return node_mlflow_calls.as_entity(child, opened)

    def update_run_info(
        self, run_id: str, run_status: Any, end_time: int | None, run_name: str | None
    ) -> Any:
        """Rename a run, and end it unless it is the pipeline's, which ends with the pipeline."""
        owner = self._owner(run_id)
        if run_name:
            owner.set_tag(MLFLOW_RUN_NAME, run_name)
        status = RunStatus.to_string(run_status) if run_status is not None else "RUNNING"
        if (
            isinstance(owner, child_runs.ChildRun)
            and end_time
            and RunStatus.is_terminated(run_status)
        ):
            owner.end(status, end_time)
        return self.get_run(run_id).info

    # -- values --------------------------------------------------------------------------------

    def log_batch(
        self, run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]
    ) -> None:
        """Write values into the journal."""
        owner = self._owner(run_id)
        for metric in metrics:
            owner.log_metric(metric.key, metric.value, step=metric.step, timestamp=metric.timestamp)
        for param in params:
            owner.log_param(param.key, param.value)
        for tag in tags:
            owner.set_tag(tag.key, tag.value)

    def log_metric(self, run_id: str, metric: Any) -> None:
        """Write a metric into the journal."""
        self.log_batch(run_id, [metric], [], [])

    def log_param(self, run_id: str, param: Any) -> None:
        """Write a parameter into the journal."""
        self.log_batch(run_id, [], [param], [])

    def set_tag(self, run_id: str, tag: Any) -> None:
        """Write a tag into the journal."""
        self.log_batch(run_id, [], [], [tag])

    # The journal is on local disk: to write it at once takes less time than a queue.

    def log_batch_async(
        self, run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]
    ) -> RunOperations:
        """Write values into the journal; nothing is left to wait for."""
        self.log_batch(run_id, metrics, params, tags)
        return RunOperations([])  # type: ignore[no-untyped-call]

    def log_metric_async(self, run_id: str, metric: Any) -> RunOperations:
        """As :meth:`log_metric`."""
        return self.log_batch_async(run_id, [metric], [], [])

    def log_param_async(self, run_id: str, param: Any) -> RunOperations:
        """As :meth:`log_param`."""
        return self.log_batch_async(run_id, [], [param], [])

    def set_tag_async(self, run_id: str, tag: Any) -> RunOperations:
        """As :meth:`set_tag`."""
        return self.log_batch_async(run_id, [], [], [tag])

    def flush_async_logging(self) -> None:
        """Wait for nothing."""

    end_async_logging = shut_down_async_logging = flush_async_logging

    def log_inputs(
        self, run_id: str, datasets: Iterable[Any] | None = None, models: Any = None
    ) -> None:
        """Write datasets that are used into the journal."""
        if models:
            node_mlflow_calls.warn(self._run, "log_inputs")
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
                tags.get(MLFLOW_DATASET_CONTEXT, ""),
            )
            owner.log_input(entry)

    # -- models --------------------------------------------------------------------------------

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Iterable[Any] | None = None,
        params: Iterable[Any] | None = None,
        model_type: str | None = None,
    ) -> Any:
        """Begin to keep a model."""
        model = kept_models.create(
            self._owner(source_run_id), experiment_id, name, source_run_id, tags, params, model_type
        )
        model.keep()
        return model.entity()

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> Any:
        """Give a model that this process's nodes log; its files go to a folder from now on."""
        del allow_deleted
        model = _model(model_id, "get_logged_model")
        model.keep()
        return model.entity()

    def finalize_logged_model(self, model_id: str, status: Any) -> Any:
        """Take the word that a model is ready."""
        model = _model(model_id, "finalize_logged_model")
        if not model.is_kept:
            node_mlflow_calls.warn(self._run, "finalize_logged_model")
        kept_models.finish(model, status)
        return model.entity()

    def log_outputs(self, run_id: str, models: Iterable[Any]) -> None:
        """Note at which step a model was made; delivery links it to the run."""
        del run_id
        for output in models:
            model = kept_models.find(output.model_id)
            if model is not None:
                model.step = output.step
                model.write_about()

    def log_logged_model_params(self, model_id: str, params: Iterable[Any]) -> None:
        """Add parameters to a model."""
        kept_models.add(_model(model_id, "log_logged_model_params"), params=params)

    def set_logged_model_tags(self, model_id: str, tags: Iterable[Any]) -> None:
        """Add tags to a model."""
        kept_models.add(_model(model_id, "set_logged_model_tags"), tags=tags)

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """Do nothing: delivery makes the logged model."""

    # -- traces --------------------------------------------------------------------------------

    def start_trace(self, trace_info: Any) -> Any:
        """Keep a trace that has ended, whatever MLflow's name for it."""
        from ...observability import kept_traces
        from . import node_traces

        owner = self._owner(trace_info.trace_metadata.get(kept_traces.SOURCE_RUN))
        return node_traces.keep(self._run, owner, trace_info)

    def log_spans(self, location: str, spans: list[Any], tracking_uri: Any = None) -> Any:
        """Refuse spans one by one: MLflow then gives all of a trace when it has ended."""
        raise NotImplementedError

    def link_prompts_to_trace(self, *_: Any, **__: Any) -> None:
        """Do nothing: prompts are of a registry that does not answer."""

    # -- experiments ---------------------------------------------------------------------------

    def get_experiment(self, experiment_id: str) -> Any:
        """Give the pipeline's experiment, or one that a node has named."""
        from mlflow.entities import Experiment

        name = experiment_id.removeprefix(_NAMED)
        journal = self._run.journal
        if node_mlflow_calls.is_own_experiment(self._run, experiment_id) and journal is not None:
            name = journal.header.experiment
        return Experiment(experiment_id, name, "", "active")

    def get_experiment_by_name(self, experiment_name: str) -> Any:
        """Give an experiment, whether there is one or not: delivery makes it if need be."""
        from mlflow.entities import Experiment

        journal = self._run.journal
        is_own = journal is not None and journal.header.experiment == experiment_name
        found = node_mlflow_calls.EXPERIMENT if is_own else f"{_NAMED}{experiment_name}"
        return Experiment(found, experiment_name, "", "active")

    def create_experiment(self, name: str, artifact_location: Any = None, tags: Any = None) -> str:
        """Name an experiment, which delivery makes."""
        del artifact_location, tags
        return str(self.get_experiment_by_name(name).experiment_id)


def _model(model_id: str, name: str) -> kept_models.KeptModel:
    model = kept_models.find(model_id)
    if model is None:
        raise node_mlflow_calls.no_answer(name)
    return model


def _without(name: str) -> Any:
    def call(self: JournalStore, *_: Any, **__: Any) -> None:
        if not name.startswith(_WRITES):
            raise node_mlflow_calls.no_answer(name)
        node_mlflow_calls.warn(self._run, name)

    return call


for _name in dir(AbstractStore):
    _is_call = callable(getattr(AbstractStore, _name)) and not _name.startswith("__")
    if _is_call and _name not in vars(JournalStore):
        setattr(JournalStore, _name, _without(_name))
