"""The carrier: a dataset under a reserved name, with which a run travels."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.framework import project
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from mlflow_on_kedro import mlflow_hooks
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.runs import run_dataset
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_dataset import RESERVED_NAME, RunDataset

PLUGIN = Path(__file__).parents[3] / "plugin_src"


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(client: Any, store_uri: str) -> OwnRun:
    """A run."""
    run_id = client.create_run(client.create_experiment("demo")).info.run_id
    return OwnRun.join(store_uri, run_id)


class TestDataset:
    """The dataset."""

    def test_empty(self) -> None:
        """Before the run is opened there is none; the configuration is at its defaults."""
        dataset = RunDataset()
        assert dataset.load() is None
        assert dataset.config == Config()
        assert dataset.root == Path.cwd()
        assert not dataset.exists()

    def test_configured(self, tmp_path: Path) -> None:
        """It is made from plain values, as a catalog has them."""
        dataset = RunDataset([{"run": {"name": "a"}}], str(tmp_path), "package")
        assert dataset.config.run.name == "a"
        assert (dataset.root, dataset.package) == (tmp_path, "package")

    def test_mistakes(self) -> None:
        """A mistake in the configuration is said."""
        with pytest.raises(ConfigError, match=r"tracking\.url"):
            RunDataset([{"tracking": {"url": "x"}}])

    def test_reserved(self) -> None:
        """No node can save to it."""
        with pytest.raises(DatasetError, match="reserved"):
            RunDataset().save(1)  # type: ignore[arg-type]

    def test_loaded(self, run: OwnRun) -> None:
        """The run that was put there is loaded, and named when it is described."""
        dataset = RunDataset()
        dataset.run = run
        assert dataset.load() is run
        assert dataset.exists()
        assert run.run_id in str(dataset)

    def test_pickle(self, run: OwnRun) -> None:
        """It travels with its run, configuration and root."""
        dataset = RunDataset([{"run": {"name": "a"}}], "/project", None)
        dataset.run = run
        copy = pickle.loads(pickle.dumps(dataset))  # noqa: S301
        assert copy.run.run_id == run.run_id
        assert (copy.config, copy.root) == (dataset.config, dataset.root)


class TestFind:
    """Finding the run of a catalog."""

    def test_in_a_catalog(self, run: OwnRun) -> None:
        """Whoever has the catalog has the run."""
        dataset = RunDataset()
        dataset.run = run
        catalog = DataCatalog({RESERVED_NAME: dataset, "a": MemoryDataset(1)})
        assert run_dataset.find_carrier(catalog) is dataset
        assert run_dataset.find_run(catalog) is run

    def test_from_configuration(self, tmp_path: Path) -> None:
        """It is found where the catalog has it as configuration, which makes it."""
        path = f"{RunDataset.__module__}.{RunDataset.__qualname__}"
        entry = {"type": path, "config": [{"enabled": False}], "root": str(tmp_path)}
        found = run_dataset.find_carrier(DataCatalog.from_config({RESERVED_NAME: entry}))
        assert found is not None
        assert not found.config.enabled
        assert run_dataset.find_run(DataCatalog.from_config({RESERVED_NAME: entry})) is None

    @pytest.mark.parametrize("pattern", ["{name}", "{name}.{part}"])
    def test_no_carrier(self, pattern: str) -> None:
        """A catalog without one has none, also where a factory's pattern matches its name."""
        assert run_dataset.find_carrier(DataCatalog({})) is None
        assert run_dataset.find_run(DataCatalog({})) is None
        catch_all = DataCatalog.from_config({pattern: {"type": "MemoryDataset"}})
        assert run_dataset.find_run(catch_all) is None


WORKER = """
import pickle, sys

dataset = pickle.load(open(sys.argv[1], "rb"))
from kedro.framework.project import settings

print(len(settings.HOOKS), dataset.run.in_worker)
"""


class TestWorkers:
    """Worker processes that know nothing of the project."""

    def test_hooks(self, make_project: Callable[..., Any], run: OwnRun, tmp_path: Path) -> None:
        """Unpickling it in a process without a project loads the project's settings there."""
        made = make_project("def create_pipeline(): ...")
        dataset = RunDataset(package=made.package)
        dataset.run = run
        (tmp_path / "carrier.pkl").write_bytes(pickle.dumps(dataset))
        done = subprocess.run(
            [sys.executable, "-c", WORKER, str(tmp_path / "carrier.pkl")],
            env={**os.environ, "PYTHONPATH": f"{PLUGIN}{os.pathsep}{made.root / 'src'}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == f"{len(mlflow_hooks())} True"

    def test_a_process_with_a_project(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a project is configured already its settings stay."""
        monkeypatch.setattr(project, "PACKAGE_NAME", "mine")
        monkeypatch.setattr(project.settings, "configure", None)
        run_dataset.register_hooks_in_worker("other")

    def test_without_a_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a project's package there is nothing to load."""
        monkeypatch.setattr(project, "PACKAGE_NAME", None)
        monkeypatch.setattr(project.settings, "configure", None)
        run_dataset.register_hooks_in_worker(None)
