"""The Gantt chart as the MLflow UI shows it."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.timeline.chart import html
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

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
            ("load", f"model_input_{step - 4}", 0.0 if step % 10 == 9 else 0.2 + step % 3 / 10),
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
        """One a span; the critical path's surfaces, which let the background through, are none."""
        return self.frame.locator('.barlayer .point path:not([style*="fill-opacity: 0.3"])')

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
    more = ["failed", "critical path"] if nodes > 1 else []
    expect(charts[nodes].frame.locator(".legendtext")).to_have_text(["load", "run", "save", *more])


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
    """The failed node is marked in words, in its label and behind its bar."""
    expect(charts[12].label(11)).to_have_text(re.compile("^✕ data_processing"))
    texts = charts[12].frame.locator(".textpoint")
    expect(texts).to_have_count(12)
    expect(texts.nth(11)).to_have_text("✕ failed after 3.20 s")
    expect(texts.nth(0)).to_have_text("1.15 s, run 800 ms")
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
    for line in (r"begin 20\d\d-.*\.323 UTC", r"end 20\d\d-.*\.123 UTC", r"duration 0\.800 s"):
        expect(hover).to_contain_text(re.compile(line))


def test_a_long_chart_scrolls(charts: dict[int, Chart]) -> None:
    """The last of 300 rows is reached by scrolling, and has a time axis beside it."""
    chart = charts[300]
    chart.tab.page.bring_to_front()
    expect(chart.label(299)).not_to_be_in_viewport()

    chart.frame.locator("body").evaluate("body => window.scrollTo(0, body.scrollHeight)")

    expect(chart.label(299)).to_be_in_viewport()
    expect(chart.frame.locator(".x2tick text").first).to_be_in_viewport()


# -- the page as a local file -----------------------------------------------------------------


@dataclass(frozen=True)
class LocalPage:
    """A chart's page, opened from the disk."""

    page: Page
    mistakes: list[str]

    @property
    def labels(self) -> list[str]:
        """The rows' labels, from top to bottom."""
        return self.page.locator(".ytick text").evaluate_all(
            "labels => labels.sort((a, b) => a.getBoundingClientRect().y"
            " - b.getBoundingClientRect().y).map(label => label.textContent.trim())"
        )

    def color(self, selector: str, name: str) -> str:
        """The colour of something."""
        return self.page.locator(selector).first.evaluate(
            f"element => getComputedStyle(element)['{name}']"
        )


@pytest.fixture
def open_local(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., LocalPage]]:
    """A function that opens a page with certain settings of the browser."""
    with contextlib.ExitStack() as contexts:

        def open_one(content: str, *, script: str = "", **settings: Any) -> LocalPage:
            file = tmp_path / "gantt.html"
            file.write_text(content, encoding="utf-8")
            context = browser.new_context(viewport={"width": 1100, "height": 700}, **settings)
            contexts.callback(context.close)
            if script:
                context.add_init_script(script)
            page, mistakes = context.new_page(), []
            page.on("pageerror", lambda error: mistakes.append(str(error)))
            page.goto(file.as_uri())
            return LocalPage(page, mistakes)

        yield open_one


def grouped(nodes: int = 70) -> list[Span]:
    """Timings of nodes of which two of three are in namespaces."""
    return [
        Span("run", f"{name}_{step}", "", START + step, START + step + 1.5, step)
        for step in range(nodes)
        for name in [("features.daily.node", "features.weekly.node", "node")[step % 3]]
    ]


def test_the_theme_follows_the_browsers(open_local: Callable[..., LocalPage]) -> None:
    """Dark from the beginning, and light as soon as the browser is."""
    opened = open_local(html(pipeline(6)), color_scheme="dark")
    run = ".barlayer .trace:nth-of-type(4) .point path"
    expect(opened.page.locator(run).first).to_be_visible(timeout=PATIENCE)
    assert opened.color("body", "backgroundColor") == "rgb(20, 24, 29)"
    assert opened.color(".ytick text", "fill") == "rgb(227, 232, 237)"
    assert opened.color(run, "fill") == "rgb(108, 178, 255)"

    opened.page.emulate_media(color_scheme="light")

    expect(opened.page.locator("html.dark")).to_have_count(0)
    expect(opened.page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(opened.page.locator(run).first).to_have_css("fill", "rgb(0, 96, 168)")
    assert opened.mistakes == []


def test_the_axis_has_the_browsers_time(open_local: Callable[..., LocalPage]) -> None:
    """16:00 in UTC is 21:30 in India."""
    opened = open_local(html(pipeline(6)), timezone_id="Asia/Kolkata")

    expect(opened.page.locator(".xtitle")).to_have_text("Local time (UTC+05:30)", timeout=PATIENCE)
    expect(opened.page.locator(".xtick text").first).to_contain_text("21:30:0")


def test_summer_time_makes_no_gap(open_local: Callable[..., LocalPage]) -> None:
    """A run over the night in which clocks are set forward is as long as it was."""
    before = 1_774_744_200.0  # 2026-03-29 01:30 in Berlin; at 02:00 it is 03:00
    spans = [
        Span("run", f"node_{step}", "", before + 1200 * step, before + 1200 * (step + 1), step)
        for step in range(4)
    ]
    opened = open_local(html(spans), timezone_id="Europe/Berlin")
    bars = opened.page.locator(".barlayer .point path")
    expect(bars).to_have_count(4, timeout=PATIENCE)
    edges = bars.evaluate_all(
        "bars => bars.map(bar => bar.getBoundingClientRect()).map(({left, right}) => [left, right])"
    )

    for (_, right), (left, _) in itertools.pairwise(edges):
        assert left == pytest.approx(right, abs=1)
    assert opened.mistakes == []


def test_a_namespace_opens_into_its_nodes(open_local: Callable[..., LocalPage]) -> None:
    """By a click on its label, by keyboard, or all at once; each once more closes it."""
    opened = open_local(html(grouped()))
    features = opened.page.get_by_role("button", name="features")
    expect(features).to_be_visible(timeout=PATIENCE)
    alone = [f"node_{step}" for step in range(2, 70, 3)]
    assert opened.labels == ["▸ features", *alone]
    expect(opened.page.locator(".textpoint", has_text="47 nodes, 1 min 10 s")).to_be_visible()

    features.click()
    expect(features).to_have_attribute("aria-expanded", "true")
    assert opened.labels == ["▾ features", "▸ daily", "▸ weekly", *alone]

    opened.page.get_by_role("button", name="weekly").focus()
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("button", name="weekly")).to_have_attribute(
        "aria-expanded", "true"
    )
    assert opened.labels[2:5] == ["▾ weekly", "node_1", "node_4"]

    opened.page.get_by_role("button", name="Open all namespaces").click()
    expect(opened.page.locator(".ytick text")).to_have_count(70 + 3)

    opened.page.get_by_role("button", name="Close all").click()
    expect(opened.page.locator(".ytick text")).to_have_count(1 + len(alone))
    expect(opened.page.locator(".barlayer .point path")).to_have_count(70)
    assert opened.mistakes == []


@pytest.mark.parametrize("nodes", [1, 8])
def test_names_are_never_markup(open_local: Callable[..., LocalPage], nodes: int) -> None:
    """Whatever a node, namespace, dataset or run is called is shown as it is, and does nothing."""
    names = [
        "</script><script>hit=1</script>",
        "<img src=x onerror=hit=1>",
        "--><script>hit=1</script>",
        "<a href='javascript:hit=1'>x</a>",
        "<b>bold</b>",
        "&lt;i&gt;",
        "${hit=1}",
        "$x$",
    ]
    spans = [
        Span("run", f"{name}.{step}" if nodes > 1 else name, name, START, START + 1, step)
        for name in names
        for step in range(nodes)
    ]
    page = html(spans, title="".join(names))
    opened = open_local(page)

    expect(opened.page.locator(".ytick text").first).to_be_visible(timeout=PATIENCE)
    assert opened.page.evaluate("'hit' in window") is False
    assert opened.page.locator("#chart :is(img, a[href], script)").count() == 0
    assert {label.removeprefix("▸ ") for label in opened.labels} == set(names)
    expect(opened.page.locator(".gtitle")).to_contain_text("".join(names))


def test_an_old_browser_is_told_what_it_lacks(open_local: Callable[..., LocalPage]) -> None:
    """Without DecompressionStream there is a sentence instead of an empty page."""
    opened = open_local(html(pipeline(6)), script="delete globalThis.DecompressionStream")

    expect(opened.page.get_by_role("status")).to_have_text(
        "This chart needs a newer browser: Chrome or Edge 80, Firefox 113, Safari 16.4, or later."
    )
    assert opened.mistakes == []
