"""B8: Gantt charts of large pipelines."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from .bench import Bench
from .measure import Check, Outcome

NAME = "B8"
TITLE = "Gantt charts of 300 and 1,000 nodes"
SIZES = (300, 1000)
_DRAW = """
import sys, time
from mlflow_on_kedro.timeline.chart import html
from mlflow_on_kedro.journal.span import Span
nodes, target = int(sys.argv[1]), sys.argv[2]
spans = []
for number in range(nodes):
    begin = 1.7e9 + number
    for kind, name in ("load", "in"), ("run", f"node {number}"), ("save", "out"):
        spans.append(Span(kind, f"node {number}", name, begin, begin + 0.9, number))
        begin += 0.9
begin, cpu = time.perf_counter(), time.process_time()
page = html(spans)
wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
with open(target, "w", encoding="utf-8") as file:
    file.write(page)
print(wall, cpu)
"""
# The time until the chart is there, and the longest that a frame takes while it is scrolled.
_LOOK = """async () => {
    const frames = [];
    let last = performance.now();
    for (let n = 0; n < 40; n++) {
        window.scrollBy(0, 100);
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
    }
    return Math.max(...frames);
}"""


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    for nodes in SIZES:
        page = bench.folder / f"gantt{nodes}.html"
        seconds = []
        for _ in range(bench.choose(5, 1)):
            outcome.samples.add(f"{nodes} nodes", bench.python(_DRAW, str(nodes), page))
            said = (bench.folder / "python.log").read_text(encoding="utf-8")
            seconds.append(float(said.split()[-1]))
        outcome.checks += [
            Check(f"{nodes} nodes: CPU to draw", statistics.median(seconds), 1.0, "s"),
            Check(f"{nodes} nodes: size", page.stat().st_size / 1e6, 0.8, "MB"),
        ]
        _look(outcome, nodes, page)
    return outcome


def _look(outcome: Outcome, nodes: int, page: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        outcome.notes.append("no browser is there to open the charts")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_selector(".main-svg .barlayer .point", state="attached", timeout=60_000)
        drawn = tab.evaluate("performance.now()") / 1000
        frame = tab.evaluate(_LOOK)
        browser.close()
    outcome.checks.append(Check(f"{nodes} nodes: opened in a browser", drawn, 3.0, "s"))
    outcome.notes.append(f"{nodes} nodes: longest frame while scrolling {frame:.0f} ms")
