"""Child runs of a pipeline's run, one for each namespace or registered pipeline: ``run.children``.

Each has a journal within the pipeline's, ``children/<id>/``, which all processes of the run write
to, and which is delivered with it as it grows. MLflow gets the run when its first node begins.

What the nodes of a group log goes to the child: what their MLflow datasets save, what automatic
logging takes, what they log with MLflow themselves. What concerns the whole stays with the
pipeline's run: timings, inputs, where it comes from.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..journal.entries import End, Entry, File, SpanRecord
from ..journal.folder import Journal
from ..journal.records import Header
from ..journal.state import CHILDREN
from ..tracking.group_lookup import NAMESPACE_TAG, PIPELINE_TAG
from ..tracking.tracked_run import TrackedRun, constructor_arguments
from ..utils.clock import now_ms
from .node_calls import child_runs
from .worker_run import WorkerRun

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from ..journal.records import Opened

logger = logging.getLogger(__name__)


def begin(run: TrackedRun, *, at_once: bool) -> None:
    """Prepare the child runs of a pipeline's run that has just been opened.

    Args:
        run: The pipeline's run.
        at_once: Have MLflow create them now: nodes may run where their journals cannot be seen.
    """
    names = dict.fromkeys(run.pipeline_info.groups.values())
    if not names:
        if run.config.run.children != "none":
            what = run.config.run.children.removesuffix("s")
            logger.info("`run.children`: no node has a %s, so there are no child runs.", what)
        return
    groups: dict[str, GroupRun] = {}
    try:
        if run.journal is None:
            raise FileNotFoundError("the run has no journal")
        for name in names:
            header = _header(run, run.journal.header, name)
            journal = Journal.create(run.journal.folder / CHILDREN, header)
            journal.release()  # the pipeline's own lock keeps others away
            groups[name] = _make(run, group=name, journal=journal, key=header.key)
    except OSError as error:
        logger.warning(
            "`run.children`: what nodes log goes to the pipeline's run, because child runs need "
            "its journal, which cannot be written. (%s)",
            error,
        )
        return
    run.groups.update(groups)
    for group in groups.values() if at_once else ():
        group.begin()
    for group in groups.values() if at_once else ():
        group.wait_open()


def _make(
    run: TrackedRun,
    *,
    group: str,
    journal: Journal | None,
    key: str | None,
    opened: Opened | None = None,
) -> GroupRun:
    """Make a child run for the pipeline's run, or for a copy of that in another process."""
    own = {
        "journal": journal,
        "journal_id": journal.folder.name if journal is not None else "",
        "key": key,
        "is_shared": run.is_shared or key is not None,
        "ends_with_pipeline": True,
        "child_makers": (),
        "_opened": opened,
    }
    given = {**constructor_arguments(run), **own}
    return GroupRun(**given, pipelines_run=run, group=group)


def _find(run: TrackedRun, group: str) -> TrackedRun:
    return run.groups[group]


def _header(run: TrackedRun, base: Header, name: str) -> Header:
    # Where other processes log to the same run, or did before, they have the same children.
    shared = base.key or base.run_id
    work = [node for node, group in run.pipeline_info.groups.items() if group == name]
    return replace(
        base,
        journal=child_runs.derived_id(f"{base.journal}/{name}"),
        group=name,
        run_name=name,
        run_id=None,
        parent=base.journal,
        given_parent=None,
        key=f"{shared}/{name}" if shared else None,
        work=work if shared else [],
        resume=child_runs.derived_id(f"{base.resume}/{name}") if base.resume else None,
        owned=True,
        trace=False,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class GroupRun(WorkerRun):
    """The child run of a group of nodes; any process that has the pipeline's run logs to it.

    It writes into its journal as a worker's run does, also in the pipeline's own process.

    Attributes:
        pipelines_run: The pipeline's run.
        group: The namespace or pipeline.
    """

    pipelines_run: TrackedRun
    group: str
    _noted: set[str] = field(default_factory=set, init=False)
    _unsaved: dict[str, set[str]] = field(default_factory=dict, init=False)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _find, (self.whole, self.group)

    def copier(self) -> Callable[[TrackedRun], TrackedRun]:
        """Return a function that makes the run again for a copy of the pipeline's run."""
        return functools.partial(
            _make, group=self.group, journal=self.journal, key=self.key, opened=self.opened
        )

    # -- what it shares with the pipeline's run --------------------------------------------------

    @property
    def whole(self) -> TrackedRun:
        """The pipeline's run."""
        return self.pipelines_run

    @property
    def in_worker(self) -> bool:
        """Whether this process is another one than the pipeline's."""
        return self.whole.in_worker

    @property
    def name(self) -> str:
        """The run's name."""
        return self.group

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""
        self.whole.nudge()
        super().wait_open()

    def flush(self, *, values_only: bool = False) -> None:
        """Wait until all that this process has logged is in MLflow, if it can be reached."""
        if self.in_worker:
            super().flush(values_only=values_only)
        else:
            self.whole.flush(values_only=values_only)

    def settle(self) -> None:
        """In a worker, deliver what is in memory only."""
        if self.in_worker:
            super().settle()

    def at_end(self, call: Callable[[], None]) -> None:
        """Call a function before the pipeline's run ends."""
        self.whole.at_end(call)

    # -- what it takes ---------------------------------------------------------------------------

    def log_entry(self, entry: Entry) -> None:
        """Log an entry."""
        super().log_entry(entry)
        if isinstance(entry, File):  # it may be large
            self.whole.nudge()

    def name_in_run(self, key: str) -> str:
        """The name of a value without its namespace, by which children can be compared."""
        is_namespace = self.config.run.children == "namespaces"
        return key.removeprefix(f"{self.group}.") if is_namespace else key

    def begin(self) -> None:
        """Have MLflow create it."""
        if not self.once(""):
            return
        is_namespace = self.config.run.children == "namespaces"
        self.set_tag(NAMESPACE_TAG if is_namespace else PIPELINE_TAG, self.group)
        for key, value in self.config.run.tags.items():
            self.set_tag(key, value)

    def once(self, what: str) -> bool:
        """Whether this process asks so for the first time."""
        is_new = what not in self._noted
        self._noted.add(what)
        return is_new

    # -- its nodes, and how it ends --------------------------------------------------------------

    def begin_node(self, node: Node) -> None:
        """Note that a node begins."""
        if self.once(f"node {node.name}"):
            self.begin()
            self.log_span(SpanRecord("run", node.name, "", time.time(), end=0.0))
            self.settle()

    def finish_output(self, node: Node, name: str | None) -> None:
        """Note that an output of a node is saved; with the last one the node is done."""
        unsaved = self._unsaved.setdefault(node.name, set(node.outputs))
        unsaved.discard(name or "")
        if not unsaved:
            self.log_span(SpanRecord("run", node.name, "", 0.0, end=time.time()))
            self.settle()

    def _nodes(self) -> tuple[set[str], dict[str, float]]:
        """The nodes that have begun, in whatever process, and when each was done that is."""
        begun: set[str] = set()
        done: dict[str, float] = {}
        for span in self.journal.all_of(SpanRecord) if self.journal is not None else ():
            if span.end:
                done[span.node] = span.end
            else:
                begun.add(span.node)
        return begun, done

    def log_error(self, error: BaseException) -> None:
        """Log what made the pipeline fail, if one of this group's nodes has failed."""
        begun, done = self._nodes()
        if begun - done.keys():
            super().log_error(error)

    def end(self, status: str, error: BaseException | None = None) -> None:  # noqa: ARG002 - as below
        """End it as its own nodes have, with the pipeline.

        Args:
            status: How the pipeline has ended.
            error: What made the pipeline fail, which is logged already.
        """
        if self.in_worker or self.journal is None or not self.journal.sizes():
            return
        begun, done = self._nodes()
        mine = {node for node, group in self.pipeline_info.groups.items() if group == self.group}
        time_ms = now_ms()
        if status == "FINISHED" or mine <= done.keys():
            status, time_ms = "FINISHED", round(1000 * max(done.values(), default=time.time()))
        elif not begun - done.keys():
            status = "KILLED"  # another group's node has failed before all of its own had run
        self.log_entry(End(status, time_ms))
