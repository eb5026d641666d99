"""The description of a run."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.tracking.description import ARTIFACT, describe, table, within_limit

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([
        node(lambda: 1, None, "one", name="first"),
        node(lambda one: one + 1, "one", "two", name="second"),
    ])
"""
TABLE = """\
| | Node | From | To |
|---:|---|---|---|
| 1 | `first` |  | `one` |
| 2 | `second` | `one` | `two` |"""
NOTE = "mlflow.note.content"


def test_without_a_placeholder() -> None:
    """A text without ``{pipeline}`` stays as it is, other braces too."""
    assert describe("# Title {x}", pipeline([])) == "# Title {x}"


def test_names_that_markdown_would_misread() -> None:
    """A bar in a name ends no cell."""
    nodes = pipeline([node(print, ["a|b", "params:c"], None, name="n")])
    assert table(nodes).endswith(r"| 1 | `n` | `a\|b`, `params:c` |  |")


def test_in_the_run(make_project: Any) -> None:
    """The description has the nodes that run in place of ``{pipeline}``."""
    project = make_project(NODES, mlflow={"run": {"description": "Nightly.\n\n{pipeline}\n\nEnd"}})
    project.session_run()
    assert project.run.data.tags[NOTE] == f"Nightly.\n\n{TABLE}\n\nEnd"
    project.session_run(
        node_names=["first"], runtime_params={"mlflow": {"run": {"description": "{pipeline}"}}}
    )
    assert project.runs()[0].data.tags[NOTE] == "\n".join(TABLE.splitlines()[:3])


def test_a_table_needs_empty_lines() -> None:
    """Around the table are empty lines, which Markdown wants, however the text is written."""
    nodes = pipeline([node(print, "a", None, name="n")])
    expected = f"# Title\n\n{table(nodes)}\n\nEnd"
    assert describe("# Title\n{pipeline}\nEnd\n", nodes) == expected
    assert describe("# Title {pipeline} End", nodes).replace(" ", "") == expected.replace(" ", "")


def test_too_long(make_project: Any) -> None:
    """What MLflow would not take is cut at a line's end, and is whole in an artifact."""
    text = "\n".join(f"Line {number} of very many lines" for number in range(400))
    project = make_project(NODES, mlflow={"run": {"description": text}})
    project.session_run()
    run = project.run
    head, _, note = run.data.tags[NOTE].partition("\n\n")
    assert text.startswith(head + "\n")
    assert ARTIFACT in note
    assert 7900 < len(run.data.tags[NOTE]) <= 8000
    path = project.client.download_artifacts(run.info.run_id, ARTIFACT, str(project.root))
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - it is a text
        assert file.read() == text


@pytest.mark.parametrize("length", [7999, 8000, 8001, 20000])
def test_one_long_line(length: int) -> None:
    """A line of any length is cut, too."""
    cut = within_limit("x" * length)
    assert len(cut) <= 8000
    assert (cut == "x" * length) is (length <= 8000)


def test_a_placeholder_without_quotes() -> None:
    """YAML takes ``{pipeline}`` for a mapping; the message says what to write."""
    with pytest.raises(ConfigError, match=r'mlflow.yml: .*description: "\{pipeline\}"'):
        parse({"run": {"description": {"pipeline": None}}})
