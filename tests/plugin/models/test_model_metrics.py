"""A run's metrics are those of its model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow.entities import Dataset, DatasetInput, LoggedModelOutput
from mlflow_on_kedro.models.model_metrics import link


@pytest.fixture
def make_run(client: Any, tmp_path: Any) -> Callable[..., str]:
    """A function: a run with models of these names, datasets and metrics; gives its id."""
    experiment = client.create_experiment("x", tmp_path.as_uri())

    def made(*models: str, datasets: tuple[str, ...] = ("wines",)) -> str:
        run_id = str(client.create_run(experiment).info.run_id)
        used = [DatasetInput(Dataset(name, "1", "local", "{}")) for name in datasets]
        client.log_inputs(run_id, used)
        for name in models:
            model = client.create_logged_model(experiment, name=name, source_run_id=run_id)
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        for step, value in enumerate((0.25, 0.5)):
            client.log_metric(run_id, "f1", value, step=step, timestamp=5)
        client.log_metric(run_id, "time/pipeline", 3.0)
        return run_id

    return made


def metrics(client: Any, run_id: str) -> list[list[tuple[Any, ...]]]:
    """The metrics of each model of a run."""
    outputs = client.get_run(run_id).outputs.model_outputs
    models = [client.get_logged_model(output.model_id) for output in outputs]
    return [[(x.key, x.value, x.step, x.dataset_name) for x in m.metrics or []] for m in models]


def test_one_model(client: Any, make_run: Callable[..., str]) -> None:
    """It has the last values, but none of the timings; the run's own points stay as they are."""
    run_id = make_run("m")
    for _ in range(2):
        link(client, run_id)
        assert metrics(client, run_id) == [[("f1", 0.5, 1, "wines")]]
    assert len(client.get_metric_history(run_id, "f1")) == 2


def test_several_datasets(client: Any, make_run: Callable[..., str]) -> None:
    """Nobody knows which one the model was trained on."""
    run_id = make_run("m", datasets=("wines", "grapes"))
    link(client, run_id)
    assert metrics(client, run_id) == [[("f1", 0.5, 1, None)]]


@pytest.mark.parametrize("models", [(), ("a", "b")])
def test_none_or_several_models(
    client: Any, make_run: Callable[..., str], models: tuple[str, ...]
) -> None:
    """Nothing is linked."""
    run_id = make_run(*models)
    link(client, run_id)
    assert metrics(client, run_id) == [[] for _ in models]
