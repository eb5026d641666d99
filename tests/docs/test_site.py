"""The manual as a site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .pages import ROOT


def test_it_is_built_strictly(tmp_path: Path) -> None:
    """It has all pages, a search, and no link or anchor that leads nowhere."""
    code = "import pathlib, sys; from manual.build import build; build(pathlib.Path(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "manual")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin_src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    site = tmp_path / "manual" / "site"
    pages = {path.stem for path in site.glob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= pages
    assert {"contributing", "changelog", "benchmarks"} <= pages
    assert (site / "search.json").exists()
    assert "kedro mlflow sync" in (site / "commands.html").read_text(encoding="utf-8")
    assert "loading_run_id" in (site / "api.html").read_text(encoding="utf-8")
