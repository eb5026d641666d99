"""The README promises nothing that the code does not hold."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_mlflow_yml_in_the_readme_shows_every_key_with_its_default() -> None:
    """The README's mlflow.yml has all keys, each with the value that it has without the file."""
    from mlflow_on_kedro.config.parsing import parse
    from mlflow_on_kedro.config.sections import Config

    (shown,) = [block for block in _blocks("yaml") if block.startswith("enabled:")]
    assert yaml.safe_load(shown) == asdict(Config())
    assert parse(yaml.safe_load(shown)) == Config()


def test_the_readme_lists_every_extension() -> None:
    """The README's table names the extensions that the plugin knows, and no others."""
    from mlflow_on_kedro.datasets.extensions import EXTENSIONS
    from mlflow_on_kedro.datasets.value_kinds import VALUE_KINDS

    _, _, after = README.partition("| `dataset` | In MLflow |")
    rows, _, _ = after.partition("\n\n")
    named = [
        name for row in rows.splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted([*EXTENSIONS, *VALUE_KINDS])


def test_every_name_in_the_readme_can_be_imported() -> None:
    """Each class that the README names is public in the plugin."""
    import mlflow_on_kedro

    named = set(re.findall(r"`((?:MLflow|Add)\w*(?:Hook|Dataset|DataSet|Transformer))", README))
    assert len(named) >= 10
    assert [name for name in sorted(named) if not hasattr(mlflow_on_kedro, name)] == []


def test_python_blocks_run() -> None:
    """Each Python block of the README runs as it stands."""
    blocks = _blocks("python")
    assert len(blocks) >= 3
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own README


def test_pictures_and_links_are_there() -> None:
    """Each local file that the README shows or links to exists."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    local = [target for target in targets if "://" not in target]
    assert local
    assert [target for target in local if not (ROOT / target).exists()] == []


def test_every_make_target_in_the_readme_exists() -> None:
    """Each `make x` of the README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
    assert {"demo", "test", "lint", "matrix"} <= named
    assert [target for target in named if f"\n{target}:" not in makefile] == []


def test_the_pipeline_model_is_the_one_that_tests_run() -> None:
    """The README's entry of `pipeline_models` is that of the project which the tests run."""
    from mlflow_on_kedro.config.model_entries import pipeline_models
    from mlflow_on_kedro.config.parsing import parse

    from tests.prices import ENTRY

    (shown,) = [block for block in _blocks("yaml") if "\npipeline_models:" in block[:40]]
    read = pipeline_models(parse(yaml.safe_load(shown)))
    assert read == pipeline_models(parse({"pipeline_models": {"prices": ENTRY}}))


def test_catalogs_can_be_made() -> None:
    """Kedro makes each MLflow dataset that the README shows in a catalog."""
    from kedro.io import AbstractDataset

    made = []
    for block in _blocks("yaml"):
        if "type: mlflow_on_kedro." in block:
            for name, entry in yaml.safe_load(block).items():
                made.append(AbstractDataset.from_config(name, entry))
    assert len(made) >= 5


def _table_of_features() -> list[list[str]]:
    _, _, after = README.partition(
        "| | PipelineX 0.8.0 | kedro-mlflow 2.0.3 | Here |\n|---|---|---|---|\n"
    )
    rows, _, _ = after.partition("\n\n")
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines()]


def test_each_feature_is_here_and_has_a_test() -> None:
    """The table of features has no gap in our column, and names a test that exists beside each."""
    rows = _table_of_features()
    assert len(rows) >= 30
    for _feature, _pipelinex, _kedro_mlflow, here in rows:
        told = re.fullmatch(r"(?P<here>.+) <!-- (?P<file>\S+\.py)::(?P<test>\w+) -->", here)
        assert told, here
        source = (ROOT / told["file"]).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {told['test']}\(", source, flags=re.MULTILINE), here
