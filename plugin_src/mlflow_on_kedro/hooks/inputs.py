"""``MLflowInputsLoggerHook``: the pipeline's inputs, as datasets of the run in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..inputs import used as datasets
from ..utils.pipeline_info import is_parameter, pipeline_names, untranscoded
from .base import PipelineRun, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun
    from ..utils.pipeline_info import PipelineInfo


class MLflowInputsLoggerHook(TrackingHook):
    """Logs the datasets that the pipeline reads and does not make, in MLflow's "Datasets used".

    Each has its name, source, columns and a digest that changes when the data do. Parameters
    are not logged, and values in memory only if they are tables or arrays.

    Args:
        max_bytes: The largest file whose digest is that of its content. A larger file's digest is
            that of its size, modification time and samples.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowInputsLoggerHook(max_bytes=1_000_000_000)
    """

    section: ClassVar[str] = "inputs"

    def __init__(self, max_bytes: int | None = None, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow, max_bytes=max_bytes)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Find the outputs of the run that other processes save, or that it saved earlier."""
        if pipeline_run.run.key is not None or pipeline_run.run.config.run.resume:
            made = _outputs_of(pipeline_names(pipeline_run.run_params))
            pipeline_run.run.pipeline_info = replace(
                pipeline_run.run.pipeline_info, made_elsewhere=made
            )

    # First, so that this is no part of the node's duration, whatever the order of the hooks.
    @hook_impl(tryfirst=True)
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log inputs that no node has saved, each with the first node that reads it."""
        run = self.run_of(catalog)
        if run is None:
            return
        mine = {
            name: data
            for name, data in inputs.items()
            if _is_first(run.pipeline_info, name, node.name)
        }
        for name, data in mine.items():
            self._log(run, name, data, node, catalog)
        if mine:
            run.settle()

    def _log(
        self,
        run: TrackedRun,
        name: str,
        data: Any,
        node: Node,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        with run.guard():
            dataset = catalog.get(name)
            if dataset is None:
                return
            max_bytes = self.settings(run.config).max_bytes
            entry = datasets.used(
                name, dataset, data, context=node.name, root=run.root, max_bytes=max_bytes
            )
            if entry is not None:
                run.log_entry(entry)


def _outputs_of(names: Sequence[str]) -> frozenset[str]:
    """The outputs of some registered pipelines, without the suffixes of transcoding."""
    from kedro.framework.project import pipelines

    found = [pipelines[name] for name in names if name in pipelines]
    return frozenset(untranscoded(name) for pipeline in found for name in pipeline.all_outputs())


def _is_first(plan: PipelineInfo, name: str, node: str) -> bool:
    """Whether a node is the one that logs an input."""
    if name not in plan.readers or untranscoded(name) in plan.made_elsewhere or is_parameter(name):
        return False
    if name != plan.first_forms[untranscoded(name)]:  # two forms of one dataset
        return False
    # With `--only-missing-outputs` the first node may not run. MLflow lists a dataset only once.
    return plan.readers[name] == node or not plan.outputs
