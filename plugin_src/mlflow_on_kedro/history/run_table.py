"""The table of ``kedro mlflow runs``: what runs have in common is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..utils.clock import local_time
from ..utils.printable import one_line
from .run_record import RunRecord
from .texts import COLOURS, brief_time, duration, number

Style = Callable[[str, str], str]

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


def columns(
    runs: Sequence[RunRecord],
    first: str = "",
    *,
    short: bool = False,
    beside: Sequence[RunRecord] = (),
) -> list[Column]:
    """Return all columns of the table, the most useful first.

    Args:
        runs: The runs.
        first: The metric or parameter that the runs are sorted by; its column is the first of them.
        short: Whether ids and values are shortened, as for a terminal.
        beside: Other runs, with which a single one is compared: its parameters are shown that they
            have otherwise, or all if there are none of these.
    """
    most = _MOST_VALUE if short else None
    made = [
        _column("id", [run.run_id[:_SHORT_ID] if short else run.run_id for run in runs]),
        _column("name", [one_line(run.name, _MOST_NAME if short else None) for run in runs]),
        _column("start", [(brief_time if short else local_time)(run.start_ms) for run in runs]),
        _column("status", [run.status for run in runs]),
        _column("took", [duration(run) for run in runs]),
    ]
    used = Counter(name for run in runs for name in run.metrics)
    metrics = sorted(used, key=lambda name: (name != first, -used[name], name))
    differing = differing_params(runs)
    if len(runs) == 1:
        own = runs[0].params
        differing = [name for name in differing_params([*runs, *beside]) if name in own]
        differing = differing or list(own)
    params = sorted(differing, key=lambda name: (name != first, name))
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
    room = width - sum(column.width + _GAP for column in made if not column.kind) + _GAP
    kept: list[Column] = []
    for column in _in_turn(made):
        if column.width + _GAP <= room:
            kept.append(column)
            room -= column.width + _GAP
    return [column for column in made if not column.kind or column in kept]


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
    return f"There is no room here for {' and '.join(parts)}; --json has all." if parts else ""


def lines(kept: Sequence[Column], style: Style | None = None) -> Iterator[str]:
    """Write the table as lines of text, whose columns are two spaces or more apart.

    Args:
        kept: The columns.
        style: Adds colours: a text and the colour, or ``bold`` -> the text as it is printed.
    """
    from rich.cells import set_cell_size

    widths = [column.width for column in kept]
    rows = [
        [column.title for column in kept],
        *zip(*(column.cells for column in kept), strict=True),
    ]
    for place, row in enumerate(rows):
        cells = [set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)]
        cells[-1] = cells[-1].rstrip()
        if style is not None:
            looks = ["bold" if place == 0 else COLOURS.get(cell, "") for cell in row]
            cells = [style(cell, look) for cell, look in zip(cells, looks, strict=True)]
        yield (" " * _GAP).join(cells).rstrip()


def _column(title: str, cells: Sequence[str], kind: str = "") -> Column:
    return Column(kind, one_line(title), tuple(cells))


def _in_turn(made: Sequence[Column]) -> Iterator[Column]:
    """Yield metrics and parameters in turn, as long as there are both."""
    metrics = [column for column in made if column.kind == "metrics"]
    params = [column for column in made if column.kind == "params"]
    for place in range(max(len(metrics), len(params))):
        yield from (*metrics[place : place + 1], *params[place : place + 1])
