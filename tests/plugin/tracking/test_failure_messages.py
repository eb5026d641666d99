"""Loading from an MLflow that cannot be reached."""

from __future__ import annotations

import socket

import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.tracking.failure_messages import load_message


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a server that is not there."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    ("dataset", "what"),
    [
        (
            MLflowModelDataset(dataset_name="m", model_uri="models:/wines@champion"),
            "the model 'm' (models:/wines@champion)",
        ),
        (MLflowModelDataset(dataset_name="m", run_id="1a"), "the model 'm' (Run 1a)"),
        (
            MLflowDataset("csv", dataset_name="t", loading_run_id="1a"),
            "the artifact 't.csv' of run 1a",
        ),
        (MLflowDataset("m", dataset_name="t", loading_run_id="1a"), "'t' of run 1a"),
    ],
)
def test_away(away: str, dataset: MLflowDataset | MLflowModelDataset, what: str) -> None:
    """It is said in one line, with what to check, for whatever is loaded."""
    if isinstance(dataset, MLflowDataset):
        dataset = dataset.for_run("1a", away)
    else:
        dataset._reader.given_uri = away
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    said = str(caught.value)
    start = f"MLflow at {away} cannot be reached, so {what} cannot be loaded. "
    assert said.startswith(f"{start}Check `tracking.uri` in mlflow.yml, and the server. (")
    assert "HTTPConnectionPool" not in said


def test_what_is_not_there() -> None:
    """Of a server that answers the answer is what counts."""
    error = MlflowException("no such run", error_code=5)
    assert load_message("http://h", error, "'m'", "no 'm'") == "no 'm'"
