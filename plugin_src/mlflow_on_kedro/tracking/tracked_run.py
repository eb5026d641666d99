"""A run in MLflow, as whoever logs to it sees it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..journal.entries import Entry
from ..journal.folder import Journal
from ..journal.records import Opened
from ..journal.run_logger import RunLogger
from ..journal.snapshot import State
from ..journal.span import Span
from ..utils.pipeline_info import PipelineInfo

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from mlflow import MlflowClient

EntryT = TypeVar("EntryT", bound=Entry)


class TrackedRun(RunLogger):
    """A run in MLflow that hooks and datasets log to.

    It can be pickled: a copy in another process logs to the same MLflow run. All its methods may be
    called from any thread, and none of them raises because of MLflow, unless
    ``tracking.on_failure`` is ``raise``.

    Attributes:
        uri: The tracking URI.
        root: The project's root.
        plan: What is known of the pipeline.
        start_ms: When it began, in milliseconds since the epoch.
        key: What several processes have in common that log to this run.
        journal_id: The id of the run's journal, also if there is none on disk; "" for a joined run.
        is_offline: Whether no server may be contacted (``tracking.mode: offline``).
        ends_with_pipeline: Whether it ends with the pipeline; else with whoever had started it
            before.
        spans: The timings that this process has logged.
        saved: What this process has saved to local files, and the state of each then.
        logged: What this process has logged of folders that are logged whole, file by file.
    """

    uri: str
    root: Path
    plan: PipelineInfo
    start_ms: int
    key: str | None
    journal_id: str
    is_offline: bool
    ends_with_pipeline: bool
    spans: list[Span]
    saved: dict[Path, State]
    logged: dict[Path, dict[Path, State]]

    # -- what it is in MLflow ------------------------------------------------------------------

    @property
    @abstractmethod
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as MLflow could not be reached."""

    @abstractmethod
    def wait_open(self) -> None:
        """Wait until MLflow has the run, or it is clear that it does not answer."""

    @property
    @abstractmethod
    def run_id(self) -> str:
        """The id of the run in MLflow, which is waited for.

        Raises:
            RuntimeError: MLflow could not be reached so far.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """The run's name; "" as long as MLflow has given it none."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What tells this run from others before MLflow has given it an id; "" for a joined run."""

    @property
    @abstractmethod
    def client(self) -> MlflowClient:
        """An MLflow client of this process."""

    @property
    @abstractmethod
    def is_reachable(self) -> bool:
        """Whether the run is in MLflow, and MLflow answers as far as is known."""

    # -- the child runs of `run.children` --------------------------------------------------------

    @property
    @abstractmethod
    def whole(self) -> TrackedRun:
        """The pipeline's run, which this is or is a child of."""

    @abstractmethod
    def of_node(self, name: str) -> TrackedRun:
        """The run that takes what a node logs."""

    @abstractmethod
    def of_output(self, name: str) -> TrackedRun:
        """The run that takes a dataset which a node saves."""

    @abstractmethod
    def begin_node(self, node: Node) -> None:
        """Note that a node begins."""

    @abstractmethod
    def finish_output(self, node: Node, name: str | None) -> None:
        """Note that an output of a node is saved; None: it has none."""

    # -- where it is -----------------------------------------------------------------------------

    @property
    @abstractmethod
    def journal(self) -> Journal | None:
        """The run's journal on disk, on whatever machine; None: it has none."""

    @property
    @abstractmethod
    def has_journal(self) -> bool:
        """Whether the run has a journal on disk, on whatever machine."""

    @property
    @abstractmethod
    def keeps_journal_here(self) -> bool:
        """Whether the run's journal is on this machine."""

    @property
    @abstractmethod
    def in_worker(self) -> bool:
        """Whether this process is another one than that which opened the run."""

    @property
    @abstractmethod
    def is_shared(self) -> bool:
        """Whether other processes save or load what this run's nodes do."""

    @abstractmethod
    def written_elsewhere(self) -> Iterator[Entry]:
        """What other processes have written into the run's journal, if this machine has it."""

    @abstractmethod
    def journaled_elsewhere(self, kind: type[EntryT]) -> Iterator[EntryT]:
        """What other processes have written of one kind; the rest of the journal is passed over."""

    # -- from its beginning to its end -----------------------------------------------------------

    @abstractmethod
    def settle(self) -> None:
        """See to it that nothing is lost if this is a worker, which may end without a word."""

    @abstractmethod
    def flush(self) -> None:
        """Wait until all that this process has logged is in MLflow, if it can be reached."""

    @abstractmethod
    def guard(self) -> AbstractContextManager[None]:
        """Keep a failure of tracking from failing the pipeline: warn instead."""

    @abstractmethod
    def at_end(self, call: Callable[[], None]) -> None:
        """Have a function called before the run ends, however that comes about but by a signal."""

    @abstractmethod
    def enter(self) -> None:
        """Count a hook that works on this run; the run ends when the last of them leaves."""

    @abstractmethod
    def leave(self, error: BaseException | None = None) -> None:
        """Take leave of the run; the last hook to do so ends it."""

    @abstractmethod
    def end(self, status: str) -> None:
        """Deliver everything and end the run, once, with MLflow's status of that name."""

    @abstractmethod
    def fail(self, error: BaseException) -> None:
        """End the run as FAILED, with its error, if it has not ended."""

    @abstractmethod
    def hold_globals(self) -> None:
        """Have MLflow's tracking URI and experiment put back when the run ends."""
