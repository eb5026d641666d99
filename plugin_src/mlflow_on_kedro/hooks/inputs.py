"""``MLflowInputsLoggerHook``: what the pipeline takes from outside, as datasets of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..config.parsing import override
from ..config.sections import Inputs
from ..inputs import used as datasets
from ..utils.pipeline_info import is_parameter, untranscoded
from .base import PipelineRun, TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun
    from ..utils.pipeline_info import PipelineInfo


class MLflowInputsLoggerHook(TrackingHook):
    """Logs each dataset that no node of the pipeline makes to MLflow's "Datasets used".

    With its name, where it comes from, its columns and a digest that changes when the data do.
    Parameters are not among them, and values in memory only if they are tables or arrays.

    Args:
        max_bytes: How much of a file is read for the digest, which is that of its whole content up
            to this size; beyond it, of its size, modification time and samples.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowInputsLoggerHook(max_bytes=1_000_000_000)
    """

    section: ClassVar[str] = "inputs"

    def __init__(self, max_bytes: int | None = None, enable_mlflow: bool = True) -> None:
        super().__init__(enable_mlflow)
        self._given = {"max_bytes": max_bytes}

    def _settings(self, run: TrackedRun) -> Inputs:
        return override(run.config.inputs, **self._given)

    def begin(self, session: PipelineRun) -> None:
        """Find what the run makes elsewhere: in other processes, or before it failed."""
        if session.run.key is not None or session.run.config.run.resume:
            params = session.run_params
            names = params.get("pipeline_names") or [params.get("pipeline_name") or "__default__"]
            made = _made_by(names)
            session.run.plan = replace(session.run.plan, made_elsewhere=made)

    # First, so that it is no part of the node's duration in whatever order the hooks are given.
    @hook_impl(tryfirst=True)
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log inputs that no node has made, each with the first node that reads it."""
        run = self.run_of(catalog)
        if run is None:
            return
        mine = {name: data for name, data in inputs.items() if _is_first(run.plan, name, node.name)}
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
            max_bytes = self._settings(run).max_bytes
            entry = datasets.used(
                name, dataset, data, context=node.name, root=run.root, max_bytes=max_bytes
            )
            if entry is not None:
                run.log_entry(entry)


def _made_by(names: Sequence[str]) -> frozenset[str]:
    """What the whole of some registered pipelines makes, without the forms of transcoding."""
    from kedro.framework.project import pipelines

    found = [pipelines[name] for name in names if name in pipelines]
    return frozenset(untranscoded(name) for pipeline in found for name in pipeline.all_outputs())


def _is_first(plan: PipelineInfo, name: str, node: str) -> bool:
    """Whether a node is to log an input."""
    if name not in plan.readers or untranscoded(name) in plan.made_elsewhere or is_parameter(name):
        return False
    if name != plan.first_forms[untranscoded(name)]:  # they are one dataset
        return False
    # With `--only-missing-outputs` the first one may not run; MLflow has each dataset once anyway.
    return plan.readers[name] == node or not plan.outputs
