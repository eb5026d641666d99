"""``MLflowDataSetsLoggerHook``: PipelineX's older form of automatic logging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..journal import values
from ..utils.pipeline_info import is_parameter
from ..utils.secret_items import leave_out_secrets
from ..utils.secrets import without_secrets
from .base import PipelineRun
from .node_values import NodeValuesHook
from .small_values import choose_leaves
from .unlogged import limits_of, log_choice, report_at_end

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun


class MLflowDataSetsLoggerHook(NodeValuesHook):
    """Logs every node's inputs and outputs, whether the catalog lists them or not.

    Numbers become metrics; str, list, tuple, set and dict, each as a whole, parameters. What
    is not small (``catalog`` in mlflow.yml) is left alone, but for Kedro's parameters. For new
    projects :class:`MLflowCatalogLoggerHook` is the better choice.

    Args:
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> HOOKS = (MLflowDataSetsLoggerHook(),)
    """

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)

    def begin(self, session: PipelineRun) -> None:
        """Have what is not logged said at the end of the run."""
        report_at_end(session.run, session.run.config.catalog)

    def log_value(self, run: TrackedRun, name: str, value: Any) -> None:
        """Log a number as a metric, and text or a collection as one parameter."""
        key = name.removeprefix("params:")
        if key in run.secret_params:
            return
        hidden = run.secret_params
        if hidden and hidden & {leaf for leaf, _ in values.flatten(_root(name), value, lists=True)}:
            value = without_secrets(value)
        settings = run.config.catalog
        if not is_parameter(name):
            log_choice(run, choose_leaves(name, [(key, value)], limits_of(settings)), settings)
        elif values.is_number(value):
            run.log_metric(key, value)
        elif values.is_text(value) or isinstance(value, Mapping):
            shown, _ = leave_out_secrets(key, value)
            if shown is not None:
                run.log_param(key, shown)


def _root(name: str) -> str:
    """What the keys of a dataset's leaves begin with in ``TrackedRun.secret_params``."""
    return "" if name == "parameters" else name.removeprefix("params:")
