"""The README and the manual's pages: their code runs, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import stories
from .pages import ROOT, Block, Page

MOVING = {story.page for story in (*stories.PIPELINEX, *stories.KEDRO_MLFLOW)}
MOVING |= {"from-kedro-viz.md"}
"""Pages whose projects run in ``test_pages.py`` and ``test_from_kedro_viz.py``."""
NAMES = ["../README.md", *sorted(path.name for path in (ROOT / "docs").glob("*.md"))]
PAGES = {name: Page(name) for name in NAMES}
BLOCKS = [
    (name, block) for name, page in PAGES.items() if name not in MOVING for block in page.blocks
]
TEXTS = "\n".join(page.text for page in PAGES.values())


def blocks(language: str) -> Any:
    """Parametrize a test with all blocks in a language."""
    found = [(name, block) for name, block in BLOCKS if block.language == language]
    ids = [f"{name}-{block.section or block.path}" for name, block in found]
    return pytest.mark.parametrize(("name", "block"), found, ids=ids)


@blocks("python")
def test_python_runs(
    name: str, block: Block, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each Python block runs as it stands."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri)
    exec(compile(block.text, name, "exec"), {})  # noqa: S102 - our own pages


@blocks("yaml")
def test_yaml_is_valid(name: str, block: Block) -> None:
    """Kedro makes each dataset of a catalog, and the plugin reads each mlflow.yml and prompt."""
    from kedro.io import AbstractDataset
    from mlflow_on_kedro.config.parsing import parse
    from mlflow_on_kedro.datasets import prompt_files

    content = yaml.safe_load(block.text)
    assert isinstance(content, dict), name
    if "type: mlflow_on_kedro." in block.text:
        for dataset, entry in content.items():
            AbstractDataset.from_config(dataset, entry)
    elif "template" in content:
        assert prompt_files.content_of(content, name).is_chat
    elif "credentials.yml" not in block.text.partition("\n")[0]:
        parse(content)


def test_blocks_are_found() -> None:
    """The search for blocks finds them."""
    languages = [block.language for _, block in BLOCKS]
    assert languages.count("python") >= 5
    assert languages.count("yaml") >= 9


def test_every_extension_is_listed() -> None:
    """The table names the extensions that the plugin knows, and no others."""
    from mlflow_on_kedro.datasets.extension_names import WORDS
    from mlflow_on_kedro.datasets.extensions import EXTENSIONS
    from mlflow_on_kedro.datasets.value_kinds import VALUE_KINDS

    rows = PAGES["what-is-logged.md"].rows("`dataset`")
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {*EXTENSIONS, *VALUE_KINDS, *WORDS}


def test_every_name_can_be_imported() -> None:
    """Each class that a page names is public in the plugin."""
    import mlflow_on_kedro

    named = set(re.findall(r"`((?:MLflow|Add)\w*(?:Hook|Dataset|DataSet|Transformer))", TEXTS))
    assert len(named) >= 10
    # Kedro's own, of which the page on PipelineX speaks.
    missing = {name for name in named if not hasattr(mlflow_on_kedro, name)}
    assert missing <= {"AddTransformersHook"}


def test_every_public_name_is_on_the_page_of_the_api() -> None:
    """The page on the Python API has each public name, and no other."""
    import mlflow_on_kedro

    shown = re.findall(r"^::: mlflow_on_kedro\.(\w+)$", PAGES["api.md"].text, flags=re.MULTILINE)
    assert sorted([*shown, "MLflowDataSet"]) == sorted(mlflow_on_kedro.__all__)


def test_every_make_target_exists() -> None:
    """Each `make x` is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)", TEXTS, flags=re.MULTILINE))
    assert {"demo", "test", "lint", "docs", "matrix"} <= named
    assert [target for target in named if f"\n{target}:" not in makefile] == []


def test_the_pipeline_model_is_the_one_that_tests_run() -> None:
    """The entry of `pipeline_models` is that of the project which the tests run."""
    from mlflow_on_kedro.config.model_entries import pipeline_models
    from mlflow_on_kedro.config.parsing import parse

    from tests.prices import ENTRY

    shown = PAGES["pipelines-as-models.md"].blocks[0].text
    read = pipeline_models(parse(yaml.safe_load(shown)))
    assert read == pipeline_models(parse({"pipeline_models": {"prices": ENTRY}}))


def test_each_feature_is_here_and_has_a_test() -> None:
    """The table of features has no gap in our column, and names a test that exists beside each."""
    _, _, after = PAGES["compared.md"].text.partition(
        "kedro-mlflow 2.0.3 | Here |\n|---|---|---|---|\n"
    )
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in after.partition("\n\n")[0].splitlines()
    ]
    assert len(rows) >= 30
    for _feature, _pipelinex, _kedro_mlflow, here in rows:
        told = re.fullmatch(r"(?P<here>.+) <!-- (?P<file>\S+\.py)::(?P<test>\w+) -->", here)
        assert told, here
        source = (ROOT / told["file"]).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {told['test']}\(", source, flags=re.MULTILINE), here


def test_the_readme_is_short() -> None:
    """The README is a screen, and what leads to the manual."""
    assert len(PAGES["../README.md"].text.splitlines()) <= 150


@pytest.mark.parametrize("name", [*NAMES, "../CONTRIBUTING.md", "../CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Each link to a file of the repository finds the file, and the heading that it names."""
    place = ROOT / "docs" / name
    text = _without_code(place.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text):
        if "://" not in target:
            found = place.parent / target if target else place
            assert found.exists(), target
            if anchor:
                assert anchor in _anchors(found), f"{target}#{anchor}"


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the manual's site make them."""
    headings = re.findall(r"^#+ (.+)$", _without_code(page.read_text("utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_has_a_place_in_the_navigation() -> None:
    """The manual's navigation has each page."""
    navigation = (ROOT / "manual" / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    listed = set(re.findall(r"([\w-]+\.md)$", navigation, flags=re.MULTILINE))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= listed
