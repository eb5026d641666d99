"""The tracking URI of a run's journal, by which MLflow makes a :class:`.JournalStore` of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config.uri_schemes import JOURNAL_SCHEME
from ...mlflow_internals import store_registries

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

# MLflow makes a store of nothing but its URI, so the URI has the id of the run's journal.
_runs: dict[str, TrackedRun] = {}


def journal_uri(run: TrackedRun) -> str:
    """Return the tracking URI by which MLflow logs to a run's journal."""
    store_registries.register_tracking_store(JOURNAL_SCHEME, _make_store)
    whole = run.whole  # MLflow has one URI for all threads, and nodes of several groups run at once
    _runs[whole.journal_id] = whole
    return f"{JOURNAL_SCHEME}://{whole.journal_id}"


def has_journal_only(run: TrackedRun) -> bool:
    """Whether a node's calls of MLflow can go nowhere but to the run's journal."""
    is_without_server = run.is_offline or (run.opened is None and run.local_journal is None)
    return is_without_server or not store_registries.has_tracking_store(run.uri)


def journal_store(run: TrackedRun, *, of_thread: bool = False) -> Any:
    """Make a tracking store that writes to a run's journal: see :class:`.JournalStore`."""
    from .journal_store import JournalStore

    make: Any = JournalStore  # it has more methods than a type checker sees
    return make(run, of_thread=of_thread)


def _make_store(store_uri: str, artifact_uri: str | None = None) -> Any:  # noqa: ARG001 - MLflow's
    return journal_store(_runs[store_uri.partition("://")[2]], of_thread=True)
