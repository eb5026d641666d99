"""The Gantt chart of a run that several pipelines log to: one of all, drawn when the last one ends.

Who ends last knows neither mlflow.yml nor the others' nodes, and may be on another machine. So each
pipeline leaves a tag that says what is wanted, and the timings are those that MLflow has.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from ..utils.pipeline_info import pipeline_names
from .timings_of_run import spans_of

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

GANTT_ARTIFACT = "gantt.html"
WANTED_TAG = "mlflow_on_kedro.gantt"
"""How many nodes there are to be, and the arguments of the chart."""


def nodes_of_run(pipeline: Pipeline, run_params: Mapping[str, Any]) -> list[Node]:
    """The nodes that the processes of a run have together.

    Orchestrators give each process some nodes or namespaces of a pipeline, and in the end run all
    of it. What is left out by other options stays out.

    Args:
        pipeline: What this process runs.
        run_params: What Kedro's ``before_pipeline_run`` gets.
    """
    if not (run_params.get("node_names") or run_params.get("namespaces")):
        return list(pipeline.nodes)
    from kedro.framework.project import pipelines

    names = [name for name in pipeline_names(run_params) if name in pipelines]
    return [node for name in names for node in pipelines[name].nodes]


def wanted(nodes: int, params: Mapping[str, Any]) -> str:
    """Say, for the run's tag, which chart is wanted.

    Args:
        nodes: How many nodes the whole pipeline has, in whatever processes.
        params: As for :func:`.chart.figure`.

    Example:
        >>> wanted(3, {})
        '{"nodes": 3, "params": {}}'
    """
    return json.dumps({"nodes": nodes, "params": dict(params)}, default=str)


def draw(client: MlflowClient, run: Any) -> str | None:
    """Draw the chart of a run that has ended.

    Args:
        client: A client of its store.
        run: MLflow's ``Run``.

    Returns:
        The page; None: none is wanted, or nodes are missing, so that others are to come.

    Raises:
        Exception: MLflow cannot be reached.
    """
    content = run.data.tags.get(WANTED_TAG)
    if content is None or importlib.util.find_spec("plotly") is None:
        return None
    from . import chart

    try:
        asked = json.loads(content)
        spans = spans_of(client, run)
        nodes = {span.node for span in spans if span.kind == "run"}
        if run.info.status == "FINISHED" and len(nodes) < int(asked["nodes"]):
            return None
        return chart.html(spans, title=run.info.run_name or None, params=asked["params"])
    except (MLflowOnKedroError, ValueError, KeyError, TypeError) as mistake:
        logger.warning("No Gantt chart was drawn: %s", mistake)
        return None
