"""The critical path of a run: the chain of dependent nodes that takes longest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline


def dependencies_of(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return the nodes whose outputs each node needs.

    Args:
        pipeline: The pipeline.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> count = node(len, "wines", "count", name="count")
        >>> dependencies_of(pipeline([count, node(print, "count", None, name="end")]))
        {'count': [], 'end': ['count']}
    """
    return {
        node.name: sorted(parent.name for parent in pipeline.node_dependencies[node])
        for node in pipeline.nodes
    }


def critical_path(
    durations: Mapping[str, float], dependencies: Mapping[str, Collection[str]]
) -> list[str]:
    """Find the chain of dependent nodes whose durations add up to most.

    With any number of workers, the nodes cannot take less time than this chain.

    Args:
        durations: A node's name -> the seconds that it took. Nodes that did not run are left out.
        dependencies: A node's name -> the nodes whose outputs it needs.

    Returns:
        The names of the chain's nodes, in the order in which they have to run.

    Example:
        >>> critical_path({"a": 1.0, "b": 3.0, "c": 1.0}, {"b": [], "a": [], "c": ["a", "b"]})
        ['b', 'c']
    """
    needed = {**dict.fromkeys(durations, ()), **dependencies}
    total: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    try:
        order = list(TopologicalSorter(needed).static_order())
    except CycleError:  # nodes of several pipelines may have the same names
        return []
    for node in order:
        before = max(sorted(needed.get(node, ())), key=total.__getitem__, default=None)
        previous[node] = before
        total[node] = durations.get(node, 0.0) + (0.0 if before is None else total[before])
    last = max(sorted(total), key=total.__getitem__, default=None)
    chain = []
    while last is not None:
        chain.append(last)
        last = previous[last]
    return [node for node in reversed(chain) if node in durations]
