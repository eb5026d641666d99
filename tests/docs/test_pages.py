"""The pages run: what they show as "after" gives what the other plugin gave "before"."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.peers.compare import compare, entries
from tests.peers.keeping import recorded
from tests.peers.read_run import read

from . import stories
from .pages import ROOT, Block, Page
from .stories import Story

PAGES = (
    *("from-pipelinex.md", "../tests/docs/pipelinex_project.md"),
    *("from-kedro-mlflow.md", "../tests/docs/kedro_mlflow_project.md"),
)
STORIES = [*stories.PIPELINEX, *stories.KEDRO_MLFLOW]
BLOCKS = [
    (page, block)
    for page in PAGES
    for block in Page(page).blocks
    if block.language not in {"diff", "bash"}
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_after_gives_what_before_gave(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    """A page's "after", run here, holds what its "before" held under the other plugin."""
    monkeypatch.setenv("HOSTNAME", "the-host")
    files = story.files()
    project = make_project(files.pop("src/<package>/nodes.py"), mlflow="", settings="")
    for path, text in files.items():
        project.write(*(part.replace("<package>", project.package) for part in (path, text)))
    project.session_run()
    ours = read(project.uri, story.before.experiment, story.before.rows)
    assert ours["status"] == "FINISHED"
    assert compare(entries(recorded(story.before.name)), entries(ours), story.differences) == []


@pytest.mark.parametrize(
    ("page", "block"),
    BLOCKS,
    ids=[f"{page}-{block.path or block.language}" for page, block in BLOCKS],
)
def test_blocks_run_somewhere(page: str, block: Block) -> None:
    """Each block is a file of a project that runs, and is valid by itself."""
    assert block.path is not None
    told = [story.before for story in STORIES if story.before.page == page]
    before = {section for one in told for section in one.sections}
    after = {section for story in STORIES if story.page == page for section in story.sections}
    shown = {"before": before, "after": after, "both": before & after or after}[block.side]
    assert block.section in {stories.INTRODUCTION, *shown}
    if block.language == "yaml":
        assert isinstance(yaml.safe_load(block.text), dict)
    else:
        ast.parse(block.text.replace("<package>", "package"))


@pytest.mark.parametrize("page", PAGES)
def test_links_are_there(page: str) -> None:
    """Each local file that a page links to exists."""
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", Page(page).text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / "docs" / target).exists()] == []
