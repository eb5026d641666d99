"""``NodeValuesHook``: base of the hooks that log the inputs and outputs of nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from .base import TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun


class NodeValuesHook(TrackingHook):
    """Base of the hooks that log the inputs and outputs of nodes, each value once in a run."""

    def log_value(self, run: TrackedRun, name: str, value: Any) -> None:
        """Log one value, if it is to be logged.

        Args:
            run: The run that takes what the node logs.
            name: The dataset's name.
            value: An input or output of a node.
        """
        raise NotImplementedError

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log inputs that are no other node's outputs."""
        run = self.run_of(catalog)
        if run is not None:
            readers = run.pipeline_info.readers
            mine = {name: item for name, item in inputs.items() if readers.get(name) == node.name}
            self._log_all(run.of_node(node.name), mine)

    @hook_impl
    def after_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]
    ) -> None:
        """Log outputs."""
        run = self.run_of(catalog)
        if run is not None:
            self._log_all(run.of_node(node.name), outputs)

    def _log_all(self, run: TrackedRun, data: Mapping[str, Any]) -> None:
        for name, value in data.items():
            with run.guard():
                self.log_value(run, name, value)
        if data:
            run.settle()
