"""The table of ``kedro mlflow runs``: what runs have in common is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..utils.printable import one_line
from .run_record import RunRecord
from .texts import COLOURS, duration, local_time, number

if TYPE_CHECKING:
    from rich.table import Table

_MOST_VALUE, _MOST_NAME = 24, 32
"""How many characters a terminal shows of a value and of a name."""
_SHORT_ID = 8
_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        kind: ``metrics``, ``params``, or "" for what each run has.
        title: Its heading.
        cells: A text for each run.
    """

    kind: str
    title: str
    cells: tuple[str, ...]

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return self.kind == "metrics"

    @property
    def width(self) -> int:
        """How many characters it takes in a terminal."""
        from rich.cells import cell_len

        return max(map(cell_len, (self.title, *self.cells)))


def differing_params(runs: Sequence[RunRecord]) -> list[str]:
    """Return the names of parameters that the runs do not all have with the same value.

    Example:
        >>> a, b = (RunRecord(x, x, "1", "FINISHED", 0, params={"C": x, "k": "3"}) for x in "12")
        >>> differing_params([a, b])
        ['C']
    """
    names = {name for run in runs for name in run.params}
    return sorted(name for name in names if len({run.params.get(name) for run in runs}) > 1)


def columns(runs: Sequence[RunRecord], first: str = "", *, short: bool = False) -> list[Column]:
    """Return all columns of the table, the most useful first.

    Args:
        runs: The runs.
        first: The metric or parameter that the runs are sorted by; its column is the first of them.
        short: Whether ids and values are shortened, as for a terminal.
    """
    most = _MOST_VALUE if short else None
    made = [
        _column("id", [run.run_id[:_SHORT_ID] if short else run.run_id for run in runs]),
        _column("name", [one_line(run.name, _MOST_NAME if short else None) for run in runs]),
        _column("start", [local_time(run.start_ms, seconds=not short) for run in runs]),
        _column("status", [run.status for run in runs]),
        _column("duration", [duration(run) for run in runs]),
    ]
    used = Counter(name for run in runs for name in run.metrics)
    metrics = sorted(used, key=lambda name: (name != first, -used[name], name))
    params = sorted(differing_params(runs), key=lambda name: (name != first, name))
    if first and first not in metrics and first not in params:
        params = [name for name in (first,) if any(name in run.params for run in runs)] + params
    for name in metrics:
        cells = [number(run.metrics[name]) if name in run.metrics else "" for run in runs]
        made.append(_column(name, cells, "metrics"))
    for name in params:
        cells = [one_line(run.params.get(name, ""), most) for run in runs]
        made.append(_column(name, cells, "params"))
    return made


def fitting(made: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that a terminal has room for, metrics and parameters in turn.

    Args:
        made: The columns, as :func:`columns` returns them.
        width: How many characters a line of the terminal has.
    """
    chosen = {column.title for column in made if not column.kind}
    room = width - sum(column.width + _GAP for column in made if not column.kind)
    kept: list[Column] = []
    for column in _in_turn(made):
        if column.width + _GAP <= room:
            kept.append(column)
            room -= column.width + _GAP
    return [
        column for column in made if column in kept or (not column.kind and column.title in chosen)
    ]


def left_out(made: Sequence[Column], kept: Sequence[Column]) -> str:
    """Describe in words how many columns are not shown; "" if all are."""
    counts = Counter(column.kind for column in made)
    counts.subtract(column.kind for column in kept)
    words = {"metrics": "metric", "params": "parameter"}
    parts = [
        f"{counts[kind]} {word}{'' if counts[kind] == 1 else 's'}"
        for kind, word in words.items()
        if counts[kind]
    ]
    return f"{' and '.join(parts)} without room here: --json has all." if parts else ""


def table(kept: Sequence[Column]) -> Table:
    """Make the table that Rich prints."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP, 0, 0))
    for column in kept:
        style: dict[str, Any] = {"metrics": {"style": "bold"}, "params": {}}.get(column.kind, {})
        made.add_column(
            Text(column.title),
            justify="right" if column.is_number else "left",
            no_wrap=True,
            **style,
        )
    for row in zip(*(column.cells for column in kept), strict=True):
        made.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    return made


def lines(kept: Sequence[Column]) -> Iterator[str]:
    """Write the table as plain text, whose columns are two spaces or more apart."""
    from rich.cells import set_cell_size

    widths = [column.width for column in kept]
    rows = [
        [column.title for column in kept],
        *zip(*(column.cells for column in kept), strict=True),
    ]
    for row in rows:
        cells = [set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)]
        yield (" " * _GAP).join(cells).rstrip()


def _column(title: str, cells: Sequence[str], kind: str = "") -> Column:
    return Column(kind, one_line(title), tuple(cells))


def _in_turn(made: Sequence[Column]) -> Iterator[Column]:
    """Yield metrics and parameters in turn, as long as there are both."""
    metrics = [column for column in made if column.kind == "metrics"]
    params = [column for column in made if column.kind == "params"]
    for place in range(max(len(metrics), len(params))):
        yield from (*metrics[place : place + 1], *params[place : place + 1])
