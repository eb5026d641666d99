"""The file with all timings of a run: what is written, and what is read of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from mlflow_on_kedro.journal.entries import SpanRecord
from mlflow_on_kedro.journal.entry_lines import from_line, to_line
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.journal.usage import MEMORY, Usage, to_text
from mlflow_on_kedro.timeline import timeline_file

BEGIN = 1_790_000_000.0
WORKER = "laptop/4711/MainThread"
OTHER = "laptop/4711/Thread/2 of 3"
RECORDS = [
    SpanRecord("run", "use", "use -> 2", BEGIN + 1, BEGIN + 2.5, "ValueError: no", "...", 1, OTHER),
    SpanRecord("load", "use", "x", BEGIN, BEGIN + 1.00000049, step=1, worker=WORKER),
    SpanRecord("save", "use", "y", BEGIN + 3, BEGIN + 4, step=1, worker=WORKER, imports=0.25),
    SpanRecord("pipeline", "", "", BEGIN - 1, BEGIN + 5, worker=WORKER),
    SpanRecord("run", "killed", "killed", BEGIN, end=0.0, worker=WORKER),
]


def text_of(*records: SpanRecord) -> str:
    """The file of some timings."""
    text = timeline_file.to_text(records)
    assert text is not None
    return text


def test_format() -> None:
    """It is what the module says: spans in order of start, with microseconds, and workers once."""
    worker = {"host": "laptop", "process": 4711}
    assert json.loads(text_of(*RECORDS, RECORDS[0])) == {
        "format": 1,
        "workers": [
            {**worker, "thread": "MainThread"},
            {**worker, "thread": "Thread/2 of 3"},
        ],
        "spans": [
            {"kind": "pipeline", "start": BEGIN - 1, "end": BEGIN + 5, "worker": 0},
            {
                "kind": "load",
                "node": "use",
                "dataset": "x",
                "start": BEGIN,
                "end": BEGIN + 1,
                "step": 1,
                "worker": 0,
            },
            {
                "kind": "run",
                "node": "use",
                "label": "use -> 2",
                "start": BEGIN + 1,
                "end": BEGIN + 2.5,
                "step": 1,
                "worker": 1,
                "failed": True,
            },
            {
                "kind": "save",
                "node": "use",
                "dataset": "y",
                "start": BEGIN + 3,
                "end": BEGIN + 4,
                "step": 1,
                "worker": 0,
                "imports": 0.25,
            },
        ],
    }


def test_one_line_a_span() -> None:
    """It can be read by people, and compared."""
    assert len(text_of(*RECORDS).splitlines()) == 2 + 4


def test_back() -> None:
    """All that a chart needs comes back; the pipeline is no row of it."""
    row = "use -> 2"
    assert timeline_file.from_text(text_of(*RECORDS)) == [
        Span("load", row, "x", BEGIN, BEGIN + 1, 1, worker=WORKER),
        Span("run", row, row, BEGIN + 1, BEGIN + 2.5, 1, failed=True, worker=OTHER),
        Span("save", row, "y", BEGIN + 3, BEGIN + 4, 1, worker=WORKER, imports=0.25),
    ]


def test_usage() -> None:
    """What a node used comes back, rounded; what is damaged in a journal is left out."""
    used = (Usage("gpu_0_utilization_percentage", 87.04, 99.0), Usage(MEMORY, 120.0, 512.5))
    text = text_of(replace(RECORDS[0], usages=to_text(used)))
    (row,) = json.loads(text)["spans"]
    assert row["usage"][MEMORY] == {"mean": 120.0, "peak": 512.5}
    (span,) = timeline_file.from_text(text)
    assert span.usages == (Usage("gpu_0_utilization_percentage", 87.0, 99.0), used[1])
    for damaged in ("{", "[1]", '{"a": 1}', '{"a": {"mean": NaN, "peak": 1}}'):
        assert "usage" not in text_of(replace(RECORDS[0], usages=damaged))


def test_nothing() -> None:
    """There is no file of nothing, nor of what never ended."""
    assert timeline_file.to_text([]) is None
    assert timeline_file.to_text([RECORDS[-1]]) is None


@pytest.mark.parametrize("worker", ["", "laptop", "laptop/x/MainThread"])
def test_unknown_worker(worker: str) -> None:
    """A worker that is not known, as in a damaged journal, is left out."""
    (span,) = timeline_file.from_text(text_of(replace(RECORDS[1], worker=worker)))
    assert span.worker == ""


def test_journal_of_an_earlier_version() -> None:
    """Timings that were written without steps and workers are read."""
    content = json.loads(to_line(SpanRecord("run", "a", "a", 1.0, 2.0)))
    for name in ("step", "worker", "imports", "usages"):
        del content[name]
    assert from_line(json.dumps(content).encode()) == SpanRecord("run", "a", "a", 1.0, 2.0)


SPAN = {"kind": "run", "node": "a", "start": 1, "end": 2, "step": 0}


def file_of(*spans: Any, **content: Any) -> str:
    """A file with some spans, which may be wrong."""
    return json.dumps({"format": 1, "workers": [], "spans": spans, **content})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "damaged"),
        ("[" * 100_000, "damaged"),
        ("{}", "damaged .*format"),
        (file_of(format=2), "its format is 2, not 1"),
        (file_of(3), "damaged"),
        (file_of({"kind": "run"}), "damaged .*node"),
        (file_of({**SPAN, "node": ["a"]}), "damaged"),
        (file_of({**SPAN, "kind": "load"}), "damaged .*dataset"),
        (file_of({**SPAN, "start": "soon"}), "soon"),
        (file_of({**SPAN, "start": float("inf")}), "out of range"),
        (file_of({**SPAN, "end": float("nan")}), "out of range"),
        (file_of({**SPAN, "end": 10**400}), "damaged"),
        (file_of({**SPAN, "step": float("inf")}), "damaged"),
        (file_of({**SPAN, "worker": 1}), "damaged"),
        (file_of(SPAN, workers=[{}]), "damaged .*host"),
        (file_of({**SPAN, "usage": {"a": {"mean": 1}}}), "damaged .*peak"),
        (file_of({**SPAN, "usage": {"a": {"mean": -1, "peak": 1}}}), "out of range"),
        (file_of({**SPAN, "usage": 3}), "damaged"),
    ],
)
def test_damaged(text: str, reason: str) -> None:
    """What is no timeline is refused with the reason, whatever it is."""
    with pytest.raises(ValueError, match=reason):
        timeline_file.from_text(text)


def test_other_kinds() -> None:
    """Kinds that a later version may add are left out."""
    text = file_of(SPAN, {"kind": "wait", "anything": 1})
    assert [span.node for span in timeline_file.from_text(text)] == ["a"]


def test_paths() -> None:
    """A run of several journals has a part of each, and none has the name of another."""
    alone = Header("j1", "demo", start_ms=5, root="/")
    assert timeline_file.path_of(alone) == "kedro/timeline.json"
    for other in ({"key": "nightly"}, {"run_id": "3f"}, {"resume": "j0"}):
        given: Any = other
        assert timeline_file.path_of(replace(alone, **given)) == "kedro/timeline/j1.json"
