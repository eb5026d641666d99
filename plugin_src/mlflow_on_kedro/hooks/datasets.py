"""``MLflowDataSetsLoggerHook``: PipelineX's older form of automatic logging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..journal import values
from ..utils import nested
from ..utils.pipeline_info import is_parameter
from ..utils.secret_items import leave_out_secrets
from ..utils.secrets import without_secrets
from .base import PipelineRun
from .node_values import NodeValuesHook
from .small_values import select_leaves
from .unlogged import limits_from, log_selection, report_at_end

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun


class MLflowDataSetsLoggerHook(NodeValuesHook):
    """Logs every node's inputs and outputs, whether the catalog lists them or not.

    Numbers become metrics; str, list, tuple, set and dict become one parameter each. Large values
    are not logged (``max_leaves`` and ``max_length`` of ``catalog`` in mlflow.yml), except for
    Kedro's parameters. For new projects :class:`MLflowCatalogLoggerHook` is the better choice.

    Args:
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> HOOKS = (MLflowDataSetsLoggerHook(),)
    """

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Have the run report unlogged values at its end."""
        report_at_end(pipeline_run.run, pipeline_run.run.config.catalog)

    def log_value(self, run: TrackedRun, name: str, value: Any) -> None:
        """Log a number as a metric, and text or a collection as one parameter."""
        key = name.removeprefix("params:")
        if key in run.secret_params:
            return
        hidden = run.secret_params
        if hidden and hidden & {leaf for leaf, _ in nested.flatten(_root(name), value, lists=True)}:
            value = without_secrets(value)
        settings = run.config.catalog
        if not is_parameter(name):
            selected = select_leaves(name, [(key, value)], limits_from(settings))
            log_selection(run, selected, settings)
        elif values.is_number(value):
            run.log_metric(key, value)
        elif values.is_text(value) or isinstance(value, Mapping):
            shown, _ = leave_out_secrets(key, value)
            if shown is not None:
                run.log_param(key, shown)


def _root(name: str) -> str:
    """The start of the keys of a dataset's values in ``TrackedRun.secret_params``."""
    return "" if name == "parameters" else name.removeprefix("params:")


MLflowOutputsLoggerHook = MLflowDataSetsLoggerHook
"""PipelineX's other name for the same hook."""
