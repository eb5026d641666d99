"""The Gantt chart as text."""

from __future__ import annotations

from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.timeline.text_chart import text_chart
from rich.cells import cell_len


def test_widths() -> None:
    """No line is wider than it may be, however long and wide names are; a moment has a bar."""
    names = ["葡萄" * 30, "n" * 100, "a"]
    spans = [Span("run", name, name, 10 * n, 10 * n + 5 * n, n) for n, name in enumerate(names)]
    for width in (60, 80, 200):
        lines = text_chart(spans, width)
        assert max(map(cell_len, lines)) <= width
        assert all("█" in line for line in lines)
    assert text_chart([]) == []


def test_many_nodes() -> None:
    """Of very many nodes the longest are shown, in order."""
    spans = [Span("run", f"n{n:03}", "", n, n + (5 if n % 10 == 0 else 1), n) for n in range(300)]
    lines = text_chart(spans)
    assert len(lines) == 41
    assert [line[:4] for line in lines[:2]] == ["n000", "n010"] or lines[0].startswith("n000")
    assert lines[-1] == "… and 260 shorter nodes"
