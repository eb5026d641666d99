"""``MLflowIOTimeLoggerTransformer``: load and save times under PipelineX's metric names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..tracking import timing_metrics
from ..tracking.tracked_run import TrackedRun
from .base import PipelineRun
from .time import MLflowTimeLoggerHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node


class MLflowIOTimeLoggerTransformer(MLflowTimeLoggerHook):
    """Logs load and save times of datasets as ``_time_to_load <dataset>`` and ``_time_to_save …``.

    Kedro has no transformers any more, so this is a hook: put it into ``HOOKS``.

    Args:
        enable_mlflow: Whether it does anything.
        metric_name_prefix: What the metrics begin with.

    Example:
        >>> HOOKS = (MLflowIOTimeLoggerTransformer(metric_name_prefix="io "),)
    """

    def __init__(self, enable_mlflow: bool = True, metric_name_prefix: str = "_time_to_") -> None:
        super().__init__(enable_plotly=False, enable_mlflow=enable_mlflow)
        self._io_names = timing_metrics.Names(
            load=f"{metric_name_prefix}load ", save=f"{metric_name_prefix}save "
        )

    def begin(self, session: PipelineRun) -> None:
        """Say nothing of how nodes are named."""

    def finish(self, session: PipelineRun, error: Exception | None) -> None:
        """Draw nothing."""

    def _log_node(
        self,
        node: Node,
        catalog: CatalogProtocol[Any, Any],
        *,
        failed: bool = False,
        error: Exception | None = None,
    ) -> None:
        """Leave nodes to ``MLflowTimeLoggerHook``."""

    def _log(
        self,
        run: TrackedRun,
        node: Node,
        kind: Literal["load", "run", "save"],
        name: str,
        begin: float,
        end: float,
        *,
        failed: bool = False,
        error: Exception | None = None,
    ) -> None:
        run.log_metric(
            self._io_names.of(kind, name),
            end - begin,
            step=run.plan.steps.get(node.name, 0),
            timestamp=round(end * 1000),
            is_own_key=True,
        )
