"""What nodes log to a server that stops answering meanwhile: it goes into the run's journal.

MLflow would try again for minutes, and then fail the node. So the store that MLflow keeps for the
server is given up after ``tracking.timeout``, for the threads that run nodes alone, and for what a
journal can keep. Anything else waits for the server as long as MLflow itself does.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import environment
from ..journal.folder import new_id
from . import kept_models, kept_registry, own_calls, shared_run, store
from .failures import is_mistake, is_refusal

if TYPE_CHECKING:
    from pathlib import Path

    from ..run import TrackedRun

FIRST_ANSWER_SECONDS = 60.0
"""How long a node waits for a server that nobody has heard of yet: it may be starting."""
RETRY_SECONDS = 10.0
"""How long a server that did not answer a node is not asked again by nodes."""
_QUEUE = "MLflowAsyncLoggingLoop"
"""The thread by which MLflow logs values later."""
LEAST_BYTES_A_SECOND = 1_000_000
"""An upload that is slower than this is taken for one that hangs."""


class _Here(threading.local):
    """The runs that this thread is attached to, and whether it speaks for the plugin itself."""

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []
        self.is_bypassed = False


_here = _Here()
_quiet_until: dict[str, float] = {}
_followed: dict[str, TrackedRun] = {}
"""The runs of this process that have not ended: MLflow sends traces from threads of its own."""
_kept_traces: set[str] = set()


def enter(run: TrackedRun, *, asks_server: bool = True) -> None:
    """Divert what this thread logs to the run's server, from now on, while it does not answer.

    Args:
        run: The run.
        asks_server: Whether the thread speaks to the server at all; else to the run's journal.
    """
    if not run.keeps_journal_here:
        return
    is_remote = store.is_remote(run.uri)
    # A local store takes a while to open, and most nodes that import MLflow never need it.
    if asks_server and (is_remote or environment.logs_asynchronously()):
        _guard(own_calls.registry().get_store(run.uri))
    if asks_server and is_remote:
        store.say_no_retries()
        if run.opened is not None:
            place = functools.partial(own_calls.artifact_folder, run)
            _keep_artifacts(run, run.opened.run_id, run.opened.artifact_uri, place)
    if is_remote or not asks_server:
        kept_registry.guard(run.uri if asks_server else own_calls.uri_for(run), _register)
    _here.runs.append(run)


def leave(run: TrackedRun) -> None:
    """Undo :func:`enter`."""
    if run in _here.runs:
        _here.runs.remove(run)


def follow(run: TrackedRun) -> None:
    """Keep a run's traces that MLflow does not take, until it ends."""
    from ..observing import llm_traces

    if run.journal_id not in _followed and not run.in_worker:
        run.at_end(functools.partial(_end, run))
    _followed[run.journal_id] = run
    llm_traces.begin_node()


def settle(run: TrackedRun) -> None:
    """Wait for what MLflow sends later for the node of this thread, which is about to end."""
    import mlflow

    from ..observing import llm_traces

    if mlflow.active_run() is not None:
        mlflow.flush_artifact_async_logging()
    if run.in_worker:  # which may end with the node, without waiting for other threads
        llm_traces.flush()
        if any(thread.name == _QUEUE for thread in threading.enumerate()):
            own_calls.registry().get_store().shut_down_async_logging()


def _end(run: TrackedRun) -> None:
    from ..observing import llm_traces
    from . import child_runs

    llm_traces.flush()
    own_calls.collect(run)
    child_runs.forget(run)
    _followed.pop(run.journal_id, None)


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Speak to the server directly for the length of a block: the plugin's own deliveries."""
    before, _here.is_bypassed = _here.is_bypassed, True
    try:
        yield
    finally:
        _here.is_bypassed = before


def _guard(kept: Any) -> None:
    if hasattr(kept, "_diverts_for_mlflow_on_kedro"):
        return
    kept._diverts_for_mlflow_on_kedro = True  # noqa: SLF001 - a mark of this module's own
    for name, call in CALLS.items():
        real = getattr(kept, name, None)
        if real is not None and not (call is _trace and _is_of_old_mlflow(real)):
            setattr(kept, name, functools.partial(_routed, call, name, real))


def _is_of_old_mlflow(start_trace: Callable[..., Any]) -> bool:
    """Whether it is MLflow 3.1's call of that name, which begins a trace."""
    return "trace_info" not in inspect.signature(start_trace).parameters


def _routed(
    call: Callable[..., Any], name: str, real: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    if _here.is_bypassed:
        return real(*args, **named)
    if call in {_trace, _spans}:
        return call(real, *args, **named)
    if not _here.runs:
        return real(*args, **named)
    return call(_here.runs[-1], name, real, *args, **named)


# -- one function for each shape of a call ---------------------------------------------------------


def _values(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Log to a run, or ask for it."""
    journal = own_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), run_id, *args, **named)
    if journal.has(run_id):
        return keep()
    return _attempt(run, functools.partial(real, run_id, *args, **named), keep)


def _queued(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Log to a run later: to the journal now, because a worker may end before MLflow's queue.

    A worker that was forked has a copy of that queue that nothing works off, and would hang.
    """
    from mlflow.utils.async_logging.run_operations import RunOperations

    del real
    journal = own_calls.journal_store(run)
    if own_calls.is_own(run, run_id) or journal.has(run_id):
        return getattr(journal, name)(run_id, *args, **named)
    server = own_calls.registry().get_store(run.uri)
    getattr(server, name.removesuffix("_async"))(run_id, *args, **named)
    return RunOperations([])  # type: ignore[no-untyped-call]


def _update(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, *args: Any, **named: Any
) -> Any:
    """Rename or end a run; one that the journal knows is ended there in any case."""
    from . import child_runs

    journal = own_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), run_id, *args, **named)
    child = None if own_calls.is_own(run, run_id) else child_runs.find(run, run_id)
    if own_calls.is_of(run, run_id) or (child is not None and child.journal.header.run_id is None):
        return keep()
    if child is not None:
        keep()
    return _attempt(run, functools.partial(real, run_id, *args, **named), keep)


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
    journal = own_calls.journal_store(run)
    journal_id = new_id()
    keep = functools.partial(getattr(journal, name), **words, journal_id=journal_id)
    parents = [tag.value for tag in tags if tag.key == "mlflow.parentRunId"]
    unknown = run.opened is None and own_calls.is_own_experiment(run, words["experiment_id"])
    if unknown or any(journal.has(parent) for parent in parents):
        return keep()
    words["tags"] = [*tags, RunTag(shared_run.JOURNAL_TAG, journal_id)]
    created = _attempt(run, functools.partial(real, **words), keep)
    run_id = created.info.run_id
    if store.is_remote(run.uri) and not journal.has(run_id):
        child_runs.note(run_id)

        def place() -> Path:
            journal = child_runs.folder_for(run, run_id)
            return journal / own_calls.FOLDER / own_calls.ARTIFACTS / own_calls.thread()

        keeping = functools.partial(child_runs.continuing, run, run_id)
        _keep_artifacts(run, run_id, created.info.artifact_uri, place, keeping)
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
    journal = own_calls.journal_store(run)
    keep = functools.partial(getattr(journal, name), **words)
    source = words.get("source_run_id")
    unknown = run.opened is None and own_calls.is_own_experiment(run, words["experiment_id"])
    if unknown or (source is not None and journal.has(source)):
        return keep()
    if not store.is_remote(run.uri) or source is None or not own_calls.is_own(run, source):
        return _attempt(run, functools.partial(real, **words), keep)
    model = kept_models.create(run, **words)
    tagged = [*(words.get("tags") or ()), kept_models.entry_tag(model)]

    def keep_it() -> Any:
        model.keep()
        return model.entity()

    answer = _attempt(run, functools.partial(real, **{**words, "tags": tagged}), keep_it)
    if not model.is_kept or answer.model_id != model.model_id:
        kept_models.remember(model, answer)
        _keep_artifacts(
            run,
            model.model_id,
            answer.artifact_location,
            lambda: model.folder / kept_models.FILES,
            model.keep,
        )
    return answer


def _model(
    run: TrackedRun, name: str, real: Callable[..., Any], /, model_id: str, *args: Any, **named: Any
) -> Any:
    """Ask for a logged model, or change it."""
    model = kept_models.find(model_id)
    keep = functools.partial(getattr(own_calls.journal_store(run), name), model_id, *args, **named)
    if model is None:
        return real(model_id, *args, **named)
    if model.is_kept:
        return keep()
    return _attempt(run, functools.partial(real, model_id, *args, **named), keep)


def _outputs(
    run: TrackedRun, name: str, real: Callable[..., Any], /, run_id: str, models: Any
) -> Any:
    """Link logged models to a run."""
    journal = own_calls.journal_store(run)
    here = [each for each in models if (kept := kept_models.find(each.model_id)) and kept.is_kept]
    there = [each for each in models if each not in here]
    keep = functools.partial(getattr(journal, name), run_id, models)
    if here or journal.has(run_id):
        keep()
    if there and not journal.has(run_id):
        _attempt(run, functools.partial(real, run_id, there), keep)


def _trace(real: Callable[..., Any], trace_info: Any) -> Any:
    """Send a trace that has ended."""
    run = _run_of_trace(trace_info.trace_metadata)
    if run is None:
        return real(trace_info)
    journal = own_calls.journal_store(run)
    keep = functools.partial(journal.start_trace, trace_info)
    source = trace_info.trace_metadata["mlflow.sourceRun"]
    if journal.has(source) or trace_info.trace_id in _kept_traces:
        _kept_traces.discard(trace_info.trace_id)
        return keep()
    # A copy: MLflow's own sets tags that a later try must not have.
    return _attempt(run, functools.partial(real, replace(trace_info)), keep)


def _spans(real: Callable[..., Any], location: str, spans: list[Any], **named: Any) -> Any:
    """Send spans of a trace that has not ended; if they do not arrive, all of it is kept later."""
    trace_ids = {span.trace_id for span in spans}
    run = next((run for run in list(_followed.values()) if store.is_remote(run.uri)), None)
    if run is None:
        return real(location, spans, **named)
    if any(
        own_calls.is_own_experiment(run, location)
        for run in list(_followed.values())
        if run.opened is None
    ):
        raise NotImplementedError("the experiment is not known yet")

    def keep() -> Any:
        _kept_traces.update(trace_ids)
        return spans

    if trace_ids & _kept_traces:
        return keep()
    return _attempt(run, functools.partial(real, location, spans, **named), keep)


def _run_of_trace(metadata: Any) -> TrackedRun | None:
    source = metadata.get("mlflow.sourceRun")
    if source is None:
        return None
    for run in list(_followed.values()):
        if own_calls.is_own(run, source) or own_calls.journal_store(run).has(source):
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
    "start_trace": _trace,
    "log_spans": _spans,
}
"""What a journal can keep of what MLflow's store for a server is called for."""


# -- artifacts -------------------------------------------------------------------------------------


def _of_node(run: TrackedRun, place: Callable[[], Path]) -> Callable[[], Path | None]:
    """A function that gives a folder to threads that run nodes, and to no others."""
    return lambda: place() if run in _here.runs and not _here.is_bypassed else None


def _keep_artifacts(
    run: TrackedRun,
    owner_id: str,
    artifact_uri: str,
    place: Callable[[], Path],
    keeping: Callable[[], Any] = lambda: None,
) -> None:
    # MLflow has no public way to say where a run's artifacts go, but it looks here first.
    from mlflow.tracking._tracking_service import utils

    from .kept_artifacts import KeptArtifacts

    def attempt(call: Callable[[], Any], keep: Callable[[], Any], size: int) -> Any:
        def kept() -> Any:
            keeping()
            return keep()

        return _attempt(run, call, kept, seconds=size / LEAST_BYTES_A_SECOND)

    utils._artifact_repos_cache[owner_id] = KeptArtifacts(  # noqa: SLF001 - as above
        artifact_uri, run.uri, _of_node(run, place), attempt
    )


# -- the model registry ----------------------------------------------------------------------------


def _register(call: Callable[[], Any], keep: Callable[[TrackedRun], Any], is_kept: bool) -> Any:
    """Register a model; one whose files are kept here is registered when it is delivered."""
    if _here.is_bypassed or not _here.runs:
        return call()
    run = _here.runs[-1]
    if is_kept or run.is_offline:
        return keep(run)
    return _attempt(run, call, functools.partial(keep, run))


# -- time ------------------------------------------------------------------------------------------


def _attempt(
    run: TrackedRun, call: Callable[[], Any], keep: Callable[[], Any], *, seconds: float = 0.0
) -> Any:
    """Call a server, and keep what is said where it does not answer.

    Args:
        run: The run that the node belongs to.
        call: Calls the server.
        keep: Does instead what can be done here.
        seconds: How much longer than ``tracking.timeout`` an answer may take.

    Raises:
        Exception: The server answers, and refuses.
    """
    if not store.is_remote(run.uri):
        return call()
    is_known = run.opened is not None
    is_asked = run.is_reachable if is_known else True
    if is_asked and time.monotonic() >= _quiet_until.get(run.uri, 0.0):
        patience = run.config.tracking.timeout if is_known else FIRST_ANSWER_SECONDS
        answers, outcome = _within(patience + seconds, call)
        if answers:
            return outcome
        _quiet_until[run.uri] = time.monotonic() + RETRY_SECONDS
    with bypassed():
        return keep()


def _within(seconds: float, call: Callable[[], Any]) -> tuple[bool, Any]:
    """Call a server, and say whether it answers.

    A call that takes longer goes on; what it says twice MLflow has once.

    Raises:
        Exception: The server answers, and refuses.
    """
    done: list[Any] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(call())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    if failed and (is_refusal(failed[0]) or is_mistake(failed[0])):
        raise failed[0]
    return bool(done), done[0] if done else None
