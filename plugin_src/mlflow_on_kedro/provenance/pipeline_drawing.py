"""``kedro/pipeline.svg``: a drawing of a run's pipeline, which MLflow's UI shows."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..timeline.namespaces import namespaces_of
from ..utils.pipeline_info import is_parameter, untranscoded
from .layered_layout import Layout, Place, lay_out

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

MOST_NODES = 60
"""Of more nodes those of a namespace are one box, as in the Gantt chart."""
MOST_WITH_DATASETS = 30
"""Of more nodes the datasets are not drawn."""

_ROW, _HEIGHT, _MARGIN = 72.0, 34.0, 24.0
_LETTER, _MOST_LETTERS = 7.0, 34
_STYLE = """
svg { background: #fff; font: 12px sans-serif; }
text { fill: #1b2733; text-anchor: middle; dominant-baseline: central; }
path { fill: none; stroke: #9aa8b7; stroke-width: 1.2; }
.node { fill: #e3eef8; stroke: #0060a8; }
.group { fill: #0060a8; stroke: #0060a8; }
.group + text { fill: #fff; font-weight: bold; }
.dataset { fill: #f6f7f9; stroke: #9aa8b7; }
.dataset + text { fill: #4a5866; font-size: 11px; }
"""


_MARKER = (
    '<marker id="end" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6"'
    ' orient="auto"><path d="M0 0 L6 3 L0 6 z" style="fill:#9aa8b7;stroke:none"/></marker>'
)
_NO_XML = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML does not allow, or that are no text."""
_OF_NO_NAME = re.compile(r"\(.*|__[0-9a-f]{8}$", re.DOTALL)


@dataclass(frozen=True)
class _Box:
    """A node, a namespace or a dataset of the drawing.

    Attributes:
        kind: ``node``, ``group`` or ``dataset``.
        label: The text in it.
        name: Its full name.
    """

    kind: str
    label: str
    name: str

    @property
    def width(self) -> float:
        """Its width in pixels."""
        return max(60.0, len(self.label) * _LETTER + 24)


def drawing(pipeline: Pipeline) -> str:
    """Write ``kedro/pipeline.svg``.

    Parameters are not drawn, and neither are datasets if there are many nodes.
    """
    nodes = pipeline.nodes
    groups = _groups(nodes)
    boxes: dict[str, _Box] = {}
    edges: list[tuple[str, str]] = []
    made_by = {_name(name): f"n:{groups[node.name]}" for node in nodes for name in node.outputs}
    sizes = Counter(groups.values())
    has_datasets = len(sizes) <= MOST_WITH_DATASETS and len(nodes) <= MOST_NODES
    for node in nodes:
        group = groups[node.name]
        own = f"n:{group}"
        inputs = sorted({_name(name) for name in node.inputs if not is_parameter(name)})
        if has_datasets:
            for name in inputs:
                boxes.setdefault(f"d:{name}", _Box("dataset", _cut(name), name))
            edges += [(f"d:{name}", own) for name in inputs]
            boxes[own] = _box(node, group, sizes[group])
            for name in map(_name, node.outputs):
                boxes.setdefault(f"d:{name}", _Box("dataset", _cut(name), name))
                edges.append((own, f"d:{name}"))
        else:
            boxes.setdefault(own, _box(node, group, sizes[group]))
            sources = {made_by[name] for name in inputs if name in made_by}
            edges += [(source, own) for source in sorted(sources - {own})]
    layout = lay_out({key: box.width for key, box in boxes.items()}, edges)
    return _svg(boxes, layout)


def _name(dataset: str) -> str:
    return untranscoded(dataset)


def _groups(nodes: Iterable[Node]) -> dict[str, str]:
    """Return the name of the box that each node is in: its own, or that of a namespace."""
    names = [node.name for node in nodes]
    found = {name: name for name in names}
    if len(names) <= MOST_NODES:
        return found
    namespaces = namespaces_of(names)
    deepest = max(map(len, namespaces.values()), default=0)
    for depth in range(deepest, 0, -1):  # as many details as there is room for
        found = {
            name: spaces[min(depth, len(spaces)) - 1] if spaces else name
            for name, spaces in namespaces.items()
        }
        if len(set(found.values())) <= MOST_NODES:
            break
    return found


def _box(node: Node, group: str, size: int) -> _Box:
    if group != node.name:
        return _Box("group", f"{_cut(group)} ({size} nodes)", group)
    # The name of a node that was given none is its function's, with its datasets or a digest.
    return _Box("node", _cut(_OF_NO_NAME.sub("", node.name)), node.name)


def _cut(text: str) -> str:
    half = _MOST_LETTERS // 2
    return text if len(text) <= _MOST_LETTERS else f"{text[: half - 1]}…{text[-half:]}"


def _svg(boxes: Mapping[str, _Box], layout: Layout) -> str:
    sides = [
        (layout.x[key] - box.width / 2, layout.x[key] + box.width / 2) for key, box in boxes.items()
    ]
    left = min([*(side[0] for side in sides), *layout.x.values()], default=0.0)
    right = max([*(side[1] for side in sides), *layout.x.values()], default=0.0)
    width = right - left + 2 * _MARGIN
    height = len(layout.rows) * _ROW - (_ROW - _HEIGHT) + 2 * _MARGIN
    rows = layout.row_of()

    def at(place: Place) -> tuple[float, float]:
        return layout.x[place] - left + _MARGIN, rows[place] * _ROW + _HEIGHT / 2 + _MARGIN

    drawn = [*_lines(layout, at), *(_drawn_box(box, *at(key)) for key, box in boxes.items())]
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<style>{_STYLE}</style>",
            _MARKER,
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _lines(layout: Layout, at: Callable[[Place], tuple[float, float]]) -> Iterator[str]:
    half = _HEIGHT / 2
    for a, b in layout.segments:
        (x1, y1), (x2, y2) = at(a), at(b)
        curve = _curve(x1, y1 + half, x2, y2 - half)
        if isinstance(b, tuple):  # it goes on below this row
            yield f'<path d="{curve} V{y2 + half:.0f}"/>'
        else:
            yield f'<path d="{curve}" marker-end="url(#end)"/>'
    for name, other in layout.back:
        (x1, y1), (x2, y2) = at(name), at(other)
        curve = _curve(x1, y1 - half, x2, y2 + half)
        yield f'<path d="{curve}" marker-end="url(#end)" stroke-dasharray="4 3"/>'


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (y1 + y2) / 2
    return f"M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"


def _drawn_box(box: _Box, x: float, y: float) -> str:
    round_ = _HEIGHT / 2 if box.kind == "dataset" else 4
    place = f'x="{x - box.width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}"'
    size = f'width="{box.width:.0f}" height="{_HEIGHT:.0f}" rx="{round_:.0f}"'
    return (
        f'<g><title>{_text(box.name)}</title><rect class="{box.kind}" {place} {size}/>'
        f'<text x="{x:.0f}" y="{y:.0f}">{_text(box.label)}</text></g>'
    )


def _text(text: str) -> str:
    return html.escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))
