"""From a Kedro context to the catalog: the configuration, and the names of datasets."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.config import MissingConfigException
from kedro.io import DataCatalog, MemoryDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.errors import ConfigError, ValueTooLongError
from mlflow_on_kedro.hooks import catalog_setup
from mlflow_on_kedro.runs import project_settings, run_dataset

URI = "sqlite:////project/mlflow.db"

PIPELINE = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([
        node(lambda: [1, 2], None, "numbers", name="make"),
        node(sum, "numbers", "total", name="add"),
    ])
"""

# No hooks: each test does what they do, step by step.
NO_HOOKS = "HOOKS = ()\n"


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def messages() -> Iterator[logging.Logger]:
    """The plugin's logger, as it is before anything has set its level."""
    logger = logging.getLogger("mlflow_on_kedro")
    before = logger.level
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(before)


class TestPrepareContext:
    """Configuration on its way into the catalog."""

    def test_the_run_dataset(self, make_project: Callable[..., Any]) -> None:
        """mlflow.yml, root and package are in the catalog under the reserved name."""
        made = make_project(PIPELINE, settings=NO_HOOKS, mlflow={"run": {"name": "mine"}})
        context = made.context()
        catalog_setup.prepare_context(context)
        holder = run_dataset.find_run_dataset(context.catalog)
        assert holder is not None
        assert holder.config.run.name == "mine"
        assert (holder.root, holder.package) == (made.root, made.package)

    def test_arguments_win(self, make_project: Callable[..., Any]) -> None:
        """A hook's arguments win over mlflow.yml, key by key; those not given do not."""
        mlflow = {"run": {"name": "file", "tags": {"a": 1}, "description": "file"}}
        context = make_project(PIPELINE, settings=NO_HOOKS, mlflow=mlflow).context()
        catalog_setup.prepare_context(context, {"run": {"name": "hook", "description": None}})
        read = project_settings.settings_of(context).run
        assert (read.name, read.tags, read.description) == ("hook", {"a": 1}, "file")

    def test_the_first_wins(self, make_project: Callable[..., Any]) -> None:
        """Only the first hook brings the configuration in."""
        context = make_project(PIPELINE, settings=NO_HOOKS).context()
        catalog_setup.prepare_context(context, {"run": {"name": "first"}})
        catalog_setup.prepare_context(context, {"run": {"name": "second"}})
        assert project_settings.settings_of(context).run.name == "first"

    def test_settings_without_hooks(self, make_project: Callable[..., Any]) -> None:
        """Where no hook has done it, settings are mlflow.yml's."""
        mlflow = {"run": {"name": "file"}}
        context = make_project(PIPELINE, settings=NO_HOOKS, mlflow=mlflow).context()
        assert project_settings.settings_of(context).run.name == "file"

    def test_datasets_know_their_names(self, make_project: Callable[..., Any]) -> None:
        """MLflow datasets of catalog.yml, factories too, know their names, files and the root."""
        typed = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"}
        context = make_project(
            PIPELINE, settings=NO_HOOKS, catalog={"numbers": typed, "{x}_report": typed}
        ).context()
        catalog_setup.prepare_context(context)
        for name in ("numbers", "big_report"):
            dataset = context.catalog.get(name)
            assert dataset.dataset_name == name
            assert str(dataset.filepath).endswith(f"data/mlflow/{name}.json")
            assert Path(str(dataset.filepath)).is_absolute()

    def test_no_catalog_file(self, make_project: Callable[..., Any]) -> None:
        """Without a catalog.yml it is Kedro that says so, and no run is opened."""
        made = make_project(PIPELINE)
        (made.root / "conf/base/catalog.yml").unlink()
        with pytest.raises(MissingConfigException, match="catalog"):
            made.session_run()
        assert made.runs() == []

    def test_values_stay(self, make_project: Callable[..., Any]) -> None:
        """Kedro's treatment of catalog entries (paths, credentials) does not reach the values."""
        tags = {"path": "a/b", "filepath": "c", "credentials": "dev", "braces": "{name}"}
        made = make_project(PIPELINE, mlflow={"run": {"tags": tags, "description": "{x}"}})
        made.session_run()
        found = made.run.data.tags
        assert {key: found[key] for key in tags} == tags
        assert found["mlflow.note.content"] == "{x}"

    def test_datasets_in_mlflow_catalog(self, make_project: Callable[..., Any]) -> None:
        """Datasets of `mlflow_catalog` get Kedro's treatment: absolute paths, and credentials."""
        entry = {"type": "json.JSONDataset", "filepath": "a.json", "credentials": "dev"}
        made = make_project(
            PIPELINE, settings=NO_HOOKS, mlflow={"catalog": {"mlflow_catalog": {"total": entry}}}
        )
        made.write("conf/local/credentials.yml", "dev: {key: secret}\n")
        context = made.context()
        catalog_setup.prepare_context(context)
        holder = run_dataset.find_run_dataset(context.catalog)
        assert holder is not None
        assert holder.config.catalog.mlflow_catalog["total"] == {
            "type": "json.JSONDataset",
            "filepath": str(made.root / "a.json"),
            "credentials": {"key": "secret"},
        }

    def test_a_wrong_entry(self, make_project: Callable[..., Any]) -> None:
        """A `dataset` that is no known one is said with the file and the dataset's name."""
        wrong = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "exe"}
        context = make_project(PIPELINE, settings=NO_HOOKS, catalog={"numbers": wrong}).context()
        with pytest.raises(ConfigError, match=r"catalog.yml: 'numbers': .*exe"):
            catalog_setup.prepare_context(context)

    def test_messages_are_shown(
        self, make_project: Callable[..., Any], messages: logging.Logger
    ) -> None:
        """The plugin's messages are shown, where Kedro's default shows its own only."""
        context = make_project(PIPELINE, settings=NO_HOOKS).context()
        catalog_setup.prepare_context(context)
        assert messages.level == logging.INFO

    def test_a_chosen_level_stays(
        self, make_project: Callable[..., Any], messages: logging.Logger
    ) -> None:
        """A level that the project's logging.yml has set stays."""
        context = make_project(PIPELINE, settings=NO_HOOKS).context()
        messages.setLevel(logging.ERROR)
        catalog_setup.prepare_context(context)
        assert messages.level == logging.ERROR


class TestPrepareDatasets:
    """Datasets that were made in Python."""

    def test_names(self, tmp_path: Path) -> None:
        """They learn their names and the project's root; a name that was given stays."""
        datasets = {
            "a": MLflowDataset(dataset="csv"),
            "b@pandas": MLflowDataset(dataset="csv", dataset_name="mine"),
            "model": MLflowModelDataset(flavor="sklearn"),
            "plain": MemoryDataset(),
        }
        catalog = DataCatalog(
            {run_dataset.RESERVED_NAME: run_dataset.RunDataset(root=str(tmp_path))}
        )
        catalog_setup.prepare_datasets(catalog, datasets)
        names = [datasets[name].dataset_name for name in ("a", "b@pandas", "model")]  # type: ignore[attr-defined]
        assert names == ["a", "mine", "model"]
        assert all(datasets[name].root == tmp_path for name in ("a", "model"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"type": "mlflow_on_kedro.MLflowModelDataset", "flavor": "skleran"}, "no flavor"),
        ({"type": "mlflow_on_kedro.MLflowDataset", "dataset": "feather"}, "pip install"),
    ],
)
def test_mistakes_are_found_before_the_pipeline_runs(
    make_project: Any, entry: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown flavor or a missing package stops before a node has worked for hours."""
    monkeypatch.setattr("mlflow_on_kedro.datasets.factory._is_installed", lambda _: False)
    nodes = """
    from pathlib import Path
    from kedro.pipeline import node, pipeline

    def work():
        Path("worked").touch()
        return 1

    def create_pipeline():
        return pipeline([node(work, None, "value")])
    """
    made = make_project(textwrap.dedent(nodes), catalog={"value": entry})
    with pytest.raises(ConfigError, match=f"'value' in the catalog: .*{message}"):
        made.session_run()
    assert not (made.root / "worked").exists()
    assert made.runs() == []


def test_a_run_that_fails_before_the_pipeline_says_why(make_project: Any) -> None:
    """FAILED comes with the error's tag and traceback, though no node has run."""
    nodes = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(len, "params:text", "length")])
"""
    made = make_project(
        nodes, parameters={"text": "x" * 7000}, mlflow={"params": {"too_long": "error"}}
    )
    with pytest.raises(ValueTooLongError):
        made.session_run()
    run = made.run
    assert run.info.status == "FAILED"
    assert "7000 characters" in run.data.tags["error"]
    assert "error/traceback.txt" in made.artifacts(run.info.run_id)
