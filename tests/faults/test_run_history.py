"""Looking back at runs on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.history.run_page import RunPage
from mlflow_on_kedro.history.run_search import RunSearch
from mlflow_on_kedro.tracking.finding import Runs
from mlflow_on_kedro.tracking.run_names import find_run

from .server import Server


@pytest.fixture
def runs(server: Server) -> Runs:
    """Three runs, the second of which is the best and behind an alias."""
    from mlflow import MlflowClient

    client: Any = MlflowClient(server.uri)
    experiment = client.create_experiment("looked back on")
    for n, score in enumerate((0.5, 0.9, 0.7)):
        run_id = client.create_run(experiment, 1000 + n, run_name=f"try {n}").info.run_id
        client.log_param(run_id, "model.C", n)
        client.log_metric(run_id, "score", score)
        client.log_text(run_id, "x", "out/x.txt")
        client.set_terminated(run_id, end_time=5000)
        if n == 1:
            client.create_registered_model("looked back on")
            client.create_model_version("looked back on", f"runs:/{run_id}/m", run_id)
            client.set_registered_model_alias("looked back on", "was-best", "1")
    return Runs(server.uri, "looked back on")


def test_on_a_server(runs: Runs) -> None:
    """The best is found, a run by each kind of name, and its page has its files."""
    best = RunSearch.for_best("score", "params.model.C > 0").find(runs).runs[0]
    assert best.info.run_name == "try 1"
    by_time = RunSearch("start_time > 1000000000000").find(runs).runs
    assert by_time == []
    names = ("@was-best", "looked back on@was-best", "latest~1", "try 1", best.info.run_id[:9])
    assert {find_run(runs, name).info.run_id for name in names} == {best.info.run_id}
    page = RunPage.from_run(runs, best)
    assert page.problems == []
    assert "out/x.txt" in page.to_text()
    assert page.url.startswith(runs.uri)
    with pytest.raises(MLflowOnKedroError, match="no run with the id or name 'try 9'"):
        find_run(runs, "try 9")
