"""The benchmarks' report: what was measured is kept, whatever the machine lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.measure import Check, Outcome


def test_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a browser the results are written, and one line tells what the picture needs."""
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    report.write([Outcome("B1", "First", [Check("seconds", 1.0, 2.0, "s")])], tmp_path)
    report.write([Outcome("B2", "Second", [Check("megabytes", 3.0, 2.0, "MB")])], tmp_path)
    assert not report.draw(tmp_path)
    table = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| B1 | seconds | ≤ 2 s | 1 s | yes |" in table
    assert "| B2 | megabytes | ≤ 2 MB | 3 MB | **no** |" in table
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert "Chrome" in printed
    assert not (tmp_path / "results.svg").exists()
