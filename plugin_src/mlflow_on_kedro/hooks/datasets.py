"""``MLflowDataSetsLoggerHook``: PipelineX's older form of automatic logging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from .. import values
from ..secrets import without_secrets
from .base import TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..run import TrackedRun


class MLflowDataSetsLoggerHook(TrackingHook):
    """Logs every node's inputs and outputs, whether the catalog lists them or not.

    Numbers become metrics; str, list, tuple, set and dict, each as a whole, parameters. For new
    projects :class:`MLflowCatalogLoggerHook` is the better choice.

    Args:
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> HOOKS = (MLflowDataSetsLoggerHook(),)
    """

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log inputs that no node has made."""
        run = self.run_of(catalog)
        if run is not None:
            readers = run.plan.readers
            _log(run, {name: x for name, x in inputs.items() if readers.get(name) == node.name})

    @hook_impl
    def after_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]
    ) -> None:
        """Log outputs."""
        run = self.run_of(catalog)
        if run is not None:
            _log(run, outputs)


def _log(run: TrackedRun, data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        key = name.removeprefix("params:")
        with run.guard():
            if key in run.secret_params:
                continue
            if run.secret_params & {leaf for leaf, _ in values.flatten(_root(name), value)}:
                value = without_secrets(value)  # noqa: PLW2901
            if values.is_number(value):
                run.log_metric(key, value)
            elif values.is_text(value) or isinstance(value, Mapping):
                run.log_param(key, value)
    if data:
        run.settle()


def _root(name: str) -> str:
    """What the keys of a dataset's leaves begin with in ``TrackedRun.secret_params``."""
    return "" if name == "parameters" else name.removeprefix("params:")
