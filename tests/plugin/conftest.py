"""What the tests of several modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of a run in progress."""
    header = Header(new_id(), "demo", start_ms=5, root=str(tmp_path))
    made = Journal.create(tmp_path / ".mlflow_on_kedro" / "journal", header)
    yield made
    made.release()


@pytest.fixture
def active(store_uri: str, client: Any, tmp_path: Path) -> Any:
    """An active MLflow run, as in a notebook."""
    mlflow.set_tracking_uri(store_uri)
    experiment = client.create_experiment("x", (tmp_path / "artifacts").as_uri())
    with mlflow.start_run(experiment_id=experiment) as run:
        yield run


@pytest.fixture
def open_run(store_uri: str, tmp_path: Path) -> Iterator[Callable[..., OwnRun]]:
    """A function that opens a run in one process, for a pipeline and with ``tracking``."""
    opened: list[OwnRun] = []

    def open_(info: PipelineInfo, **tracking: Any) -> OwnRun:
        config = parse({"tracking": {"uri": store_uri, "delivery": "thread", **tracking}})
        request = RunRequest(
            config=config, root=tmp_path, package="demo", pipeline_info=info, spread="process"
        )
        opened.append(OwnRun.open(request))
        return opened[-1]

    yield open_
    for run in opened:
        run.end("FINISHED")
