"""Namespaces that gather the rows of many nodes."""

from __future__ import annotations

from mlflow_on_kedro.timeline.namespaces import in_tree_order, namespaces_of


def test_nested_namespaces() -> None:
    """The outermost comes first."""
    found = namespaces_of(["a.b.x", "a.b.y", "a.z", "other"])

    assert found == {"a.b.x": ["a", "a.b"], "a.b.y": ["a", "a.b"], "a.z": ["a"], "other": []}


def test_what_would_not_help_is_left_out() -> None:
    """A namespace of one node, of all nodes, or with the nodes of its only inner one."""
    found = namespaces_of(["p.a.b.x", "p.a.b.y", "p.c.z", "p.v"])

    assert found == {"p.a.b.x": ["p.a.b"], "p.a.b.y": ["p.a.b"], "p.c.z": [], "p.v": []}


def test_dots_of_datasets_are_none_of_the_node() -> None:
    """Kedro names a node that was given no name after its function and datasets."""
    found = namespaces_of(
        ["f([a.b]) -> [a.c]", "f([a.b]) -> [a.d]", "n.f([n.x]) -> []", "n.y", "z"]
    )

    assert list(found.values()) == [[], [], ["n"], ["n"], []]


def test_nodes_of_a_namespace_follow_each_other() -> None:
    """A namespace stands where its first node was, and keeps the order within."""
    nodes = ["a.1", "b.1", "alone", "a.2", "b.c.1", "b.2", "b.c.2"]

    assert in_tree_order(nodes, namespaces_of(nodes)) == [
        "a.1",
        "a.2",
        "b.1",
        "b.c.1",
        "b.c.2",
        "b.2",
        "alone",
    ]
