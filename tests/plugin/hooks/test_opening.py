"""Opening the run of a session."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from kedro.framework import project
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.config.sections import Config, Run
from mlflow_on_kedro.hooks import opening
from mlflow_on_kedro.runs import run_dataset


class TestOpenRun:
    """The run of a session."""

    WORK = pipeline([node(sum, "numbers", "total", name="add")])

    def test_opened_once(self, tmp_path: Path, store_uri: str) -> None:
        """The first hook opens the run, and the others get the same."""
        catalog = self._catalog(tmp_path, store_uri)
        params = {"run_id": "2026", "runtime_params": {"db": {"token": "x", "size": 1}}}
        run = opening.open_run(params, self.WORK, catalog)
        assert run is not None
        assert opening.open_run(params, self.WORK, catalog) is run
        assert run_dataset.find_run(catalog) is run
        assert run.pipeline_info.steps == {"add": 0}
        assert run.secret_params == {"db.token"}
        run.end("FINISHED")

    def test_datasets_are_bound(self, tmp_path: Path, store_uri: str) -> None:
        """MLflow datasets that the pipeline uses log to the run."""
        catalog = self._catalog(tmp_path, store_uri)
        run = opening.open_run({}, self.WORK, catalog)
        assert run is not None
        catalog.save("total", 3)
        run.end("FINISHED")
        assert run.client.get_run(run.run_id).data.metrics == {"total": 3.0}

    def test_disabled(self, tmp_path: Path, store_uri: str) -> None:
        """With `enabled: false` there is no run, and datasets are plain ones."""
        catalog = self._catalog(tmp_path, store_uri, enabled=False)
        assert opening.open_run({}, self.WORK, catalog) is None
        catalog.save("total", 3)
        assert catalog.load("total") == 3

    def test_not_tried_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A run that could not be opened is said once, not by each hook."""
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        catalog = self._catalog(tmp_path, "http://127.0.0.1:9", on_failure="warn")
        for _ in range(3):
            run = opening.open_run({}, self.WORK, catalog)
        assert run is not None
        run.end("FINISHED")
        assert caplog.text.count("cannot be reached") == 1

    def test_without_a_run_dataset(
        self, tmp_path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A catalog that no hook has prepared gets a run dataset with the defaults."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri)
        monkeypatch.setattr(project, "PACKAGE_NAME", None)
        catalog = DataCatalog({"numbers": MemoryDataset([1])})
        run = opening.open_run({"project_path": str(tmp_path)}, self.WORK, catalog)
        assert run is not None
        named = replace(Config(), run=Run(name=run.config.run.name))
        assert (run.config, run.root, run.uri) == (named, tmp_path, store_uri)
        # It is known before MLflow has answered.
        assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", str(run.config.run.name))
        run.end("FINISHED")

    @staticmethod
    def _catalog(
        root: Path, uri: str, *, enabled: bool = True, on_failure: str = "raise"
    ) -> DataCatalog:
        tracking = {"uri": uri, "on_failure": on_failure, "timeout": 1.0}
        config = {"enabled": enabled, "tracking": tracking}
        return DataCatalog(
            {
                run_dataset.RESERVED_NAME: run_dataset.RunDataset([config], str(root), "demo"),
                "numbers": MemoryDataset([1, 2]),
                "total": MLflowDataset(dataset="m"),
            }
        )
