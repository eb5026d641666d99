"""One pipeline run in MLflow; travels with the catalog to wherever its nodes run."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..config.sections import Config
from ..delivery.direct_outbox import DirectOutbox
from ..delivery.journal_outbox import WorkerOutbox
from ..errors import MLflowOnKedroError
from ..journal.entries import VALUES, Entry
from ..journal.folder import Journal
from ..journal.outbox import Outbox
from ..journal.records import Opened
from ..journal.snapshot import State
from ..journal.writer import writer
from ..mlflow_internals import mlflow_globals
from ..tracking import store
from ..tracking.description import ARTIFACT as DESCRIPTION
from ..tracking.failures import INCOMPLETE, failure_message, is_mistake, reason
from ..tracking.opening import RunRequest, as_opened
from ..tracking.tracked_run import TrackedRun
from ..utils.clock import now_ms
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from ..utils.pipeline_info import untranscoded
from ..utils.secrets import mask_urls
from .node_calls import fluent
from .run_lifecycle import RunLifecycle

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from mlflow import MlflowClient

    from ..journal.span import Span

logger = logging.getLogger(__name__)

EntryT = TypeVar("EntryT", bound=Entry)

OPENING_SECONDS = 20.0
"""How long MLflow may take in another process to be imported and to open the run."""
POLL_SECONDS = 0.05

# What a copy of a run in another process starts anew.
_LOCAL_STATE = frozenset(
    {
        "_at_end",
        "_client",
        "_holds_globals",
        "_is_copy",
        "_originals",
        "_outbox",
        "_params",
        "_participants",
        "_recording",
        "_said",
        "_warned",
        "logged",
        "saved",
        "spans",
        "unlogged",
        "unlogged_reported",
    }
)


class OwnRun(TrackedRun):
    """One run in MLflow, which any process that has it can log to.

    It is made by :meth:`open` (a pipeline's run) or :meth:`join` (a run that exists), and it can
    be pickled: a copy in another process logs to the same MLflow run. All its methods may be called
    from any thread. None of them raises because of MLflow, unless ``tracking.on_failure`` is
    ``raise``.

    A pipeline's run may begin before MLflow can be reached: as long as :attr:`opened` is None, it
    has no id.
    """

    def __init__(self, uri: str, request: RunRequest, start_ms: int) -> None:
        self.uri = uri
        self.start_ms = start_ms
        self.config = request.config
        self.root = request.root
        self.plan = request.plan
        self.secret_params = request.secret_params
        self._in_one_process = request.spread == "process"
        self._opened: Opened | None = None
        self._journal: Journal | None = None
        self._owned = False
        self.ends_with_pipeline = True
        """Whether it ends with the pipeline; else with whoever had started it before."""
        self.is_offline = False
        """Whether no server may be contacted (``tracking.mode: offline``)."""
        self.key: str | None = None
        """What several processes have in common that log to this run."""
        self.journal_id = ""
        """The id of the run's journal, also if there is none on disk; "" for a joined run."""
        self.groups: dict[str, OwnRun] = {}
        """The child runs of ``run.children``, by their groups: see :mod:`.group_runs`."""
        self._opener_pid = os.getpid()
        self._start_local_state()

    def _start_local_state(self) -> None:
        self._recording: RunLifecycle | None = None
        self._outbox: Outbox | None = None
        self._client: MlflowClient | None = None
        self._start_logging()
        self._at_end: list[Callable[[], None]] = []
        self._participants = 0
        self._warned = False
        self._holds_globals = False
        self._is_copy = False
        self.spans: list[Span] = []
        self.saved: dict[Path, State] = {}
        """What this process has saved to local files, and the state of each then."""
        self.logged: dict[Path, dict[Path, tuple[int, int]]] = {}
        """What this process has logged of folders that are logged whole, file by file."""

    def __getstate__(self) -> dict[str, Any]:
        local = {name: value for name, value in self.__dict__.items() if name not in _LOCAL_STATE}
        return {**local, "_opened": self.opened}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_local_state()
        self._is_copy = True  # on another machine the process's id may be the same

    def __repr__(self) -> str:
        run_id = self.opened.run_id if self.opened else None
        return f"{type(self).__name__}(run_id={run_id!r}, uri={mask_urls(self.uri)!r})"

    # -- beginning and end ---------------------------------------------------------------------

    @classmethod
    def open(cls, request: RunRequest) -> OwnRun:
        """Open a pipeline's run: see :meth:`mlflow_on_kedro.tracking.opening.RunRequest.begin`.

        An MLflow that cannot be reached is said; the run begins all the same.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
            MLflowOnKedroError: MLflow could not be reached, and the user chose
                ``tracking.on_failure: raise``.
        """
        recording = RunLifecycle(request)
        run = cls(recording.uri, request, recording.start_ms)
        run._recording = recording
        run._outbox = recording.outbox
        run._journal = recording.journal
        run.key = recording.key
        run.journal_id = recording.journal_id
        run.is_offline = request.offline
        for key, value in request.all_tags.items():
            run.set_tag(key, value)
        whole = request.config.run.description or ""
        if len(whole) > MAX_TAG_LENGTH:
            run.log_text(whole, DESCRIPTION)
        recording.open()
        run.ends_with_pipeline = recording.owned
        recording.at_exit.append(lambda: run._end_calls("KILLED"))
        with run.guard():
            fluent.begin(run)
        return run

    @classmethod
    def join(cls, uri: str, run_id: str, config: Config | None = None) -> OwnRun:
        """Log to a run that exists, without ending it.

        Raises:
            mlflow.exceptions.MlflowException: The store has no such run.
        """
        client = store.connect(uri)
        info = client.get_run(run_id).info
        run = cls(uri, RunRequest(config or Config()), now_ms())
        run._opened = as_opened(info)
        run._client = client
        return run

    def take_over(self) -> OwnRun:
        """Let :meth:`end` also end the run in MLflow, though another call has started it."""
        self._owned = True
        return self

    # -- the child runs of `run.children`, which say more of each ---------------------------------

    @property
    def whole(self) -> OwnRun:
        """The pipeline's run, which this is or is a child of."""
        return self

    def of_node(self, name: str) -> OwnRun:
        """The run that takes what a node logs."""
        return self.groups.get(self.plan.groups.get(name, ""), self)

    def of_output(self, name: str) -> OwnRun:
        """The run that takes a dataset which a node saves."""
        return self.groups.get(self.plan.makers.get(untranscoded(name), ""), self)

    def begin_node(self, node: Node) -> None:
        """Note that a node begins."""

    def finish_output(self, node: Node, name: str | None) -> None:
        """Note that an output of a node is saved; None: it has none."""

    def log_error(self, error: BaseException) -> None:
        """Log what made the run fail, also to the child runs of which a node has failed."""
        super().log_error(error)
        for group in self.groups.values():
            group.log_error(error)

    def enter(self) -> None:
        """Count a hook that works on this run; the run ends when the last of them leaves."""
        self._participants += 1

    def leave(self, error: BaseException | None = None) -> None:
        """Take leave of the run; the last hook to do so ends it."""
        self._participants -= 1
        if self._participants <= 0:
            self.end("FAILED" if error is not None else "FINISHED")

    def at_end(self, call: Callable[[], None]) -> None:
        """Have a function called before the run ends, however that comes about but by a signal."""
        self._at_end.append(call)
        if self._recording is not None:
            self._recording.at_exit.append(self._call_at_end)

    def _call_at_end(self) -> None:
        while self._at_end:
            with self.guard():
                self._at_end.pop()()

    def end(self, status: str) -> None:
        """Deliver everything and end the run, once, with MLflow's status of that name."""
        if self.in_worker:
            return
        self._end_calls(status)
        self._call_at_end()
        for group in self.groups.values():
            group.end(status)
        if self._recording is None:
            self._end_joined(status)
            return
        try:
            self._recording.end(status)
        finally:
            self._restore_globals()

    def fail(self, error: BaseException) -> None:
        """End the run as FAILED, with its error, if it has not ended."""
        if self._recording is not None and not self._recording.has_ended:
            self.log_error(error)
            self.end("FAILED")

    def _end_calls(self, status: str) -> None:
        """Have nobody's calls of MLflow land in the run any more."""
        with self.guard():
            fluent.end(self, status)

    def _end_joined(self, status: str) -> None:
        outbox = self.outbox
        if isinstance(outbox, DirectOutbox):
            outbox.flush(last=True)
        if self._owned:
            self._owned = False
            with self.guard():
                self.client.set_terminated(self.run_id, status=status)

    def hold_globals(self) -> None:
        """Have MLflow's tracking URI and experiment put back when the run ends."""
        if not self.in_worker and self._recording is not None and not self._holds_globals:
            mlflow_globals.save_globals()
            self._holds_globals = True

    def _restore_globals(self) -> None:
        # Nodes were given the run's URI and experiment through them; the next session decides anew.
        if self._holds_globals:
            self._holds_globals = False
            with self.guard():
                mlflow_globals.restore_globals()

    # -- what it is in MLflow ------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as MLflow could not be reached."""
        if self._opened is None and self._recording is not None:
            self._opened = self._recording.opened
        if self._opened is None and self.in_worker and self._journal is not None:
            self._opened = self._journal.opened
        return self._opened

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or it is clear that it does not answer."""
        if self.opened is not None:
            return
        if not self.in_worker and self._recording is not None:
            self._recording.wait_open()
        elif self._journal is not None:
            deadline = time.monotonic() + OPENING_SECONDS
            while not (self.opened or self._journal.is_failing) and self._journal.exists():
                if time.monotonic() >= deadline:
                    return
                time.sleep(POLL_SECONDS)

    def nudge(self) -> None:
        """Have what waits delivered soon, if this process delivers it."""
        if not self.in_worker and self._recording is not None:
            self._recording.nudge()

    @property
    def run_id(self) -> str:
        """The id of the run in MLflow, which is waited for.

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
        """The run's name; "" as long as MLflow has given it none."""
        return self.opened.name if self.opened is not None else self.config.run.name or ""

    @property
    def journal(self) -> Journal | None:
        """The run's journal on disk, on whatever machine; None: it has none."""
        return self._journal

    @property
    def has_journal(self) -> bool:
        """Whether the run has a journal on disk, on whatever machine."""
        return self._journal is not None

    @property
    def keeps_journal_here(self) -> bool:
        """Whether the run's journal is on this machine."""
        return self._journal is not None and self._journal.exists()

    @property
    def identity(self) -> str:
        """What tells this run from others before MLflow has given it an id; "" for a joined run."""
        return self.key or self.journal_id

    @property
    def is_shared(self) -> bool:
        """Whether other processes save or load what this run's nodes do."""
        return self.key is not None or not self._in_one_process

    @property
    def client(self) -> MlflowClient:
        """An MLflow client of this process."""
        if self._client is None:
            self._client = store.connect(self.uri)
        return self._client

    @property
    def is_reachable(self) -> bool:
        """Whether the run is in MLflow, and MLflow answers as far as is known."""
        if self._recording is not None:
            return self.opened is not None and not self._recording.failing
        failing = self._journal is not None and self._journal.is_failing
        return self.opened is not None and not failing

    @property
    def outbox(self) -> Outbox:
        """What takes this process's entries."""
        if self._outbox is None:
            raising = self.config.tracking.on_failure == "raise"
            if self._journal is None and self.opened is not None:
                self._outbox = DirectOutbox(
                    self.uri, self.opened, client=self._client, raising=raising
                )
            else:
                self._outbox = WorkerOutbox(
                    self._journal,
                    self.uri,
                    self.opened,
                    self.config.tracking.wait_at_end,
                    raising=raising,
                )
        return self._outbox

    def written_elsewhere(self) -> Iterator[Entry]:
        """What other processes have written into the run's journal, if this machine has it."""
        if self._journal is not None:
            own = writer(self._journal).name
            for name in self._journal.sizes(VALUES):
                if not name.startswith(own):
                    yield from self._journal.entries(name)

    def journaled_elsewhere(self, kind: type[EntryT]) -> Iterator[EntryT]:
        """What other processes have written of one kind; the rest of the journal is passed over."""
        if self._journal is not None:
            own = writer(self._journal).name
            for name in self._journal.sizes(VALUES):
                if not name.startswith(own):
                    yield from self._journal.entries_of(name, kind)

    # -- what a run can be told ----------------------------------------------------------------

    @property
    def in_worker(self) -> bool:
        """Whether this process is another one than that which opened the run."""
        return self._is_copy or os.getpid() != self._opener_pid

    def settle(self) -> None:
        """See to it that nothing is lost if this is a worker, which may end without a word."""
        if self.in_worker:
            self.outbox.secure()

    def flush(self) -> None:
        """Wait until all that this process has logged is in MLflow, if it can be reached."""
        self.outbox.flush()

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Keep a failure of tracking from failing the pipeline: warn instead."""
        try:
            yield
        except MLflowOnKedroError:
            raise
        except Exception as error:
            if self.config.tracking.on_failure == "raise":
                raise
            self._say_failed(error)

    def _say_failed(self, error: Exception) -> None:
        if is_mistake(error):
            logger.warning(
                "Not all of this run is in MLflow; the pipeline runs on. (%s)", reason(error)
            )
        elif not self._warned:
            self._warned = True
            logger.warning("%s", failure_message(self.uri, error, INCOMPLETE))
