"""The spans that this process makes with MLflow: where each begins, and what becomes of its end.

MLflow's tracer calls one processor for each span: when it starts, before anybody has seen its ids,
and when it has ended. A span that starts without a parent would begin a trace of its own, which
MLflow sends from a thread of its own, and drops if it cannot.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .replaced_functions import replace_method
from .tags import TRACE_RUN

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parent:
    """The span below which a new one belongs; another process may have it.

    Attributes:
        trace_id: The trace's id.
        span_id: The span's, 16 hexadecimal digits.
        experiment_id: The trace's experiment.
        run_id: The trace's run.
    """

    trace_id: str
    span_id: str
    experiment_id: str
    run_id: str


FindParent = Callable[[], Parent | None]
"""Returns where a span belongs that starts without a parent; None: it begins a trace."""
TakeEnded = Callable[["Span", "dict[str, bytes]"], bool]
"""Takes a span that has ended, with the content of its attachments; False: MLflow sends it."""


def install(find_parent: FindParent, take_ended: TakeEnded) -> None:
    """Have all spans of this process pass by two functions; only the first call has an effect."""
    from mlflow.tracing.processor.base_mlflow import BaseMlflowSpanProcessor

    replace_method(
        BaseMlflowSpanProcessor, "on_start", functools.partial(_with_parent, find_parent)
    )
    replace_method(BaseMlflowSpanProcessor, "on_end", functools.partial(_unless_taken, take_ended))


def _with_parent(find_parent: FindParent, original: Callable[..., Any]) -> Callable[..., Any]:
    def on_start(processor: Any, span: Any, parent_context: Any = None) -> None:
        # MLflow looks for the traces of an evaluation by its rows: each stays a trace of its own.
        if span.parent is None and not _is_evaluated():
            try:
                parent = find_parent()
                if parent is not None:
                    _put_below(span, parent)
            except Exception as error:  # the call itself must go on
                logger.debug("A span begins a trace of its own: %r", error)
        original(processor, span, parent_context)

    return on_start


def _is_evaluated() -> bool:
    from mlflow.tracing.utils import maybe_get_request_id

    return maybe_get_request_id(is_evaluate=True) is not None


def _manager() -> Any:
    """Return what MLflow keeps of the traces of this process that have not ended."""
    from mlflow.tracing.trace_manager import InMemoryTraceManager

    manager: Any = InMemoryTraceManager
    return manager.get_instance()


def _put_below(span: Any, parent: Parent) -> None:
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from opentelemetry.trace import SpanContext, TraceFlags

    trace_number = int(parent.trace_id.removeprefix("tr-"), 16)
    manager = _manager()
    with manager.get_trace(parent.trace_id) as known:
        if known is None:
            location = TraceLocation.from_experiment_id(parent.experiment_id)
            info = TraceInfo(
                trace_id=parent.trace_id,
                trace_location=location,
                request_time=span.start_time // 1_000_000,
                state=TraceState.IN_PROGRESS,
                trace_metadata={TRACE_RUN: parent.run_id},
                tags={},
            )
            manager.register_trace(trace_number, info)
    own = span.context
    span._context = SpanContext(  # noqa: SLF001
        trace_number, own.span_id, False, own.trace_flags, own.trace_state
    )
    flags = TraceFlags(TraceFlags.SAMPLED)
    span._parent = SpanContext(trace_number, int(parent.span_id, 16), True, flags)  # noqa: SLF001


def _unless_taken(take_ended: TakeEnded, original: Callable[..., Any]) -> Callable[..., Any]:
    def on_end(processor: Any, span: Any) -> None:
        try:
            if _take(take_ended, span):
                return
        except Exception as error:
            logger.debug("A span is sent by MLflow itself: %r", error)
        original(processor, span)

    return on_end


def _take(take_ended: TakeEnded, ended: Any) -> bool:
    from mlflow.entities import Span
    from mlflow.tracing.fluent import _set_last_active_trace_id

    span = Span(ended)
    manager = _manager()
    live = manager.get_span_from_id(span.trace_id, span.span_id)
    found = getattr(live, "_attachments", None) or {}
    attachments = {name: attachment.content_bytes for name, attachment in found.items()}
    if not take_ended(span, attachments):
        return False
    with manager.get_trace(span.trace_id) as trace:
        if trace is not None:  # MLflow would keep it until its trace has ended
            trace.span_dict.pop(span.span_id, None)
    _set_last_active_trace_id(span.trace_id)
    return True


def info_of(trace_id: str) -> TraceInfo | None:
    """Return what this process knows of a trace that goes on: its tags, metadata and feedback."""
    with _manager().get_trace(trace_id) as trace:
        info: TraceInfo | None = trace.info if trace is not None else None
        return info


def forget(trace_id: str) -> None:
    """Have MLflow forget a trace that has ended."""
    _manager().pop_trace(int(trace_id.removeprefix("tr-"), 16))
