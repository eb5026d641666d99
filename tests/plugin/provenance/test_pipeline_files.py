"""The pipeline as JSON and as a drawing, small and large."""

from __future__ import annotations

import functools
import itertools
import json
import time
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from kedro.pipeline import Pipeline, node, pipeline
from mlflow_on_kedro.provenance.layered_layout import MOST_WIDTH, lay_out
from mlflow_on_kedro.provenance.pipeline_drawing import drawing
from mlflow_on_kedro.provenance.pipeline_graph import pipeline_text

SVG = "{http://www.w3.org/2000/svg}"


def double(n: Any, *_: Any) -> Any:
    """A node's function."""
    return n


class Scale:
    """A callable object."""

    def __call__(self, n: Any) -> Any:
        """Scale."""
        return n


def chain(count: int, spaces: int = 0) -> Pipeline:
    """Nodes that read what the three before them have made."""
    nodes = []
    for n in range(count):
        space = f"space{n * spaces // count}" if spaces else None
        inputs = [f"t{i}" for i in range(max(0, n - 3), n)] or ["raw"]
        nodes.append(node(double, inputs, f"t{n}", name=f"make_{n}", namespace=space))
    return pipeline(nodes)


def parsed(svg: str) -> ET.Element:
    """A drawing, read as XML."""
    return ET.fromstring(svg)  # noqa: S314 - the plugin has written it


def texts(svg: str) -> list[str]:
    """The texts of a drawing, which is one that a browser reads."""
    return [str(item.text) for item in parsed(svg).iter(f"{SVG}text")]


def test_json() -> None:
    """Nodes with functions, inputs, outputs, tags and namespaces, in the order of the run."""
    made = pipeline(
        [
            node(functools.partial(double), ["a", "params:n"], "b", name="x", tags=["t"]),
            node(Scale(), "b", "c", name="y", namespace="s"),
        ]
    )
    found = json.loads(pipeline_text(made))
    assert found["nodes"] == [
        {
            "name": "x",
            "func": f"{__name__}.double",
            "inputs": ["a", "params:n"],
            "outputs": ["b"],
            "tags": ["t"],
            "namespace": None,
        },
        {
            "name": "s.y",
            "func": f"{__name__}.Scale",
            "inputs": ["b"],
            "outputs": ["c"],
            "tags": [],
            "namespace": "s",
        },
    ]
    assert (found["inputs"], found["outputs"]) == (["a", "params:n"], ["c"])


def test_small() -> None:
    """Nodes and datasets are drawn, parameters are not; a nameless node is its function."""
    made = pipeline(
        [
            node(double, ["a@x", "params:n"], "b"),
            node(double, "b", "<&> \x07", name="n" * 90),
            node(double, "b", "c@y", name="last"),
        ]
    )
    found = texts(drawing(made))
    assert {"double", "a", "b", "c", "last", "<&> \ufffd"} <= set(found)
    assert "params:n" not in found
    assert max(map(len, found)) <= 40
    assert texts(drawing(pipeline([]))) == []


def test_large() -> None:
    """300 nodes of namespaces are a box each namespace, with as many details as there is room."""
    assert texts(drawing(chain(300, 6))) == [f"space{n} (50 nodes)" for n in range(6)]


def test_large_without_namespaces() -> None:
    """300 nodes without namespaces are all there, within 100 ms, and not beside each other."""
    made = chain(300)
    begin = time.process_time()
    svg = drawing(made)
    assert time.process_time() - begin < 0.3  # 0.03 on a quiet machine
    assert len(texts(svg)) == 300
    assert float(parsed(svg).attrib["width"]) < 3 * MOST_WIDTH


def test_circles_of_namespaces() -> None:
    """Namespaces that read of each other are drawn, with a line that leads up."""
    nodes = [
        node(double, f"t{n}", f"t{n + 1}", name=f"n{n}", namespace="ab"[n % 2]) for n in range(80)
    ]
    svg = drawing(pipeline(nodes))
    assert sorted(texts(svg)) == ["a (40 nodes)", "b (40 nodes)"]
    assert "stroke-dasharray" in svg


@pytest.mark.parametrize("count", [1, 40])
def test_layout(count: int) -> None:
    """Each item is below what leads to it, and no two are at the same place."""
    items = {f"i{n}": 100.0 for n in range(count)} | {"end": 50.0}
    edges = [(f"i{n}", "end") for n in range(count)] + [("i0", "i0")]
    layout = lay_out(items, edges)
    rows = layout.row_of()
    assert all(rows[f"i{n}"] < rows["end"] for n in range(count))
    for row in layout.rows:
        boxes = sorted(layout.x[place] for place in row if isinstance(place, str))
        assert all(b - a >= 100 for a, b in itertools.pairwise(boxes))
