"""Timings become a Gantt chart."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.journal.usage import Usage
from mlflow_on_kedro.timeline.chart import figure, html
from mlflow_on_kedro.timeline.texts import format_duration, shorten
from mlflow_on_kedro.timeline.themes import BACKGROUND, COLORS, CRITICAL, DARK, FAINT, INK

from tests.gantt_pages import content_of

START = 1_764_000_000.123
"""2025-11-24T16:00:00.123 in UTC."""


def node(name: str, start: float, *, step: int = 0, failed: bool = False) -> list[Span]:
    """A node that loads for 1 s, runs for 2 s and saves for 0.5 s."""
    begin = START + start
    spans = [Span("load", name, f"{name}_in", begin, begin + 1, step)]
    spans.append(Span("run", name, name, begin + 1, begin + 3, step, failed))
    if not failed:
        spans.append(Span("save", name, f"{name}_out", begin + 3, begin + 3.5, step))
    return spans


def many(count: int) -> list[Span]:
    """Nodes that start every second."""
    return [span for step in range(count) for span in node(f"ns.node_{step}", step, step=step)]


def traces(chart: Any) -> dict[str, Any]:
    """The chart's bars by what the legend calls them."""
    return {trace.name: trace for trace in chart.data if trace.type == "bar"}


def durations(chart: Any) -> dict[str, str]:
    """What is written behind the bars of each row."""
    (texts,) = [trace for trace in chart.data if trace.type == "scatter"]
    return dict(zip(texts.y, map(str.strip, texts.text), strict=True))


def labels(chart: Any) -> list[str]:
    """The rows' labels from top to bottom."""
    low, high = chart.layout.yaxis.range
    assert low > high, "the first row is not at the top"
    return list(chart.layout.yaxis.categoryarray)


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours ahead of UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone for one process")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


class TestRows:
    """What stands where."""

    def test_one_row_a_node_in_order_of_start(self) -> None:
        """The node that started first is at the top, whatever the order of spans and pipeline."""
        spans = node("late", 5, step=0) + node("early", 0, step=2) + node("between", 2, step=1)

        assert labels(figure(spans)) == ["early", "between", "late"]

    def test_nodes_that_start_together_are_in_the_pipelines_order(self) -> None:
        """The place in the pipeline decides between equal starts."""
        assert labels(figure(node("a", 0, step=1) + node("b", 0, step=0))) == ["b", "a"]

    def test_a_nodes_spans_share_its_row(self) -> None:
        """Load, run and save of a node are in one lane, one after the other."""
        chart = figure(node("a", 0))

        assert {trace.y for trace in chart.data} == {("a",)}
        assert chart.layout.barmode == "overlay"
        bars = traces(chart)
        assert bars["load"].base[0] + bars["load"].x[0] == pytest.approx(bars["run"].base[0])
        assert bars["run"].base[0] + bars["run"].x[0] == pytest.approx(bars["save"].base[0])

    def test_parallel_nodes_overlap_in_time(self) -> None:
        """Rows of nodes that ran at once cover the same times."""
        run = traces(figure(node("a", 0) + node("b", 1)))["run"]

        assert run.base[1] < run.base[0] + run.x[0]
        assert run.y == ("a", "b")

    def test_rows_of_one_label_stay_apart(self) -> None:
        """Equal labels are numbered, and no number hits another label."""
        spans = node("x", 0) + node("y", 1) + node("z", 2)
        names = {"x": "step", "y": "step", "z": "step (2)"}

        assert labels(figure(spans, task_name=names.__getitem__)) == [
            "step",
            "step (3)",
            "step (2)",
        ]

    def test_task_name_gives_the_labels(self) -> None:
        """PipelineX's task_name_func names rows; the hover box keeps the node's name too."""
        chart = figure(node("train_model", 0), task_name=lambda name: f"Task {name.upper()}")

        assert labels(chart) == ["Task TRAIN_MODEL"]
        assert "Task TRAIN_MODEL" in traces(chart)["run"].customdata[0]
        assert "node train_model" in traces(chart)["run"].customdata[0]

    def test_a_long_label_is_shortened_in_the_middle(self) -> None:
        """Both ends of a long name stay; the whole name is in the hover box."""
        name = "data_processing.reference_data.preprocess_companies_with_history_node"
        chart = figure(node(name, 0))

        (label,) = labels(chart)
        assert len(label) <= 32
        start, end = label.split("…")
        assert name.startswith(start)
        assert name.endswith(end)
        assert name in traces(chart)["run"].customdata[0]

    def test_a_name_with_angle_brackets_is_shown_as_it_is(self) -> None:
        """Kedro's default name of a lambda node is not taken for markup."""
        name = "<lambda>([a&b]) -> [c]"
        chart = figure([Span("run", name, name, START, START + 1, 0)])

        assert labels(chart) == ["&lt;lambda&gt;([a&amp;b]) -&gt; [c]"]
        assert "&lt;lambda&gt;" in chart.data[0].customdata[0]


class TestTimes:
    """The time axis and the hover box."""

    @pytest.mark.usefixtures("in_tokyo")
    def test_hover_tells_what_a_node_used(self) -> None:
        """Means and peaks stand below the times; of very many GPUs the first."""
        gpus = [Usage(f"gpu_{n}_utilization_percentage", 50, 99) for n in range(10)]
        used = (Usage("process_memory_megabytes", 400, 2500), *gpus)
        chart = figure([Span("run", "a", "a", START, START + 1, 0, usages=used)])
        lines = traces(chart)["run"].customdata[0].split("<br>")
        at = lines.index("memory mean 400 MB, peak 2.5 GB")
        assert lines[at + 1] == "GPU 0: mean 50 %, peak 99 %"
        assert lines[at + 9] == "and 2 more GPUs"

    def test_hover_tells_begin_end_and_duration(self) -> None:
        """Times are UTC with milliseconds, wherever the machine is; the dataset is named."""
        load = traces(figure(node("a", 0)))["load"]

        assert load.customdata[0].split("<br>") == [
            "<b>a</b>",
            "load a_in",
            "begin 2025-11-24 16:00:00.123 UTC",
            "end 2025-11-24 16:00:01.123 UTC",
            "duration 1.000 s",
        ]
        assert load.hovertemplate == "%{customdata}<extra></extra>"

    def test_times_are_rounded_to_milliseconds(self) -> None:
        """0.9996 s after the second is the next second, not 999 ms."""
        chart = figure([Span("run", "a", "a", 0.0, 0.9996, 0)])

        assert "00:01.000" in chart.data[0].customdata[0].split("<br>")[3]

    @pytest.mark.usefixtures("in_tokyo")
    def test_the_axis_has_local_time(self) -> None:
        """Plotly itself converts numbers to the browser's time, so they are not moved before."""
        chart = figure(node("a", 0))

        assert chart.layout.xaxis.type == "date"
        assert chart.layout.xaxis.title.text == "Local time"
        assert traces(chart)["load"].base[0] == pytest.approx(START * 1000)

    def test_the_axis_covers_all_spans(self) -> None:
        """Everything that was timed is in view."""
        chart = figure(many(3))
        low, high = chart.layout.xaxis.range

        bars = traces(chart).values()
        assert all(low <= base for trace in bars for base in trace.base)
        assert all(
            base + length <= high
            for trace in bars
            for base, length in zip(trace.base, trace.x, strict=True)
        )

    @pytest.mark.parametrize("end", [START, START - 3], ids=["no time", "clock set back"])
    def test_a_span_of_no_length_stays_visible(self, end: float) -> None:
        """A span of no duration has a length above 0, to be hovered, and an outline, to be seen."""
        chart = figure([*node("a", 0), Span("run", "b", "b", START, end, 1)])
        run = traces(chart)["run"]

        assert run.x[1] > 0
        assert run.marker.line.width == (0, 2)
        assert "duration 0.000 s" in run.customdata[1]

    def test_a_run_of_no_length_has_a_time_axis(self) -> None:
        """One span that took no time does not give an empty range."""
        low, high = figure([Span("run", "a", "a", START, START, 0)]).layout.xaxis.range

        assert low < high

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0.000 s"),
            (0.0014, "0.001 s"),
            (59.9996, "1 min 0.000 s"),
            (61.5, "1 min 1.500 s"),
            (3600, "1 h 0 min 0.000 s"),
        ],
    )
    def test_durations_are_exact(self, seconds: float, text: str) -> None:
        """Durations are written to the millisecond."""
        assert format_duration(seconds) == text


class TestLook:
    """Colours, marks, title."""

    def test_durations_are_written_beside_the_bars(self) -> None:
        """It is the row's whole time, and that of the node's function where it is clearly less."""
        quick = [Span("load", "b", "x", START, START + 0.001, 1)]
        quick.append(Span("run", "b", "b", START + 0.001, START + 75, 1))

        assert durations(figure(node("a", 0) + quick)) == {
            "a": "3.50 s, run 2.00 s",
            "b": "1 min 15 s",
        }

    def test_the_critical_path_is_marked(self) -> None:
        """The nodes of the longest chain have a surface behind, and say so; the title has it."""
        spans = [
            *node("a", 0),
            *node("b", 0),
            Span("load", "c", "a_out", START + 4, START + 4.5, 2),
            Span("run", "c", "c", START + 4.5, START + 6, 2),
        ]
        chart = figure(spans)
        bars = traces(chart)

        assert bars["critical path"].y == ("a", "c")
        assert [text.endswith("on the critical path") for text in bars["run"].customdata] == [
            True,
            False,
            True,
        ]
        assert "3 nodes in 6.000 s, critical path 5.50 s" in chart.layout.title.text

    def test_no_critical_path_without_dependencies(self) -> None:
        """Of a run whose loads and saves are unknown, nothing is marked."""
        chart = figure([Span("run", name, name, START, START + 1, 0) for name in "ab"])

        assert "critical path" not in traces(chart)
        assert "critical" not in chart.layout.title.text

    def test_imports_are_hatched(self) -> None:
        """Where a good part of a bar was the import of libraries, it is hatched, and said."""
        spans = [
            Span("run", "a", "a", START, START + 2, 0, imports=1.5),
            Span("run", "b", "b", START, START + 2, 1, imports=0.001),
            Span("save", "a", "x", START + 2, START + 3, 0, imports=0.5),
        ]
        chart = figure(spans)
        hatched = [trace for trace in chart.data if trace.name == "imports"]

        assert [trace.showlegend for trace in hatched].count(False) == 1
        assert {(trace.y, trace.x) for trace in hatched} == {(("a",), (1500,)), (("a",), (500,))}
        hover = traces(chart)["run"].customdata
        assert "of which imports of libraries 1.500 s" in hover[0]
        assert "imports" not in hover[1]

    def test_workers_are_named_if_there_are_several(self) -> None:
        """The hover box says where a node ran, unless all ran in one place."""

        def last_lines(workers: str) -> list[str]:
            spans = [
                Span("run", name, name, START, START + 1, 0, worker=f"process {worker}")
                for name, worker in zip("ab", workers, strict=True)
            ]
            hover = traces(figure(spans))["run"].customdata
            return [text.split("<br>")[-1] for text in hover]

        assert last_lines("12") == ["in process 1", "in process 2"]
        assert last_lines("11") == ["duration 1.000 s"] * 2

    @pytest.mark.parametrize(
        ("spans", "summary"),
        [
            (node("a", 0), "1 node in 3.500 s"),
            (node("a", 0) + node("b", 60), "2 nodes in 1 min 3.500 s"),
            (node("a", 0) + node("b", 1, failed=True), "2 nodes in 4.000 s, 1 failed"),
        ],
    )
    def test_the_title_tells_nodes_and_duration(self, spans: list[Span], summary: str) -> None:
        """The title has the heading, how many nodes, how long in all, and how many failed."""
        text = figure(spans, title="R & D").layout.title.text

        assert text.startswith("<b>R &amp; D</b><br>")
        assert f">{summary}<" in text

    def test_no_spans_give_a_chart_that_says_so(self) -> None:
        """An empty timeline is not an empty page."""
        chart = figure([])

        assert [note.text for note in chart.layout.annotations] == ["Nothing was timed."]
        assert len(chart.data) == 0
        assert "Nothing was timed" in html([])

    @pytest.mark.parametrize("sight", ["normal", "protan", "deutan", "tritan"])
    @pytest.mark.parametrize("theme", [{}, DARK], ids=["light", "dark"])
    def test_colours_differ_in_every_kind_of_sight(self, sight: str, theme: dict[str, str]) -> None:
        """Any two colours are 18 or more apart in CIE76, simulated after Machado (2009)."""
        seen = {
            kind: _lab(_simulate(theme.get(color, color), sight)) for kind, color in COLORS.items()
        }

        for one, other in itertools.combinations(seen, 2):
            distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
            assert distance >= 18, (one, other)

    @pytest.mark.parametrize("theme", [{}, DARK], ids=["light", "dark"])
    def test_colours_stand_out_from_the_background(self, theme: dict[str, str]) -> None:
        """Contrast is 3:1 at least for bars and 4.5:1 for texts (WCAG 2.1, 1.4.11 and 1.4.3)."""
        least = {**dict.fromkeys([*COLORS.values(), CRITICAL], 3), INK: 4.5, FAINT: 4.5}

        background = _luminance(theme.get(BACKGROUND, BACKGROUND))
        for color, contrast in least.items():
            one, other = sorted([background, _luminance(theme.get(color, color))])
            assert (other + 0.05) / (one + 0.05) >= contrast, color


class TestSize:
    """From one node to a thousand."""

    def test_height_grows_with_nodes_up_to_a_limit(self) -> None:
        """300 rows have room for their labels; no number of nodes gives a page without end."""
        heights = {count: figure(many(count)).layout.height for count in (1, 12, 300, 1000, 2000)}

        assert heights[1] < heights[12] < heights[300] < heights[1000] == heights[2000]
        assert heights[300] / 300 >= 20
        assert heights[1] < 300

    def test_a_long_chart_has_times_at_both_ends(self) -> None:
        """Who has scrolled to the last row still sees the time axis; it follows the upper one."""
        assert figure(many(300)).layout.xaxis2.matches == "x"
        assert "xaxis2" not in figure(many(3)).layout.to_plotly_json()

    def test_300_nodes_are_drawn_within_a_second(self) -> None:
        """Building the figure takes less than a second of processor time."""
        spans = many(300)
        figure(spans)
        begin = time.process_time()

        figure(spans)

        assert time.process_time() - begin < 1

    @pytest.mark.parametrize(("nodes", "size"), [(1, 0.55), (300, 0.6), (1000, 0.75)])
    def test_the_page_is_small(self, nodes: int, size: float) -> None:
        """It has half a megabyte, and some for very many nodes."""
        assert len(html(many(nodes)).encode()) < size * 1e6


class TestPage:
    """The HTML page."""

    def test_the_page_is_self_contained(self) -> None:
        """plotly.js is inside and nothing is linked."""
        page = html(node("a", 0))

        assert "src=" not in page
        assert "<link" not in page
        assert page.startswith("<!DOCTYPE html>")
        assert page.count("<html") == 1

    def test_a_users_own_layout_stays_light(self) -> None:
        """Colours for a light background would not fit the dark theme."""
        assert content_of(html([]))["dark"] == DARK
        assert content_of(html([], params={"title": "a"}))["dark"] == DARK
        assert content_of(html([], params={"font_size": 9}))["dark"] == {}

    def test_the_page_has_a_title_for_readers_without_eyes(self) -> None:
        """Title and accessible name tell what the picture's title tells."""
        page = html(node("a", 0), title="<Run>")

        assert "<title>&lt;Run&gt;: 1 node in 3.500 s</title>" in page
        assert '<main aria-label="&lt;Run&gt;: 1 node in 3.500 s">' in page

    def test_the_same_spans_give_the_same_page(self) -> None:
        """Nothing random is in the page."""
        assert html(node("a", 0)) == html(node("a", 0))

    def test_a_name_cannot_break_out_of_the_script(self) -> None:
        """A node's name is data wherever it stands."""
        name = "</script><script>alert(1)</script>"

        assert "<script>alert" not in html([Span("run", name, name, START, START + 1, 0)])

    def test_params_reach_the_page(self) -> None:
        """The page takes what the figure takes."""
        page = html(node("a", 0), task_name=str.upper, params={"title": "Mine"})

        assert "<title>Mine: " in page
        assert content_of(page)["layout"]["yaxis"]["categoryarray"] == ["A"]

    def test_many_nodes_are_gathered_by_namespace(self) -> None:
        """Each namespace has a row with the number of its nodes; labels below it are shorter."""
        spans = [span for step in range(40) for span in node(f"a.one_{step}", step, step=step)]
        spans += [span for step in range(40) for span in node(f"b.c.two_{step}", step, step=step)]
        spans += node("alone", 99, failed=True)
        content = content_of(html(spans))

        assert [namespace["name"] for namespace in content["namespaces"]] == ["a", "b.c"]
        assert content["namespaces"][0]["text"] == " 40 nodes, 42.5 s"
        assert content["rows"][0] == ["\N{EM SPACE}one_0", [0]]
        assert content["rows"][40] == ["\N{EM SPACE}two_0", [1]]
        assert content["rows"][-1] == ["<b>✕ alone</b>", []]

    def test_few_nodes_are_not_gathered(self) -> None:
        """Up to 60 nodes have a row each."""
        assert content_of(html(many(60)))["namespaces"] == []


class TestParams:
    """PipelineX's gantt_params."""

    def test_create_gantt_arguments_are_obeyed(self) -> None:
        """What plotly.figure_factory.create_gantt was told has the same effect here."""
        chart = figure(
            node("a", 0),
            params={
                "title": "My run",
                "height": 777,
                "width": 888,
                "bar_width": 0.4,
                "showgrid_x": False,
                "showgrid_y": False,
                "show_colorbar": False,
            },
        )

        assert chart.layout.title.text.startswith("<b>My run</b>")
        assert (chart.layout.height, chart.layout.width) == (777, 888)
        assert {trace.width for trace in traces(chart).values()} == {0.8}
        assert chart.layout.xaxis.showgrid is False
        assert chart.layout.yaxis.showgrid is False
        assert chart.layout.showlegend is False

    def test_grid_lines_can_be_shown(self) -> None:
        """True is obeyed too."""
        layout = figure(node("a", 0), params={"showgrid_x": True, "showgrid_y": True}).layout

        assert (layout.xaxis.showgrid, layout.yaxis.showgrid) == (True, True)

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"colors": ["red", "teal"]}, {"run": "red", "load": "teal", "save": COLORS["save"]}),
            ({"colors": {"load": "#123456"}}, {**COLORS, "load": "#123456"}),
            ({"colors": "rgb(1, 2, 3)"}, {**COLORS, "run": "rgb(1, 2, 3)"}),
            ({"colors": [(1, 0, 0.5)]}, {**COLORS, "run": "rgb(255, 0, 128)"}),
            ({"colors": (0, 0, 1)}, {**COLORS, "run": "rgb(0, 0, 255)"}),
            (
                {"reverse_colors": True},
                {"run": COLORS["failed"], "load": COLORS["save"], "save": COLORS["load"]},
            ),
            ({"colors": {"task": "red"}, "index_col": "Task"}, COLORS),
        ],
    )
    def test_colors_takes_what_create_gantt_took(
        self, params: dict[str, Any], expected: dict[str, str]
    ) -> None:
        """A list, a mapping, one colour, tuples of 0 to 1, and the order reversed."""
        bars = traces(figure(node("a", 0), params=params))

        assert {kind: bar.marker.color for kind, bar in bars.items()} == {
            kind: expected[kind] for kind in bars
        }

    def test_colors_takes_the_name_of_a_scale(self) -> None:
        """Plotly's scales give each kind a colour of its own."""
        bars = traces(figure(node("a", 0), params={"colors": "Viridis"}))

        assert len({bar.marker.color for bar in bars.values()} - set(COLORS.values())) == 3

    @pytest.mark.parametrize(
        "key", ["data", "group_tasks", "index_col", "show_hover_fill", "task_names", "tasks"]
    )
    def test_meaningless_arguments_are_ignored(self, key: str) -> None:
        """Arguments of create_gantt that have no meaning here change nothing."""
        assert figure(node("a", 0), params={key: True}) == figure(node("a", 0))

    def test_every_key_of_the_layout_is_obeyed(self) -> None:
        """Layout keys win, nested or in Plotly's short form, and leave the rest alone."""
        chart = figure(
            node("a", 0),
            params={
                "paper_bgcolor": "#eee",
                "xaxis": {"title": {"text": "When"}},
                "yaxis_title_text": "What",
                "title": {"text": "Just this"},
            },
        )

        assert chart.layout.paper_bgcolor == "#eee"
        assert chart.layout.xaxis.title.text == "When"
        assert chart.layout.xaxis.type == "date"
        assert chart.layout.yaxis.title.text == "What"
        assert chart.layout.title.text == "Just this"

    @pytest.mark.parametrize(
        ("key", "nearest"),
        [
            ("heigth", "height"),
            ("show_colourbar", "show_colorbar"),
            ("paper_color", "paper_bgcolor"),
        ],
    )
    def test_an_unknown_key_is_refused(self, key: str, nearest: str) -> None:
        """The error names the key and the nearest valid one."""
        with pytest.raises(ConfigError, match=f"'{key}'.*did you mean '{nearest}'") as caught:
            figure(node("a", 0), params={key: 1})

        assert "gantt_params" in str(caught.value)

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"bar_width": 2}, "'bar_width' must be a number above 0 and up to 0.5: 2"),
            ({"bar_width": "wide"}, "'bar_width' .*: 'wide'"),
            ({"height": "tall"}, "'height' must be a number of pixels.*'tall'"),
            ({"width": "broad"}, "(?i)width.*"),
            ({"showgrid_x": "no"}, "'showgrid_x' must be true or false: 'no'"),
            ({"colors": "blurple"}, "'colors' .*not a colour: 'blurple'"),
            ({"colors": 3}, "'colors' must be a list or a mapping"),
            ({"colors": {"saev": "red"}}, "'saev' in 'colors'; did you mean 'save'"),
            ({"xaxis": {"tytle": "x"}}, "(?i)tytle"),
        ],
    )
    def test_a_wrong_value_is_refused(self, params: dict[str, Any], message: str) -> None:
        """The error names the key and the value, in a few lines."""
        with pytest.raises(ConfigError, match=message) as caught:
            figure(node("a", 0), params=params)

        assert str(caught.value).startswith("gantt_params: ")
        assert len(str(caught.value)) < 400

    def test_params_are_checked_without_spans_too(self) -> None:
        """A typing mistake is told even if nothing was timed."""
        with pytest.raises(ConfigError):
            figure([], params={"heigth": 1})


def test_shorten_keeps_what_fits() -> None:
    """Texts up to the length are not touched, longer ones get exactly the length."""
    assert shorten("a" * 10, 10) == "a" * 10
    assert shorten("abcdefghijk", 10) == "abcde…hijk"


def test_importing_the_module_imports_nothing_heavy() -> None:
    """plotly, pandas and mlflow stay out until a chart is drawn."""
    code = (
        "import json, sys, mlflow_on_kedro.timeline.chart, mlflow_on_kedro.timeline.figure\n"
        "heavy = ('plotly', 'pandas', 'mlflow', 'kedro_datasets')\n"
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    plugin = Path(sys.modules["mlflow_on_kedro"].__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(plugin)},
        capture_output=True,
        text=True,
        check=True,
    )

    # Kedro says something of its own before.
    assert json.loads(done.stdout.splitlines()[-1]) == []


_MACHADO = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_SRGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


def _times(matrix: Any, vector: Any) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _linear(color: str) -> list[float]:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def _simulate(color: str, sight: str) -> list[float]:
    return [min(1.0, max(0.0, part)) for part in _times(_MACHADO[sight], _linear(color))]


def _luminance(color: str) -> float:
    return _xyz(_linear(color if len(color) > 4 else "#" + color[1] * 6))[1]


def _xyz(linear: list[float]) -> list[float]:
    return _times(_SRGB_TO_XYZ, linear)


def _lab(linear: list[float]) -> tuple[float, float, float]:
    x, y, z = (
        part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (a / b for a, b in zip(_xyz(linear), _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
