"""The benchmarks' report: what was measured is kept, whatever the machine lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from benchmarks.graphs import Graph
from benchmarks.measure import Check, Outcome


def test_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a browser the results are written, and one line tells what the picture needs."""
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    report.write([Outcome("B1", "First", [Check("seconds", 1.0, 2.0, "s")])], tmp_path)
    report.write([Outcome("B10", "Last", [Check("milliseconds", 1.0, 2.0, "ms")])], tmp_path)
    report.write([Outcome("B2", "Second", [Check("megabytes", 3.0, 2.0, "MB")])], tmp_path)
    assert not report.draw(tmp_path)
    table = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| B1 | seconds | ≤ 2 s | 1 s | yes |" in table
    assert "| B2 | megabytes | ≤ 2 MB | 3 MB | **no** |" in table
    assert table.index("| B2 |") < table.index("| B10 |")
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert "Chrome" in printed
    assert not (tmp_path / "results.svg").exists()


def test_the_large_graph() -> None:
    """It has as many nodes, datasets and factories as it says, and each raw file is there."""
    graph = Graph()
    module: dict[str, Any] = {"__file__": __file__}
    exec(graph.module(""), module)  # noqa: S102
    pipeline = module["create_pipeline"]()
    datasets = {name.partition("@")[0] for name in pipeline.datasets() if ":" not in name}
    assert len(pipeline.nodes) == 780
    assert len(datasets) == 985
    assert len(graph.catalog("")) == 41
    raw = {name for name in pipeline.inputs() if ":" not in name}
    assert {f"data/{name.replace('.', '/')}.pkl" for name in raw} == graph.files().keys()
