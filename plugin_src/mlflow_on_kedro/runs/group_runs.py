"""Child runs of a pipeline's run, one for each namespace or registered pipeline: ``run.children``.

Each has a journal within the pipeline's, ``children/<id>/``, which all processes of the run write
to, and which is delivered with it as it grows. MLflow gets the run when its first node begins.

What the nodes of a group log goes to the child: what their MLflow datasets save, what automatic
logging takes, what they log with MLflow themselves. What concerns the whole stays with the
pipeline's run: timings, inputs, where it comes from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..journal.entries import VALUES, End, Entry, File, SpanRecord
from ..journal.folder import Journal
from ..journal.records import Header
from ..journal.state import CHILDREN
from ..tracking.group_lookup import NAMESPACE_TAG, PIPELINE_TAG
from ..utils.clock import now_ms
from .node_calls import child_runs
from .own_run import OwnRun

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from ..journal.records import Opened

logger = logging.getLogger(__name__)


def begin(run: OwnRun, *, at_once: bool) -> None:
    """Prepare the child runs of a pipeline's run that has just been opened.

    Args:
        run: The pipeline's run.
        at_once: Have MLflow create them now: nodes may run where their journals cannot be seen.
    """
    names = dict.fromkeys(run.plan.groups.values())
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
            groups[name] = GroupRun(run, name, journal)
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


def _header(run: OwnRun, base: Header, name: str) -> Header:
    # Where other processes log to the same run, or did before, they have the same children.
    shared = base.key or base.run_id
    work = [node for node, group in run.plan.groups.items() if group == name]
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


class GroupRun(OwnRun):
    """The child run of a group of nodes; any process that has the pipeline's run logs to it.

    Args:
        whole: The pipeline's run.
        group: The namespace or pipeline.
        journal: The child's journal.
    """

    def __init__(self, whole: OwnRun, group: str, journal: Journal) -> None:
        self.__dict__.update(whole.__getstate__())
        self._whole = whole
        self._group = group
        self._journal = journal
        self._opened = None
        self.groups = {}
        self.journal_id = journal.header.journal
        self.key = journal.header.key
        self.ends_with_pipeline = True
        self._start_local_state()

    def _start_local_state(self) -> None:
        super()._start_local_state()
        self._noted: set[str] = set()
        self._unsaved: dict[str, set[str]] = {}

    # -- what it shares with the pipeline's run --------------------------------------------------

    @property
    def whole(self) -> OwnRun:
        """The pipeline's run."""
        return self._whole

    @property
    def in_worker(self) -> bool:
        """Whether this process is another one than the pipeline's."""
        return self._whole.in_worker

    @property
    def identity(self) -> str:
        """What tells the pipeline's run from others: it has saved what the child has."""
        return self._whole.identity

    @property
    def name(self) -> str:
        """The run's name."""
        return self._group

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        if self._opened is None and self._journal is not None:
            self._opened = self._journal.opened
        return self._opened

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or it is clear that it does not answer."""
        self._whole.nudge()
        super().wait_open()

    def flush(self) -> None:
        """Wait until all that this process has logged is in MLflow, if it can be reached."""
        if self.in_worker:
            super().flush()
        else:
            self._whole.flush()

    def at_end(self, call: Callable[[], None]) -> None:
        """Have a function called before the pipeline's run ends."""
        self._whole.at_end(call)

    # -- what it takes ---------------------------------------------------------------------------

    def log_entry(self, entry: Entry) -> None:
        """Log an entry."""
        super().log_entry(entry)
        if isinstance(entry, File):  # it may be large
            self._whole.nudge()

    def name_in_run(self, key: str) -> str:
        """The name of a value without its namespace, by which children can be compared."""
        is_namespace = self.config.run.children == "namespaces"
        return key.removeprefix(f"{self._group}.") if is_namespace else key

    def begin(self) -> None:
        """Have MLflow create it."""
        if not self.once(""):
            return
        is_namespace = self.config.run.children == "namespaces"
        self.set_tag(NAMESPACE_TAG if is_namespace else PIPELINE_TAG, self._group)
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
        journal = self._journal
        for name in journal.sizes(VALUES) if journal is not None else ():
            for part in journal.entries_of(name, SpanRecord) if journal is not None else ():
                if part.end:
                    done[part.node] = part.end
                else:
                    begun.add(part.node)
        return begun, done

    def log_error(self, error: BaseException) -> None:
        """Log what made the pipeline fail, if one of this group's nodes has failed."""
        begun, done = self._nodes()
        if begun - done.keys():
            super().log_error(error)

    def end(self, status: str) -> None:
        """End it as its own nodes have, with the pipeline.

        Args:
            status: How the pipeline has ended.
        """
        if self.in_worker or self._journal is None or not self._journal.sizes():
            return
        begun, done = self._nodes()
        mine = {node for node, group in self.plan.groups.items() if group == self._group}
        time_ms = now_ms()
        if status == "FINISHED" or mine <= done.keys():
            status, time_ms = "FINISHED", round(1000 * max(done.values(), default=time.time()))
        elif not begun - done.keys():
            status = "KILLED"  # another group's node has failed before all of its own had run
        self.log_entry(End(status, time_ms))
