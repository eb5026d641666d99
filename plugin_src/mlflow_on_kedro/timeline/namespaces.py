"""The namespaces of a chart's rows: each has a row that opens into those of its nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence


def namespaces_of(nodes: Sequence[str]) -> dict[str, list[str]]:
    """Return the namespaces that help to find a node among many, the outermost first.

    A namespace is left out if it has one node, all nodes, or the same nodes as one inside it.

    Args:
        nodes: The names of nodes. Kedro begins them with the namespace and a dot.

    Returns:
        A node's name -> its namespaces.

    Example:
        >>> namespaces_of(["de.prepare.clean", "de.prepare.join", "de.train", "report"])["de.train"]
        ['de']
    """
    found = {node: _prefixes(node) for node in nodes}
    sizes = Counter(prefix for prefixes in found.values() for prefix in prefixes)
    return {
        node: [
            outer
            for outer, inner in zip(prefixes, [*prefixes[1:], ""], strict=False)
            if 1 < sizes[outer] < len(nodes) and sizes[inner] != sizes[outer]
        ]
        for node, prefixes in found.items()
    }


def in_tree_order(nodes: Sequence[str], namespaces: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort nodes so that those of a namespace follow each other, where its first node was.

    Args:
        nodes: The names of nodes, in the order to keep where possible.
        namespaces: A node's name -> its namespaces, the outermost first.

    Example:
        >>> in_tree_order(["a.x", "b", "a.y"], {"a.x": ["a"], "b": [], "a.y": ["a"]})
        ['a.x', 'a.y', 'b']
    """
    first: dict[str, int] = {}
    for place, node in enumerate(nodes):
        for namespace in namespaces[node]:
            first.setdefault(namespace, place)
    keys = {
        node: (*(first[namespace] for namespace in namespaces[node]), place)
        for place, node in enumerate(nodes)
    }
    return sorted(nodes, key=keys.__getitem__)


def _prefixes(node: str) -> list[str]:
    # The name of a node that was given none ends with its datasets, which may have dots.
    parts = node.partition("(")[0].split(".")[:-1]
    return [".".join(parts[: end + 1]) for end in range(len(parts))]
