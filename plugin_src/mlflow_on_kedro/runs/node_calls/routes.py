"""What a journal can keep of MLflow's store, one function for each shape of a call.

Each is given the run of the node, the call's name and the server's own method, and decides who is
asked: the server, the journal, or the one if the other does not answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...journal import node_files
from ...journal.folder import OWN, new_id
from ...tracking import shared_run, store
from ...tracking.open_runs import current
from . import kept_models, node_mlflow_calls
from .attempts import LEAST_BYTES_A_SECOND, attempt

if TYPE_CHECKING:
    from pathlib import Path

    from ...tracking.tracked_run import TrackedRun

followed: dict[str, TrackedRun] = {}
"""The runs of this process that have not ended: MLflow sends traces from threads of its own."""
_kept_traces: set[str] = set()


def _values(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Log to a run, or ask for it."""
    journal = node_mlflow_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), run_id, *args, **named)
    if journal.has(run_id):
        return keep()
    return attempt(run, functools.partial(real, run_id, *args, **named), keep)


def _queued(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Log to a run later: to the journal now, because a worker may end before MLflow's queue.

    A worker that was forked has a copy of that queue that nothing works off, and would hang.
    """
    from mlflow.utils.async_logging.run_operations import RunOperations

    del real
    journal = node_mlflow_calls.journal_store(run)
    if node_mlflow_calls.is_own(run, run_id) or journal.has(run_id):
        return getattr(journal, name)(run_id, *args, **named)
    server = node_mlflow_calls.registry().get_store(run.uri)
    getattr(server, name.removesuffix("_async"))(run_id, *args, **named)
    return RunOperations([])  # type: ignore[no-untyped-call]


def _update(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Rename or end a run; one that the journal knows is ended there in any case."""
    from . import child_runs

    journal = node_mlflow_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), run_id, *args, **named)
    child = None if node_mlflow_calls.is_own(run, run_id) else child_runs.find(run, run_id)
    if node_mlflow_calls.is_of(run, run_id) or (
        child is not None and child.journal.header.run_id is None
    ):
        return keep()
    if child is not None:
        keep()
    return attempt(run, functools.partial(real, run_id, *args, **named), keep)


def _create_run(
    run: TrackedRun, name: str, real: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    """Create a run. MLflow is given the name of its journal, by which delivery finds it again."""
    from mlflow.entities import RunTag

    from . import child_runs

    words = dict(
        zip(("experiment_id", "user_id", "start_time", "tags", "run_name"), args, strict=False)
    )
    words.update(named)
    tags = list(words.get("tags") or ())
    journal = node_mlflow_calls.journal_store(run)
    journal_id = new_id()
    keep = functools.partial(getattr(journal, name), **words, journal_id=journal_id)
    parents = [tag.value for tag in tags if tag.key == "mlflow.parentRunId"]
    unknown = run.opened is None and node_mlflow_calls.is_own_experiment(
        run, words["experiment_id"]
    )
    if unknown or any(journal.has(parent) for parent in parents):
        return keep()
    words["tags"] = [*tags, RunTag(shared_run.JOURNAL_TAG, journal_id)]
    created = attempt(run, functools.partial(real, **words), keep)
    run_id = created.info.run_id
    if store.is_remote(run.uri) and not journal.has(run_id):
        child_runs.note(run_id)

        def place() -> Path:
            journal = child_runs.folder_for(run, run_id)
            return journal / OWN / node_files.ARTIFACTS / node_mlflow_calls.thread()

        keeping = functools.partial(child_runs.continuing, run, run_id)
        keep_artifacts(run, run_id, created.info.artifact_uri, place, keeping)
    return created


def _create_model(
    run: TrackedRun, name: str, real: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    """Create a logged model. MLflow is given its entry's id, by which delivery finds it again."""
    words = dict(
        zip(
            ("experiment_id", "name", "source_run_id", "tags", "params", "model_type"),
            args,
            strict=False,
        )
    )
    words.update(named)
    journal = node_mlflow_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), **words)
    source = words.get("source_run_id")
    unknown = run.opened is None and node_mlflow_calls.is_own_experiment(
        run, words["experiment_id"]
    )
    if unknown or (source is not None and journal.has(source)):
        return keep()
    if not store.is_remote(run.uri) or source is None or not node_mlflow_calls.is_own(run, source):
        return attempt(run, functools.partial(real, **words), keep)
    model = kept_models.create(run, **words)
    tagged = [*(words.get("tags") or ()), kept_models.entry_tag(model)]

    def keep_it() -> Any:
        model.keep()
        return model.entity()

    answer = attempt(run, functools.partial(real, **{**words, "tags": tagged}), keep_it)
    if not model.is_kept or answer.model_id != model.model_id:
        kept_models.remember(model, answer)
        keep_artifacts(
            run,
            model.model_id,
            answer.artifact_location,
            lambda: model.folder / node_files.MODEL_FILES,
            model.keep,
        )
    return answer


def _model(
    run: TrackedRun, name: str, real: Callable[..., Any], /, model_id: str, *args: Any, **named: Any
) -> Any:
    """Ask for a logged model, or change it."""
    model = kept_models.find(model_id)
    keep = functools.partial(
        getattr(node_mlflow_calls.journal_store(run), name), model_id, *args, **named
    )
    if model is None:
        return real(model_id, *args, **named)
    if model.is_kept:
        return keep()
    return attempt(run, functools.partial(real, model_id, *args, **named), keep)


def _outputs(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, models: Any
) -> Any:
    """Link logged models to a run."""
    journal = node_mlflow_calls.journal_store(run)
    here = [each for each in models if (kept := kept_models.find(each.model_id)) and kept.is_kept]
    there = [each for each in models if each not in here]
    keep = functools.partial(getattr(journal, name), run_id, models)
    if here or journal.has(run_id):
        keep()
    if there and not journal.has(run_id):
        attempt(run, functools.partial(real, run_id, there), keep)


def send_trace(real: Callable[..., Any], trace_info: Any) -> Any:
    """Send a trace that has ended."""
    run = _run_of_trace(trace_info.trace_metadata)
    if run is None:
        return real(trace_info)
    journal = node_mlflow_calls.journal_store(run)
    keep = functools.partial(journal.start_trace, trace_info)
    source = trace_info.trace_metadata["mlflow.sourceRun"]
    if journal.has(source) or trace_info.trace_id in _kept_traces:
        _kept_traces.discard(trace_info.trace_id)
        return keep()
    # A copy: MLflow's own sets tags that a later try must not have.
    return attempt(run, functools.partial(real, replace(trace_info)), keep)


def send_spans(real: Callable[..., Any], location: str, spans: list[Any], **named: Any) -> Any:
    """Send spans of a trace that has not ended; if they do not arrive, all of it is kept later."""
    trace_ids = {span.trace_id for span in spans}
    run = next((run for run in list(followed.values()) if store.is_remote(run.uri)), None)
    if run is None:
        return real(location, spans, **named)
    if any(
        node_mlflow_calls.is_own_experiment(run, location)
        for run in list(followed.values())
        if run.opened is None
    ):
        raise NotImplementedError("the experiment is not known yet")

    def keep() -> Any:
        _kept_traces.update(trace_ids)
        return spans

    if trace_ids & _kept_traces:
        return keep()
    return attempt(run, functools.partial(real, location, spans, **named), keep)


def _run_of_trace(metadata: Any) -> TrackedRun | None:
    source = metadata.get("mlflow.sourceRun")
    if source is None:
        return None
    for run in list(followed.values()):
        if node_mlflow_calls.is_own(run, source) or node_mlflow_calls.journal_store(run).has(
            source
        ):
            return run
    return None


CALLS: dict[str, Callable[..., Any]] = {
    "log_batch": _values,
    "log_metric": _values,
    "log_param": _values,
    "set_tag": _values,
    "log_inputs": _values,
    "get_run": _values,
    "update_run_info": _update,
    "log_batch_async": _queued,
    "log_metric_async": _queued,
    "log_param_async": _queued,
    "set_tag_async": _queued,
    "create_run": _create_run,
    "create_logged_model": _create_model,
    "get_logged_model": _model,
    "finalize_logged_model": _model,
    "log_logged_model_params": _model,
    "set_logged_model_tags": _model,
    "log_outputs": _outputs,
    "start_trace": send_trace,
    "log_spans": send_spans,
}
"""What a journal can keep of what MLflow's store for a server is called for."""


def _of_node(run: TrackedRun, place: Callable[[], Path]) -> Callable[[], Path | None]:
    """A function that gives a folder to who logs to the run, and not to the plugin itself."""
    return lambda: place() if current() is run else None


def keep_artifacts(
    run: TrackedRun,
    owner_id: str,
    artifact_uri: str,
    place: Callable[[], Path],
    keeping: Callable[[], Any] = lambda: None,
) -> None:
    """Keep the artifacts of a run or model that their store does not take.

    Args:
        run: The run of the node.
        owner_id: The id of the run or model.
        artifact_uri: Where they belong.
        place: Gives the folder in which they wait.
        keeping: Called before something is kept.
    """
    # MLflow has no public way to say where a run's artifacts go, but it looks here first.
    from mlflow.tracking._tracking_service import utils

    from .kept_artifacts import KeptArtifacts

    def try_(call: Callable[[], Any], keep: Callable[[], Any], size: int) -> Any:
        def kept() -> Any:
            keeping()
            return keep()

        return attempt(run, call, kept, seconds=size / LEAST_BYTES_A_SECOND)

    utils._artifact_repos_cache[owner_id] = KeptArtifacts(  # noqa: SLF001 - as above
        artifact_uri, run.uri, _of_node(run, place), try_
    )
