"""``NodeProgressHook``: notes which nodes have begun and finished, for ``run.children``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from ..tracking import open_runs
from .base import NodeScope, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun


class NodeProgressHook(TrackingHook):
    """Base of the hook that begins and ends runs."""

    def __init__(self, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)
        self._scope = NodeScope()

    def of_node(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> TrackedRun | None:
        """Return the run to which a node logs: the run itself, or a child run; None without one."""
        run = self.run_of(catalog)
        return run.of_node(node.name) if run is not None else None

    def note_begun(self, run: TrackedRun | None, node: Node) -> None:
        """Note that a node begins in this thread."""
        self._scope.run = run
        if run is not None:
            with run.guard():
                run.begin_node(node)

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Note that a node begins, also if it fails because an input cannot be loaded."""
        run = open_runs.nearest()  # Kedro passes no catalog here
        if run is not None and run.whole.groups and self.enable_mlflow:
            with run.guard():
                run.whole.of_node(node.name).begin_node(node)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Note that an output of a node is saved."""
        run = self._scope.run
        if run is not None and not inspect.isgeneratorfunction(node.func):
            with run.guard():
                run.finish_output(node, dataset_name)


def noting_end(run: TrackedRun, node: Node, name: str, chunks: Iterator[Any]) -> Iterator[Any]:
    """Yield the chunks of a generator node, and then note that its output is saved."""
    yield from chunks
    with run.guard():
        run.finish_output(node, name)
