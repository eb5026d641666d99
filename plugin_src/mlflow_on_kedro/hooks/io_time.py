"""``MLflowIOTimeLoggerTransformer``: load and save times under PipelineX's metric names."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..journal.span import Span
from ..timeline import span_metrics
from ..tracking import timing_metrics
from .node_times import NodeTimesHook

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun


class MLflowIOTimeLoggerTransformer(NodeTimesHook):
    """Logs load and save times of datasets as ``_time_to_load <dataset>`` and ``_time_to_save …``.

    Kedro has no transformers any more, so this is a hook: put it into ``HOOKS``.

    Args:
        enable_mlflow: Whether it does anything.
        metric_name_prefix: What the metrics begin with.

    Example:
        >>> HOOKS = (MLflowIOTimeLoggerTransformer(metric_name_prefix="io "),)
    """

    section: ClassVar[str] = "time"
    by_default: ClassVar[bool] = False

    def __init__(self, enable_mlflow: bool = True, metric_name_prefix: str = "_time_to_") -> None:
        super().__init__(enable_mlflow)
        self._names = timing_metrics.Names(
            load=f"{metric_name_prefix}load ", save=f"{metric_name_prefix}save "
        )

    def log_span(
        self, run: TrackedRun, node: Node, span: Span, error: Exception | None = None
    ) -> None:
        """Log the duration of a load or save; :class:`MLflowTimeLoggerHook` logs nodes."""
        if span.kind != "run":
            metric = self._names.metric(span.kind, span.name)
            span_metrics.log_span(run, span, metric, is_series=True)
