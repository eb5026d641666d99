"""The README's pictures are of the pages as they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from manual.demo import Demo, make_demo
from manual.pictures import PICTURES, file_of_texts, texts_of


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo project, generated and run once."""
    return make_demo(tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.slow
def test_the_page_shows_what_the_picture_does(
    name: str, demo: Demo, mlflow_ui: Callable[[str], str], page: Page
) -> None:
    """The page has the texts that were there when its picture was taken; `make pictures` else."""
    frame = PICTURES[name](page, mlflow_ui(demo.store_uri), demo.run)
    shown = texts_of(frame, demo.run)
    assert shown == file_of_texts(name).read_text(encoding="utf-8"), "run `make pictures`"
