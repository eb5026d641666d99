"""The critical path of a run: the chain of dependent nodes that takes longest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from ..journal.span import Span
from ..utils.pipeline_info import untranscoded


def dependencies_of(spans: Iterable[Span]) -> dict[str, set[str]]:
    """Return the nodes that each node needs: those that save what it loads.

    Args:
        spans: The timings of a run, with its loads and saves.

    Returns:
        The name of each node that needs others -> the names of those.

    Example:
        >>> save = Span("save", "clean", "wines@pandas", 1.0, 2.0, 0)
        >>> dependencies_of([save, Span("load", "train", "wines@spark", 2.0, 3.0, 1)])
        {'train': {'clean'}}
    """
    spans = list(spans)
    makers = {untranscoded(span.name): span.node for span in spans if span.kind == "save"}
    needed: dict[str, set[str]] = {}
    for span in spans:
        maker = makers.get(untranscoded(span.name))
        if span.kind == "load" and maker is not None:
            needed.setdefault(span.node, set()).add(maker)
    return needed


def critical_path(
    durations: Mapping[str, float], dependencies: Mapping[str, Collection[str]]
) -> list[str]:
    """Find the chain of dependent nodes whose durations add up to most.

    With any number of workers, the nodes cannot take less time than this chain.

    Args:
        durations: A node's name -> the seconds that it took.
        dependencies: The name of a node that needs others -> the names of those.

    Returns:
        The names of the chain's nodes, in the order in which they have to run; none if no
        dependencies are known.

    Example:
        >>> critical_path({"a": 1.0, "b": 3.0, "c": 1.0}, {"c": ["a", "b"]})
        ['b', 'c']
    """
    if not dependencies:
        return []
    total: dict[str, float] = {}
    previous: dict[str, str | None] = {}
    graph = {**dict.fromkeys(durations, ()), **dependencies}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError:  # nodes of several processes of a run may have the same names
        return []
    for node in order:
        before = max(sorted(dependencies.get(node, ())), key=total.__getitem__, default=None)
        previous[node] = before
        total[node] = durations.get(node, 0.0) + (0.0 if before is None else total[before])
    last: str | None = max(sorted(total), key=total.__getitem__)
    chain = []
    while last is not None:
        chain.append(last)
        last = previous[last]
    return chain[::-1]
