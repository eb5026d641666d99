"""``docs/from-kedro-viz.md``: its files run, and its tags and options are there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mlflow_on_kedro.cli import cli
from mlflow_on_kedro.commands.importing.session_content import tags_of
from mlflow_on_kedro.compat.kedro_viz.sessions import Session
from mlflow_on_kedro.runs.run_request import KEDRO_RUN_TAG

from tests.plugin.compat.kedro_viz.old_sessions import FIRST, record

from .pages import Page, code

PAGE = Page("from-kedro-viz.md")


def test_from_now_on(make_project: Callable[..., Any]) -> None:
    """The catalog runs as it is, and the values are in MLflow by the names that the page gives."""
    files = PAGE.files("both", "From now on")
    nodes, catalog = files["src/<package>/nodes.py"], files["conf/base/catalog.yml"]
    project = make_project(nodes, catalog=catalog)
    project.session_run()
    data = project.run.data
    assert data.metrics["scores.f1"] == 0.75
    assert data.params["columns.names"] == "['alcohol', 'ash']"
    session = data.tags[KEDRO_RUN_TAG]
    assert (project.root / f"data/09_tracking/scores.json/{session}/scores.json").is_file()


def test_tags() -> None:
    """Each tag that the page names is one that an imported run has."""
    failed = {"type": "ValueError", "value": "x", "traceback": []}
    content = record(FIRST, exception=failed, extra_params={"depth": 3})
    tags = tags_of(Session(FIRST, content, "title", "notes", bookmark=True), "wine")
    given = {name for row in PAGE.rows("In Kedro-Viz") for name in _tags(row[1])}
    assert given == {
        *("kedro.bookmark", "kedro_command", "kedro.env", "kedro.pipeline"),
        *("kedro.runtime_params", "error", "kedro.git.commit", "kedro.git.branch"),
    }
    assert given <= tags.keys()
    assert tags["kedro.imported_from"] == "Kedro-Viz"
    assert "kedro.imported_from" in PAGE.text
    assert KEDRO_RUN_TAG in PAGE.text


def test_options() -> None:
    """Each option that the page names is one of the command."""
    group: Any = cli.commands["mlflow"]
    ours = {option for item in group.get_command(None, "import").params for option in item.opts}
    named = set(re.findall(r"`(--[\w\-]+)`", PAGE.text.partition("## Sessions")[2]))
    assert named == {"--store", "--data", "--all", "--uri"}
    assert named <= ours


def _tags(cell: str) -> list[str]:
    return code(cell.partition("artifact")[0]) if "tag" in cell else []
