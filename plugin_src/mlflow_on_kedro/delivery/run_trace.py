"""The trace of a run in MLflow: sent as far as it is known while the pipeline runs, then whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import trace_options
from ..journal.entries import CallSpan, End, Entry, Metric, SpanRecord, TraceNotes
from ..journal.node_files import TRACE_ATTACHMENTS
from ..journal.records import Header, Opened
from ..mlflow_internals import trace_client
from ..tracking import capabilities, own_calls
from ..tracking.capabilities import Feature
from ..tracking.failures import is_mistake, is_refusal
from ..utils import mlflow_limits
from .answer_clock import AnswerClock
from .entry_queue import EntryQueue

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Span

    from ..observability.llm_usage import RunningTotal, Sums

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 5.0
"""How often the trace of a running pipeline is sent."""


class RunTrace:
    """Sends the trace of one run, or its traces (``trace_per: node``).

    What nodes call is sent with the run's other values, in the order of the journal.

    Args:
        header: What the run is.
        uri: The tracking URI.
        queue: The run's entries.
        clock: Notes when MLflow has answered.
        is_live: Whether the pipeline may be running.
        raising: Raise what MLflow refuses.
    """

    def __init__(
        self,
        header: Header,
        uri: str,
        queue: EntryQueue,
        clock: AnswerClock,
        *,
        is_live: bool,
        raising: bool,
    ) -> None:
        self._header, self._uri, self._queue = header, uri, queue
        self._clock, self._raising = clock, raising
        self._parts: list[SpanRecord] = []
        self._notes: list[TraceNotes] = []
        self._totals: dict[str, RunningTotal] = {}
        self._sent: dict[str, int] = {}
        self._is_live = is_live and header.trace
        self._next_time = 0.0
        self._usage: dict[str, Sums] = {}

    # -- while the pipeline runs -----------------------------------------------------------------

    def note(self, entries: Iterable[Entry]) -> None:
        """Take the parts of the trace from entries of the journal that are read anyway."""
        if not self._is_live:
            return
        for entry in entries:
            if isinstance(entry, SpanRecord):
                self._parts.append(entry)
            elif isinstance(entry, TraceNotes):
                self._notes.append(entry)
            elif isinstance(entry, CallSpan):
                self._total(entry.trace).add(entry)

    def _total(self, trace_id: str) -> RunningTotal:
        from ..observability.llm_usage import RunningTotal

        return self._totals.setdefault(trace_id, RunningTotal())

    def send_begun(self, opened: Opened) -> None:
        """Send what is known of the trace, now and then; MLflow shows it as in progress.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if not self._is_live or time.monotonic() < self._next_time:
            return
        try:
            with self._clock.request(), own_calls.bypassed():
                self._is_live = self._send_news(opened)
        except Exception as error:
            if not (is_refusal(error) or is_mistake(error)):
                raise
            self._is_live = False  # the end tries again, and warns
            logger.debug("MLflow did not take the trace of a running pipeline: %s", error)
        self._next_time = time.monotonic() + SECONDS_BETWEEN

    def _send_news(self, opened: Opened) -> bool:
        """Send the spans that have begun or ended; return whether the store takes single spans."""
        from ..observability import trace_spans, traces

        for trace in trace_spans.make_traces(self._header, self._parts, None):
            news = [span for span in trace.spans if self._sent.get(span.span_id) != _end_of(span)]
            if not news:
                continue
            if not trace_client.log_spans(self._uri, opened.experiment_id, news):
                return False
            usage = self._total(trace.trace_id).sums
            info = traces.make_info(self._header, opened, trace, self._notes, usage)
            trace_client.start(self._uri, info)
            self._sent.update({span.span_id: _end_of(span) for span in news})
        return True

    # -- when it has ended -----------------------------------------------------------------------

    def metrics(
        self, client: MlflowClient, opened: Opened, parts: Iterable[SpanRecord], end: End
    ) -> list[Metric]:
        """Return the run's metrics of tokens and cost.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if not (self._header.trace and trace_options.has_calls(self._header.trace_detail)):
            return []
        from ..observability import llm_usage, trace_spans

        header, nodes = self._header, {part.node for part in parts}
        places = {
            trace_spans.parent_of_calls(header.journal, node, header.trace_detail): node
            for node in nodes
        }
        of_nodes = llm_usage.sums(self._queue.each_of(CallSpan), places)
        metrics = [
            metric
            for node, of_node in of_nodes.items()
            if node
            for metric in llm_usage.metrics_of_node(node, of_node, end.time)
        ]
        # Workers that do not see the journal, and other attempts and processes of the same run,
        # have logged the metrics of their nodes themselves.
        known = {metric.key for metric in metrics}
        logged = client.get_run(opened.run_id).data.metrics
        others = llm_usage.from_metrics({k: v for k, v in logged.items() if k not in known})
        ran = {mlflow_limits.legal_key(node) for node in nodes}
        self._usage = {**{node: others[node] for node in others if node in ran}, **of_nodes}
        of_run = llm_usage.total([*others.values(), *of_nodes.values()])
        return metrics + llm_usage.metrics_of_run(of_run, end.time)

    def send(
        self, client: MlflowClient, opened: Opened, parts: Iterable[SpanRecord], end: End
    ) -> None:
        """Send the whole trace; warn if MLflow refuses it.

        Raises:
            Exception: MLflow cannot be reached, or refuses the trace and ``raising`` is set.
        """
        instead = "the run's trace is left out"
        with capabilities.pass_over_lack(
            self._uri, Feature.TRACES, instead, lambda: client.get_run(opened.run_id)
        ):
            try:
                with self._clock.request(), own_calls.bypassed():
                    self._send_whole(opened, parts, end)
            except Exception as error:
                if self._raising or not (is_refusal(error) or is_mistake(error)):
                    raise
                logger.warning("MLflow did not take the run's trace, which is left out: %s", error)

    def _send_whole(self, opened: Opened, parts: Iterable[SpanRecord], end: End) -> None:
        from ..observability import llm_usage, trace_spans, traces

        notes = self._queue.all_of(TraceNotes)
        for trace in trace_spans.make_traces(self._header, parts, end):
            is_of_run = self._header.trace_per == "run"
            own = self._usage.values() if is_of_run else [self._usage.get(trace.name, {})]
            info = traces.make_info(self._header, opened, trace, notes, llm_usage.total(own))
            attachments, calls = self._attachments(trace.trace_id), self._calls_of(trace.trace_id)
            trace_client.send(self._uri, info, trace.spans, attachments, calls)

    def _calls_of(self, trace_id: str) -> Callable[[], list[Span]]:
        def calls() -> list[Span]:
            from ..observability import call_spans

            found = {
                call.span: call for call in self._queue.each_of(CallSpan) if call.trace == trace_id
            }
            return [call_spans.to_span(call) for call in found.values()]

        return calls

    def _attachments(self, trace_id: str) -> list[Path]:
        journal = self._queue.journal
        if journal is None:
            return []
        return sorted((journal.folder / TRACE_ATTACHMENTS / trace_id).glob("*"))


def _end_of(span: Span) -> int:
    """Return when a span has ended; of one that has not, until when it is known."""
    return span.end_time_ns or 0
