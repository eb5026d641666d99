"""The Gantt chart as the MLflow UI shows it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.timeline.chart import html
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import FrameLocator, Locator, Page, expect

START = 1_764_000_000.123
PATIENCE = 60_000


def pipeline(nodes: int, *, failing: bool = False) -> list[Span]:
    """Timings of a run on four workers; every tenth load takes no time."""
    free = [START] * 4
    spans = []
    for step in range(nodes):
        worker = free.index(min(free))
        node = f"data_processing.reference_data.preprocess_companies_node_{step:03d}"
        for kind, name, seconds in (
            ("load", f"raw_{step}", 0.0 if step % 10 == 9 else 0.2 + step % 3 / 10),
            ("run", node, 0.8 + step % 7 / 2),
            ("save", f"model_input_{step}", 0.15 + step % 4 / 10),
        ):
            failed = failing and kind == "run" and step == nodes - 1
            begin = free[worker]
            free[worker] += seconds
            spans.append(Span(kind, node, name, begin, free[worker], step, failed))
            if failed:
                break
    return spans


class OfflinePage(Protocol):
    """What ``open_page`` gives."""

    page: Page
    refused: list[str]


@dataclass(frozen=True)
class Chart:
    """A chart on the screen."""

    tab: OfflinePage
    frame: FrameLocator

    @property
    def bars(self) -> Locator:
        """One a span."""
        return self.frame.locator(".barlayer .point path")

    @property
    def labels(self) -> Locator:
        """One a row, in no particular order."""
        return self.frame.locator(".ytick text")

    def label(self, step: int) -> Locator:
        """The label of one node's row."""
        return self.frame.locator(".ytick text", has_text=f"panies_node_{step:03d}")


@pytest.fixture(scope="module")
def charts(
    open_page: Callable[[], OfflinePage],
    store_template: Path,
    mlflow_ui: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[int, Chart]:
    """The charts of 1, 12 and 300 nodes, each opened in the artifact view of one run."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("gantt")
    shutil.copyfile(store_template, folder / "mlflow.db")
    store_uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=store_uri)
    artifacts = (folder / "artifacts").as_uri()
    experiment_id = client.create_experiment("gantt", artifact_location=artifacts)
    run_id = client.create_run(experiment_id).info.run_id
    pages = {1: "gantt_1.html", 12: "gantt_12.html", 300: "gantt.html"}
    for nodes, name in pages.items():
        client.log_text(run_id, html(pipeline(nodes, failing=nodes > 1)), name)
    client.set_terminated(run_id)

    base = mlflow_ui(store_uri)
    charts = {}
    for nodes, name in pages.items():
        tab = open_page()
        # A fresh browser hides runs without the workflow type.
        tab.page.goto(
            f"{base}/#/experiments/{experiment_id}/runs/{run_id}/artifacts/{name}"
            "?workflowType=machine_learning"
        )
        frame = tab.page.frame_locator("iframe")
        expect(frame.locator("svg.main-svg").first).to_be_visible(timeout=PATIENCE)
        tab.page.screenshot(path=folder / f"{nodes}.png")
        charts[nodes] = Chart(tab, frame)
    return charts


@pytest.mark.parametrize("nodes", [1, 12, 300])
def test_every_row_has_its_label(charts: dict[int, Chart], nodes: int) -> None:
    """All nodes are named beside their rows."""
    expect(charts[nodes].labels).to_have_count(nodes)
    expect(charts[nodes].label(0)).to_be_visible()


@pytest.mark.parametrize("nodes", [12, 300])
def test_no_scroll_bar_covers_it(charts: dict[int, Chart], nodes: int) -> None:
    """A page that is scrolled shows the whole width, with the legend at its right end."""
    page = charts[nodes].frame.locator("html")
    shown, drawn = page.evaluate("page => [page.clientWidth, page.scrollWidth]")
    assert drawn <= shown
    legend = charts[nodes].frame.locator(".legend .bg").bounding_box()
    frame = charts[nodes].tab.page.locator("iframe").bounding_box()
    assert legend is not None
    assert frame is not None
    assert legend["x"] + legend["width"] <= frame["x"] + shown


@pytest.mark.parametrize(("nodes", "spans"), [(1, 3), (12, 35), (300, 899)])
def test_every_span_has_its_bar(charts: dict[int, Chart], nodes: int, spans: int) -> None:
    """All spans are drawn, at least a pixel wide even if they took no time."""
    expect(charts[nodes].bars).to_have_count(spans)
    widths = charts[nodes].bars.evaluate_all(
        "paths => paths.map(path => path.getBoundingClientRect().width"
        " + parseFloat(getComputedStyle(path).strokeWidth || 0))"
    )
    assert min(widths) >= 1


@pytest.mark.parametrize("nodes", [1, 12, 300])
def test_colours_are_explained(charts: dict[int, Chart], nodes: int) -> None:
    """The legend names what each colour means."""
    failed = ["failed"] if nodes > 1 else []
    expect(charts[nodes].frame.locator(".legendtext")).to_have_text(
        ["load", "run", "save", *failed]
    )


@pytest.mark.parametrize("nodes", [1, 12, 300])
def test_nothing_is_fetched_from_beyond_this_machine(charts: dict[int, Chart], nodes: int) -> None:
    """The chart shows without a network."""
    assert charts[nodes].tab.refused == []


def test_requests_beyond_this_machine_are_refused(open_page: Callable[[], OfflinePage]) -> None:
    """The browser of these tests is offline indeed, and remembers what it refused."""
    tab = open_page()

    with pytest.raises(PlaywrightError, match="ERR_FAILED"):
        tab.page.goto("http://mlflow.example/")

    assert tab.refused == ["http://mlflow.example/"]


def test_the_failed_node_is_named_so(charts: dict[int, Chart]) -> None:
    """The failed node is marked in words, beside its label and its bar."""
    expect(charts[12].label(11)).to_have_text(re.compile("^✕ data_processing"))
    expect(charts[12].frame.locator(".barlayer .bartext")).to_have_text("✕ failed")
    expect(charts[12].label(10)).not_to_have_text(re.compile("✕"))


def test_hovering_tells_exact_times(charts: dict[int, Chart]) -> None:
    """Pointing at a bar shows the node's whole name, begin, end and duration."""
    chart = charts[1]
    chart.tab.page.bring_to_front()
    run = chart.frame.locator(".barlayer .trace").last.locator("path").bounding_box()
    assert run is not None

    chart.tab.page.mouse.move(run["x"] + run["width"] / 2, run["y"] + run["height"] / 2)

    hover = chart.frame.locator(".hoverlayer .hovertext")
    expect(hover).to_contain_text("data_processing.reference_data.preprocess_companies_node_000")
    for line in (r"begin 20\d\d-.*\.323[+-]", r"end 20\d\d-.*\.123[+-]", r"duration 0\.800 s"):
        expect(hover).to_contain_text(re.compile(line))


def test_a_long_chart_scrolls(charts: dict[int, Chart]) -> None:
    """The last of 300 rows is reached by scrolling, and has a time axis beside it."""
    chart = charts[300]
    chart.tab.page.bring_to_front()
    expect(chart.label(299)).not_to_be_in_viewport()

    chart.frame.locator("body").evaluate("body => window.scrollTo(0, body.scrollHeight)")

    expect(chart.label(299)).to_be_in_viewport()
    expect(chart.frame.locator(".x2tick text").first).to_be_in_viewport()
