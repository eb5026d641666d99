"""The table of runs: which columns it has, and that no text breaks it."""

from __future__ import annotations

from mlflow_on_kedro.history.run_record import RunRecord
from mlflow_on_kedro.history.run_table import columns, fitting, left_out, lines
from mlflow_on_kedro.notebook import run_history
from rich.cells import cell_len

ODD = "a [red]\nb\x1b[2J" + "x" * 5000
RUNS = [
    RunRecord(
        "1" * 32, "first", "1", "FINISHED", 10**12, 10**12 + 500, {"C": "1", "k": "3"}, {"f1": 0.5}
    ),
    RunRecord(
        "2" * 32,
        "👩‍🔬 葡萄酒",
        "1",
        "FAILED",
        10**12,
        None,
        {"C": ODD, "k": "3"},
        {"f1": 1.0, "m": 2.0},
    ),
    RunRecord("3" * 32, "", "1", "RUNNING", 10**20, None, {"k": "3"}),
]


def test_columns() -> None:
    """What differs is shown: all metrics, the more usual first, and parameters that differ."""
    made = columns(RUNS)
    assert [column.title for column in made[5:]] == ["f1", "m", "C"]
    assert made[0].cells[0] == "1" * 32
    assert [column.title for column in columns(RUNS, "m")[5:]] == ["m", "f1", "C"]
    assert [column.title for column in columns(RUNS, "k")[5:]] == ["f1", "m", "k", "C"]
    assert [column.title for column in columns(RUNS[:1])[5:]] == ["f1", "C", "k"]
    assert [column.title for column in columns(RUNS[:1], beside=RUNS)[5:]] == ["f1", "C"]


def test_lines() -> None:
    """Each run is one line without control characters, whatever is in its names and values."""
    for short in (False, True):
        made = columns(RUNS, short=short)
        written = list(lines(made))
        assert len(written) == 1 + len(RUNS)
        assert not any(char in line for line in written for char in "\x1b\n\r")
        assert "a [red] b�[2J" in written[2]
        start = cell_len(written[0].partition("status")[0])
        assert [
            line[:0] or cell_len(line.partition(status)[0])
            for line, status in zip(written[1:], ("FINISHED", "FAILED", "RUNNING"), strict=True)
        ] == [start] * 3


def test_a_terminal() -> None:
    """As many columns are kept as fit, metrics and parameters in turn; the rest is counted."""
    made = columns(RUNS, short=True)
    for wide in (40, 60, 80, 100, 140):
        kept = fitting(made, wide)
        assert len(kept) >= 5
        if len(kept) > 5:
            assert max(map(cell_len, lines(kept))) <= wide
    assert left_out(made, fitting(made, 40)) == (
        "There is no room here for 2 metrics and 1 parameter; --json has all."
    )
    assert left_out(made, made) == ""


def test_colours() -> None:
    """A terminal shows the heading in bold, and what went wrong in red."""
    written = list(lines(columns(RUNS), lambda text, look: f"<{look}>{text}" if look else text))
    assert written[0].startswith("<bold>id")
    assert "<red>FAILED" in written[2]


def test_data_frame() -> None:
    """Whole numbers stay whole in a DataFrame, also beside a run without the parameter."""
    params = [{"depth": "1000", "C": "1"}, {"C": "0.5", "kind": "x"}]
    records = [RunRecord(str(n), "", "1", "FINISHED", n, params=p) for n, p in enumerate(params)]
    table = run_history._table(records, "")
    assert str(table["params.depth"].dtype) == "Int64"
    assert table["params.depth"].iloc[0] == 1000
    assert table["params.C"].tolist() == [1.0, 0.5]
