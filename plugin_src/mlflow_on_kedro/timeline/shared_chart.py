"""The Gantt chart of a run that several processes share: drawn when the last of them ends.

The process that draws it has neither the mlflow.yml nor the nodes of the others, and may be on
another machine. So each process sets a tag with the options, and the timings come from MLflow.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from ..utils.pipeline_info import pipeline_names
from .finished_run_spans import spans_of_finished_run

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

GANTT_ARTIFACT = "gantt.html"
CHART_REQUEST_TAG = "mlflow_on_kedro.gantt"
"""The tag of a run with the number of nodes it will have, and the options of the chart."""


def nodes_of_run(pipeline: Pipeline, run_params: Mapping[str, Any]) -> list[Node]:
    """Return the nodes that all processes of a run will have run together.

    Orchestrators let each process run some nodes or namespaces of a pipeline, and in the end all of
    them. Nodes that other options exclude are not counted.

    Args:
        pipeline: The pipeline that this process runs.
        run_params: The ``run_params`` of Kedro's hook ``before_pipeline_run``.
    """
    if not (run_params.get("node_names") or run_params.get("namespaces")):
        return list(pipeline.nodes)
    from kedro.framework.project import pipelines

    names = [name for name in pipeline_names(run_params) if name in pipelines]
    return [node for name in names for node in pipelines[name].nodes]


def chart_request(nodes: int, params: Mapping[str, Any]) -> str:
    """Return the text of the run's tag that requests a chart.

    Args:
        nodes: The number of nodes of the whole pipeline, in all processes.
        params: As for :func:`.chart.figure`.

    Example:
        >>> chart_request(3, {})
        '{"nodes": 3, "params": {}}'
    """
    return json.dumps({"nodes": nodes, "params": dict(params)}, default=str)


def draw(client: MlflowClient, run: Any) -> str | None:
    """Draw the chart of a run that has ended.

    Args:
        client: A client of the run's store.
        run: MLflow's ``Run``.

    Returns:
        The page; None: no chart is requested, or other processes still have to run nodes.

    Raises:
        Exception: MLflow cannot be reached.
    """
    content = run.data.tags.get(CHART_REQUEST_TAG)
    if content is None:
        return None
    from . import chart

    try:
        request = json.loads(content)
        spans = spans_of_finished_run(client, run)
        nodes = {span.node for span in spans if span.kind == "run"}
        if run.info.status == "FINISHED" and len(nodes) < int(request["nodes"]):
            return None
        return chart.html(spans, title=run.info.run_name or None, params=request["params"])
    except (MLflowOnKedroError, ValueError, KeyError, TypeError) as mistake:
        logger.warning("No Gantt chart was drawn: %s", mistake)
        return None
