"""A run in MLflow, as hooks and datasets see it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..config.sections import Config
from ..errors import MLflowOnKedroError
from ..journal.entries import Entry, Unlogged
from ..journal.folder import Journal
from ..journal.records import Opened
from ..journal.run_logger import RunLogger
from ..journal.snapshot import State
from ..journal.span import Span
from ..journal.writer import writer
from ..utils.clock import now_ms
from ..utils.pipeline_info import PipelineInfo, untranscoded
from ..utils.secrets import mask_urls
from . import store
from .failure_messages import INCOMPLETE, failure_message
from .failures import is_mistake, reason

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(eq=False, repr=False)
class TrackedRun(RunLogger):
    """A run in MLflow that hooks and datasets log to.

    There are three kinds: the pipeline's run in the process that opened it
    (:class:`~mlflow_on_kedro.runs.own_run.OwnRun`), the same run in another process
    (:class:`~mlflow_on_kedro.runs.worker_run.WorkerRun`), and a run that somebody else has started
    (:class:`~mlflow_on_kedro.runs.joined_run.JoinedRun`). Each can be pickled, which gives a
    ``WorkerRun``: what the constructor takes is pickled, and nothing else. What is here is right
    for a run that MLflow has, and that another process ends.

    All methods may be called from any thread. None of them raises because of MLflow, unless
    ``tracking.on_failure`` is ``raise``.

    Attributes:
        uri: The tracking URI.
        config: The whole configuration.
        root: The project's root.
        start_ms: When the run began, in milliseconds since the epoch.
        pipeline_info: What is known of the pipeline before it runs.
        secret_params: Keys of parameters from the command line that look like secrets.
        journal: The run's journal, which may be on another machine; None: it has none on disk.
        journal_id: The journal's id, also if there is none on disk; "" for a joined run.
        key: ``run.key``: all processes that log to one run have the same.
        is_offline: Whether no server may be contacted (``tracking.mode: offline``).
        is_shared: Whether other processes may load or save the datasets of this run.
        ends_with_pipeline: Whether the run ends with the pipeline; False for a run that was active
            before the pipeline began.
        child_makers: Make the child runs of ``run.children``.
        groups: The child runs, by their groups: see :mod:`mlflow_on_kedro.runs.group_runs`.
        spans: The timings that this process has logged.
        saved: The local files that this process has saved, and the state of each then.
        logged: The folders that this process has logged whole, with the state of each file.
    """

    uri: str
    config: Config = field(default_factory=Config)
    root: Path = field(default_factory=Path.cwd)
    start_ms: int = field(default_factory=now_ms)
    pipeline_info: PipelineInfo = field(default_factory=PipelineInfo)
    secret_params: frozenset[str] = frozenset()
    journal: Journal | None = None
    journal_id: str = ""
    key: str | None = None
    is_offline: bool = False
    is_shared: bool = True
    ends_with_pipeline: bool = True
    child_makers: Sequence[Callable[[TrackedRun], TrackedRun]] = ()
    _opened: Opened | None = None

    groups: dict[str, TrackedRun] = field(default_factory=dict, init=False)
    spans: list[Span] = field(default_factory=list, init=False)
    saved: dict[Path, State] = field(default_factory=dict, init=False)
    logged: dict[Path, dict[Path, State]] = field(default_factory=dict, init=False)
    _client: MlflowClient | None = field(default=None, init=False)
    _has_warned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._start_logging()
        self.groups.update((run.name, run) for run in (make(self) for make in self.child_makers))

    @property
    def in_worker(self) -> bool:
        """Whether another process has opened the run, and will end it."""
        return False

    def __repr__(self) -> str:
        run_id = self.opened.run_id if self.opened else None
        return f"{type(self).__name__}(run_id={run_id!r}, uri={mask_urls(self.uri)!r})"

    # -- the run in MLflow -----------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as MLflow could not be reached."""
        if self._opened is None:
            self._opened = self._look_for_opened()
        return self._opened

    def _look_for_opened(self) -> Opened | None:
        """Return the run in MLflow, if it is there by now."""
        return None

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""

    @property
    def is_reachable(self) -> bool:
        """Whether MLflow has the run, and answered the last request that this process knows of."""
        return self.opened is not None

    @property
    def run_id(self) -> str:
        """The id of the run in MLflow; waits until MLflow has the run.

        Raises:
            RuntimeError: MLflow could not be reached so far.
        """
        self.wait_open()
        if self.opened is None:
            raise RuntimeError(
                f"The run has no id yet: MLflow at {mask_urls(self.uri)} could not be reached."
            )
        return self.opened.run_id

    @property
    def name(self) -> str:
        """The run's name; "" as long as MLflow has not made one up."""
        return self.opened.name if self.opened is not None else self.config.run.name or ""

    @property
    def client(self) -> MlflowClient:
        """An MLflow client of this process."""
        if self._client is None:
            self._client = store.connect(self.uri)
        return self._client

    # -- the run's journal -----------------------------------------------------------------------

    @property
    def local_journal(self) -> Journal | None:
        """The run's journal, if it is on this machine and the run has not ended."""
        return self.journal if self.journal is not None and self.journal.exists() else None

    def entries_of_others(self, kind: type[EntryT]) -> Iterator[EntryT]:
        """Read the entries of one kind that other processes have written into the journal."""
        if self.journal is not None:
            yield from self.journal.all_of(kind, but=writer(self.journal).name)

    def note_unlogged(self, items: Sequence[Unlogged]) -> bool:
        """Keep what was not logged for the report at the end of the run.

        Returns:
            False on another machine, which has no part in the report.
        """
        run = self.whole
        if not run.in_worker:
            run.unlogged.extend(items)
        elif run.local_journal is not None:
            for item in items:
                run.log_entry(item)
        else:
            return False
        return True

    # -- the child runs of `run.children` --------------------------------------------------------

    @property
    def whole(self) -> TrackedRun:
        """The pipeline's run, which this is or is a child of."""
        return self

    def of_node(self, name: str) -> TrackedRun:
        """Return the run that a node logs to."""
        return self.groups.get(self.pipeline_info.groups.get(name, ""), self)

    def of_output(self, name: str) -> TrackedRun:
        """Return the run that a dataset which a node saves is logged to."""
        return self.groups.get(self.pipeline_info.makers.get(untranscoded(name), ""), self)

    def copier(self) -> Callable[[TrackedRun], TrackedRun]:
        """Return a function that makes a child run again for a copy of the pipeline's run."""
        raise NotImplementedError

    def begin_node(self, node: Node) -> None:
        """Note that a node begins."""

    def finish_output(self, node: Node, name: str | None) -> None:
        """Note that an output of a node is saved; None: it has none."""

    def nudge(self) -> None:
        """Have what waits delivered soon, if this process delivers it."""

    def log_error(self, error: BaseException) -> None:
        """Log what made the run fail, also to the child runs of which a node has failed."""
        super().log_error(error)
        for group in self.groups.values():
            group.log_error(error)

    # -- delivery, failure and end ---------------------------------------------------------------

    def flush(self, *, values_only: bool = False) -> None:
        """Wait until all that this process has logged is in MLflow, if it can be reached.

        Args:
            values_only: Do not wait for artifacts and models.
        """
        self.outbox.flush(values_only=values_only)

    def settle(self) -> None:
        """In a worker, deliver what is in memory only: the process may be killed at any time."""

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Warn of a failure of tracking in a block, so that it does not fail the pipeline."""
        try:
            yield
        except MLflowOnKedroError:
            raise
        except Exception as error:
            if self.config.tracking.on_failure == "raise":
                raise
            self._warn_failed(error)

    def _warn_failed(self, error: Exception) -> None:
        if is_mistake(error):
            logger.warning(
                "Not all of this run is in MLflow; the pipeline runs on. (%s)", reason(error)
            )
        elif not self._has_warned:
            self._has_warned = True
            logger.warning("%s", failure_message(self.uri, error, INCOMPLETE))

    def at_end(self, call: Callable[[], None]) -> None:
        """Call a function before the pipeline's own run ends, unless a signal ends it.

        Runs of the other kinds end elsewhere, and never call it.
        """

    def end(self, status: str, error: BaseException | None = None) -> None:
        """Deliver everything and end the run; only the first call has an effect, in a worker none.

        Args:
            status: MLflow's status of that name.
            error: What made the run fail; it is logged.
        """


def constructor_arguments(run: TrackedRun) -> dict[str, Any]:
    """Return the arguments that make a copy of a run in another process."""
    given = {item.name: getattr(run, item.name) for item in fields(TrackedRun) if item.init}
    makers = [child.copier() for child in run.groups.values()]
    return {**given, "child_makers": makers, "_opened": run.opened}
