"""What differs between two runs; the first line names the likely cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mlflow_on_kedro.comparing import chosen_nodes, comparison
from mlflow_on_kedro.comparing.code_changes import CodeChanges
from mlflow_on_kedro.comparing.headline import headline, json_of
from mlflow_on_kedro.comparing.run_diff import RunDiff
from mlflow_on_kedro.comparing.run_facts import CodeFacts, DataFacts, RunFacts

A = RunFacts(
    run_id="a1",
    name="first",
    status="FINISHED",
    command="kedro run",
    data={"wines": DataFacts("d1", "5f3a", "data/wine.csv", 178)},
    loaded={"champion": {"uri": "models:/wines/1"}},
    code=CodeFacts("4f1c" * 10, "main", dirty=False, diff=""),
    parameters={"model.C": 1.0, "model.kind": "linear"},
    logged_params={"model.C": "1.0"},
    catalog={"wines.type": "pandas.CSVDataset"},
    pipeline={"node train": "wine.train(wines) -> model"},
    packages={"pandas": "pandas==2.2.0"},
    environment={"python.version": "3.11.7", "env..SEED": "1"},
    metrics={"accuracy": 0.9},
    durations={"train": 1.0, "test": 0.5},
)
B = replace(A, run_id="b2", name="second", metrics={"accuracy": 0.8})
SAME = CodeChanges(files={})


def compare(a: RunFacts, b: RunFacts, changes: CodeChanges) -> RunDiff:
    """Compare two runs."""
    return RunDiff.from_comparison(comparison.compare(a, b, changes))


def compared(changes: CodeChanges = SAME, **other: Any) -> RunDiff:
    """Compare a run with one that differs in these facts, and in its metric."""
    return compare(A, replace(B, **other), changes)


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        ({"data": {"wines": DataFacts("d2", "77b0", "data/wine.csv", 180)}}, "data (wines)"),
        ({"loaded": {"champion": {"uri": "models:/wines/2"}}}, "loaded versions (champion)"),
        ({"parameters": {**A.parameters, "model.C": 2.0}}, "parameters (model.C: 1.0 -> 2.0)"),
        ({"parameters": {**A.parameters, "model.C": "1.0"}}, "parameters (model.C: 1.0 -> '1.0')"),
        (
            {"parameters": {"model.kind": "linear"}},
            "parameters (model.C: 1.0 -> (not there))",
        ),
        (
            {"parameters": {**A.parameters, "model.C": None}},
            "parameters (model.C: 1.0 -> null)",
        ),
        ({"catalog": {"wines.type": "pandas.ParquetDataset"}}, "catalog (wines.type)"),
        ({"pipeline": {"node train": "wine.fit(wines) -> model"}}, "pipeline (node train)"),
        ({"packages": {"pandas": "pandas==2.3.1"}}, "packages (pandas: 2.2.0 -> 2.3.1)"),
        (
            {"environment": {**A.environment, "python.version": "3.12.1"}},
            "environment (python.version: 3.11.7 -> 3.12.1)",
        ),
        ({"environment": {**A.environment, "env..SEED": "2"}}, "environment (env..SEED: 1 -> 2)"),
    ],
)
def test_one_thing_differs(other: dict[str, Any], cause: str) -> None:
    """The first line names the one thing that differs, and the others are equal in one line."""
    found = compared(**other)
    assert headline(found) == f"Likely cause: {cause}"
    lines = repr(found).splitlines()
    assert lines[0] == headline(found)
    equal = [line for line in lines if line.startswith("Equal: ")]
    assert equal[0].count(",") == 6  # seven of eight kinds of causes


def test_code() -> None:
    """Changed files are named, with the commits that have changed them."""
    changes = CodeChanges({"conf/base/logging.yml": "+1 -0", "src/wine.py": "+3 -1"}, ["ab12 Fit"])
    found = compared(changes, code=replace(A.code, commit="99aa" * 10))
    assert headline(found) == "Likely cause: code (src/wine.py)"
    text = repr(found)
    assert "src/wine.py            +3 -1" in text
    assert "4f1c4f1c -> 99aa99aa" in text
    assert "commit ab12 Fit" in text


def test_changed_lines() -> None:
    """The lines of code that may be a cause are shown, of many the first; comments are no cause."""
    lines = {"src/wine.py": ["-    return 1", *(f"+line {n}" for n in range(11))]}
    files = {"scratch.py": "+1 -0", "src/wine.py": "+11 -1", "src/other.py": "+1 -0"}
    same = frozenset({"src/other.py"})
    found = compared(CodeChanges(files, lines=lines, comments_only=same))
    assert headline(found) == "Likely cause: code (src/wine.py)"
    text = repr(found)
    assert "      -    return 1\n      +line 0\n" in text
    assert "      ... and 2 more lines" in text
    assert "src/other.py  +1 -0, comments only" in text
    code = next(item for item in json_of(found)["causes"] if item["title"] == "Code")
    assert len(code["differences"][0]["lines"]) == 12
    assert not compared(CodeChanges({"src/other.py": "+1 -0"}, comments_only=same)).likely


def test_untracked_files() -> None:
    """A file that git does not track is a likely cause only if the pipeline can import it."""
    names = ["scratch.txt", "src/notes.txt", "data/x.csv"]
    assert not compared(code=replace(A.code, dirty=True, untracked=names)).likely
    found = compared(code=replace(A.code, dirty=True, untracked=[*names, "src/wine/new.py"]))
    assert headline(found) == "Likely cause: code (src/wine/new.py)"
    assert "scratch.txt" in repr(found)


GRAPH = {
    "nodes": [
        {"name": "clean", "func": "wine.clean", "inputs": ["raw"], "outputs": ["wines"]},
        {"name": "train", "func": "wine.train", "inputs": ["wines"], "outputs": ["model"]},
    ]
}
WHOLE = replace(
    A,
    data={"raw": DataFacts("d0")},
    graph=GRAPH,
    pipeline={"node clean": "wine.clean(raw) -> wines", "node train": "wine.train(wines) -> model"},
)
PART = replace(
    B,
    data={"wines": DataFacts("d1")},
    graph={"nodes": GRAPH["nodes"][1:]},
    pipeline={"node train": "wine.train(wines) -> model", "from_nodes": ["train"]},
    parameters={**A.parameters, "model.C": 2.0},
)


def test_other_nodes() -> None:
    """That a run was told to run a part is no cause of what is known, and a cause of nothing else.

    What the nodes that both have run differ in still counts.
    """
    found = compare(WHOLE, PART, SAME)
    assert headline(found) == (
        "Likely cause: parameters (model.C: 1.0 -> 2.0); they also ran other nodes"
    )
    assert "Nodes that only one of them ran\n  clean  A" in repr(found)
    only = headline(compare(WHOLE, replace(PART, parameters=A.parameters), SAME))
    assert only == "Likely cause: nodes that only one of them ran (clean)"
    changed = replace(PART, pipeline={**PART.pipeline, "node train": "wine.fit(wines) -> model"})
    assert "pipeline (node train)" in headline(compare(WHOLE, changed, SAME))


def test_combination_of_a_sweep() -> None:
    """A combination is compared together with the nodes that its sweep ran once."""
    shared = replace(
        A,
        data={"raw": DataFacts("d9")},
        graph={"nodes": GRAPH["nodes"][:1]},
        pipeline={"node clean": "wine.clean(raw) -> wines", "node_names": ["clean"]},
        metrics={"rows": 3.0},
    )
    whole = chosen_nodes.joined(PART, shared)
    assert whole.metrics == {"rows": 3.0, "accuracy": 0.8}
    assert chosen_nodes.joined(replace(PART, loaded={}), replace(shared, loaded={})).loaded == {}
    assert headline(compare(WHOLE, whole, SAME)) == (
        "Likely causes: data (raw), parameters (model.C: 1.0 -> 2.0)"
    )


def test_unknown_code() -> None:
    """If the commits are not here, they are compared by their names."""
    changes = CodeChanges(problem="the commit 99aa is not in this repository")
    found = compared(changes, code=replace(A.code, commit="99aa" * 10))
    assert headline(found) == "Likely cause: code (commit)"
    assert "the commit 99aa is not in this repository" in repr(found)


@pytest.mark.parametrize(
    "files", [{"conf/base/parameters.yml": "+1 -1"}, {"README.md": "+9 -0", ".gitignore": "+1 -0"}]
)
def test_files_that_are_no_cause(files: dict[str, str]) -> None:
    """Configuration is compared by what a run has of it, and documentation changes no result."""
    found = compared(CodeChanges(files), parameters={**A.parameters, "model.C": 2.0})
    assert headline(found) == "Likely cause: parameters (model.C: 1.0 -> 2.0)"
    assert next(iter(files)) in repr(found)


def test_copy_of_the_plugin() -> None:
    """The files of a project's copy of this plugin are one line."""
    files = {f"src/mlflow_on_kedro/{name}.py": "+1 -0" for name in "abc"}
    found = compared(CodeChanges(files))
    assert "3 files of the project's copy of the plugin" in repr(found)
    assert not found.likely


def test_moved_data() -> None:
    """A file with the same content is the same data, wherever it lies."""
    assert not compared(data={"wines": DataFacts("d2", "5f3a", "data/new.csv")}).likely


def test_several_causes() -> None:
    """Several causes are named, the likeliest kind first."""
    found = compared(
        data={"wines": DataFacts("d2"), "prices": DataFacts("d3")},
        parameters={**A.parameters, "model.C": 2.0},
    )
    assert headline(found) == (
        "Likely causes: data (wines, prices), parameters (model.C: 1.0 -> 2.0)"
    )


def test_no_cause() -> None:
    """If all that is recorded is equal, that is said; or what is not recorded."""
    assert headline(compared()).startswith("Unknown cause: the results differ, although all")
    found = headline(compared(packages=None, loaded=None))
    assert found.endswith("not recorded in both: loaded versions, packages")
    assert "Not recorded: loaded versions (in B), packages (in B)" in repr(
        compared(packages=None, loaded=None)
    )


def test_equal_results() -> None:
    """Differences without other results are no causes of anything."""
    assert headline(compared(metrics=A.metrics)) == "No difference in causes or results."
    found = compared(metrics=A.metrics, packages={})
    assert headline(found).startswith("The metrics are equal, but these differ: packages (")
    assert headline(compared(CodeChanges({"README.md": "+1 -0"}), metrics=A.metrics)).startswith(
        "Equal results"
    )


def test_status() -> None:
    """A run that failed has another result, even with equal metrics."""
    found = compared(status="FAILED", failed_node="train", metrics=A.metrics, packages={})
    assert headline(found).startswith("Likely cause: packages")
    assert "status  FINISHED -> FAILED at the node train" in repr(found)


def test_old_runs() -> None:
    """Runs without recorded parameters are compared by those in MLflow."""
    found = compared(parameters=None, logged_params={"model.C": "2.0"})
    assert headline(found) == "Likely cause: parameters (model.C: 1.0 -> 2.0)"
    empty = RunFacts(run_id="c", name="old")
    assert headline(compare(empty, empty, CodeChanges())) == "No difference in causes or results."


def test_metrics_and_durations() -> None:
    """Metrics are compared exactly, NaN equals NaN, and durations as far as they are clear."""
    nan = float("nan")
    a = replace(A, metrics={"x": nan, "y": 0.123456789, "z": 1.0})
    b = replace(A, metrics={"x": nan, "y": 0.123456788}, durations={"train": 3.0, "test": 0.52})
    text = repr(compare(a, b, SAME))
    assert "y  0.123456789 -> 0.123456788  (-1e-09)" in text
    assert "z  1 -> (not there)" in text
    assert "x  " not in text
    assert "train  1.0 s -> 3.0 s" in text
    assert "test  " not in text


def test_many_differences() -> None:
    """A long list is cut, and JSON has all of it."""
    found = compared(parameters={f"p{n}": n for n in range(100)})
    assert "and 87 more (--json has all)" in repr(found)
    parameters = next(item for item in json_of(found)["causes"] if item["title"] == "Parameters")
    assert len(parameters["differences"]) == 102
    assert parameters["is_likely_cause"]


def test_texts_of_others() -> None:
    """Names and values cannot change the terminal, and are escaped in a notebook."""
    evil = "<script>alert(1)</script>\x1b[31m\n[red]"
    found = compared(name=evil, parameters={evil: evil})
    assert "\x1b" not in repr(found)
    page = found._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
