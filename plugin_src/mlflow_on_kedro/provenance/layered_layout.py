"""A layout for a graph that is drawn from top to bottom: each item stands below what leads to it.

It is the usual one in layers (https://en.wikipedia.org/wiki/Layered_graph_drawing), made simple:
all edges of an item that pass other rows run along one line as far as they can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

MOST_WIDTH = 800.0
"""The most width of the items in one row; the rest of a layer gets rows of its own.

MLflow's UI fits a picture into its width, and scrolls its height.
"""
GAP = 24.0
_LINE = 10.0 - GAP
"""The width of a line that passes a row: lines are closer to each other than boxes."""
_ROUNDS = 6

Bend: TypeAlias = tuple[str, int]
"""Where the line of an item passes a row."""
Place: TypeAlias = "str | Bend"


@dataclass
class Layout:
    """Where each item is.

    Attributes:
        rows: The items and bends of each row, from top to bottom and from left to right.
        x: The middle of each item and bend.
        segments: The parts of lines between neighbouring rows, from top to bottom.
        back: Edges that lead up, which only a graph with circles has.
    """

    rows: list[list[Place]]
    x: dict[Place, float]
    segments: list[tuple[Place, Place]] = field(default_factory=list)
    back: list[tuple[str, str]] = field(default_factory=list)

    def row_of(self) -> dict[Place, int]:
        """Return the row of each item and bend."""
        return {place: number for number, row in enumerate(self.rows) for place in row}


def lay_out(widths: Mapping[str, float], edges: Iterable[tuple[str, str]]) -> Layout:
    """Find a place for each item.

    Args:
        widths: The items and how wide each is. An edge should lead to a later item.
        edges: Pairs of items.

    Example:
        >>> layout = lay_out({"a": 10, "b": 10, "c": 10}, [("a", "b"), ("a", "c")])
        >>> layout.rows
        [['a'], ['b', 'c']]
    """
    order = {item: place for place, item in enumerate(widths)}
    unique = dict.fromkeys(edges)
    down = [(a, b) for a, b in unique if order[a] < order[b]]
    back = [(a, b) for a, b in unique if order[a] > order[b]]
    rows = _rows(widths, _layers(widths, down))
    layout = Layout([list(row) for row in rows], {}, back=back)
    _add_lines(layout, down)
    neighbours = _neighbours(layout)
    _order_rows(layout, neighbours)
    _set_x(layout, widths, neighbours)
    return layout


def _layers(items: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    before, after = defaultdict(list), defaultdict(list)
    for a, b in edges:
        before[b].append(a)
        after[a].append(b)
    layers: dict[str, int] = {}
    for item in items:
        layers[item] = 1 + max((layers[one] for one in before[item]), default=-1)
    for item in layers:  # what nothing leads to stands just above what reads it first
        if not before[item] and after[item]:
            layers[item] = min(layers[one] for one in after[item]) - 1
    return layers


def _rows(widths: Mapping[str, float], layers: Mapping[str, int]) -> list[list[str]]:
    by_layer: dict[int, list[str]] = defaultdict(list)
    for item, layer in layers.items():
        by_layer[layer].append(item)
    rows = []
    for layer in sorted(by_layer):
        row: list[str] = []
        left = MOST_WIDTH
        for item in by_layer[layer]:
            if row and left < widths[item]:
                rows.append(row)
                row, left = [], MOST_WIDTH
            row.append(item)
            left -= widths[item] + GAP
        rows.append(row)
    return rows


def _add_lines(layout: Layout, edges: Iterable[tuple[str, str]]) -> None:
    """Add the bends of lines to the rows that they pass."""
    number = {str(item): place for place, row in enumerate(layout.rows) for item in row}
    last: dict[str, Place] = {item: item for item in number}
    for a, b in sorted(edges, key=lambda edge: number[edge[1]]):
        reached = last[a] if isinstance(last[a], tuple) else (a, number[a])
        for row in range(int(reached[1]) + 1, number[b]):
            bend = (a, row)
            layout.rows[row].append(bend)
            layout.segments.append((last[a], bend))
            last[a] = bend
        start: Place = (a, number[b] - 1) if number[b] - 1 > number[a] else a
        layout.segments.append((start, b))


Neighbours: TypeAlias = "tuple[dict[Place, list[Place]], dict[Place, list[Place]]]"


def _neighbours(layout: Layout) -> Neighbours:
    above: dict[Place, list[Place]] = defaultdict(list)
    below: dict[Place, list[Place]] = defaultdict(list)
    for a, b in layout.segments:
        above[b].append(a)
        below[a].append(b)
    return above, below


def _order_rows(layout: Layout, neighbours: Neighbours) -> None:
    """Sort each row by the mean place of what it is connected with, which avoids crossings."""
    place: dict[Place, float] = {}

    def number(row: list[Place]) -> None:
        place.update((item, at / len(row)) for at, item in enumerate(row))

    for row in layout.rows:
        number(row)
    for turn in range(_ROUNDS):
        near = neighbours[turn % 2]
        for row in layout.rows if turn % 2 == 0 else reversed(layout.rows):
            means = {
                item: sum(place[one] for one in near[item]) / len(near[item])
                if near[item]
                else place[item]
                for item in row
            }
            row.sort(key=means.__getitem__)
            number(row)


def _set_x(layout: Layout, widths: Mapping[str, float], neighbours: Neighbours) -> None:
    """Put each item below or above the middle of what it is connected with, where there is room."""
    x = layout.x

    def width(place: Place) -> float:
        return _LINE if isinstance(place, tuple) else widths[place]

    def put(row: list[Place], wanted: Sequence[float]) -> None:
        right, most = float("-inf"), MOST_WIDTH / 2
        middles = [min(max(middle, -most), most) for middle in wanted]
        for place, middle in zip(row, middles, strict=True):
            half = width(place) / 2
            x[place] = max(middle, right + half)
            right = x[place] + half + GAP
        shift = sum(middles) / len(row) - sum(x[place] for place in row) / len(row)
        for place in row:
            x[place] += shift

    for row in layout.rows:
        put(row, [0.0] * len(row))
    for turn in range(_ROUNDS):
        near = neighbours[turn % 2]
        for row in layout.rows if turn % 2 == 0 else reversed(layout.rows):
            put(
                row,
                [
                    sum(x[one] for one in near[place]) / len(near[place])
                    if near[place]
                    else x[place]
                    for place in row
                ],
            )
