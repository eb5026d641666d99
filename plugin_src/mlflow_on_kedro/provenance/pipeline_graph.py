"""``kedro/pipeline.json``: the nodes of a run's pipeline, and what they read and write.

For example::

    {
      "format": 1,
      "nodes": [
        {"name": "train", "func": "wine.nodes.train", "inputs": ["wines", "params:model"],
         "outputs": ["model"], "tags": ["nightly"], "namespace": null},
        ...
      ],
      "inputs": ["params:model", "wines"],
      "outputs": ["model"]
    }

Nodes are in the order in which they can run. ``inputs`` are what no node makes, parameters among
them, and ``outputs`` what no node reads.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

FORMAT = 1


def pipeline_text(pipeline: Pipeline) -> str:
    """Write ``kedro/pipeline.json``."""
    nodes = ",\n".join(json.dumps(_described(node), ensure_ascii=False) for node in pipeline.nodes)
    inputs, outputs = (
        json.dumps(sorted(names), ensure_ascii=False)
        for names in (pipeline.inputs(), pipeline.outputs())
    )
    # One node a line, which is short and can be compared.
    return (
        f'{{"format": {FORMAT}, "nodes": [\n{nodes}\n],\n"inputs": {inputs},\n'
        f'"outputs": {outputs}}}\n'
    )


def _described(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "func": import_path(node.func),
        "inputs": node.inputs,
        "outputs": node.outputs,
        "tags": sorted(node.tags),
        "namespace": node.namespace,
    }


def import_path(func: Any) -> str:
    """Return where a function can be imported from; that of a callable object is its class's.

    Example:
        >>> import_path(functools.partial(json.dumps, indent=2))
        'json.dumps'
    """
    while isinstance(func, functools.partial):
        func = func.func
    if not hasattr(func, "__qualname__"):
        func = type(func)
    return f"{func.__module__}.{func.__qualname__}"
