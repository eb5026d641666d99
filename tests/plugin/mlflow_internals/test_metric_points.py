"""The last point of each metric of a run."""

from __future__ import annotations

from typing import Any

from mlflow_on_kedro.mlflow_internals import metric_points


def test_latest(client: Any) -> None:
    """MLflow's private list of latest points is still there, with times and steps."""
    run_id = client.create_run("0").info.run_id
    for step in range(2):
        client.log_metric(run_id, "m", step + 0.25, timestamp=1000 + step, step=step)
    client.log_metric(run_id, "n", 1, timestamp=5)
    points = {point.key: point for point in metric_points.latest(client.get_run(run_id))}
    assert points.keys() == {"m", "n"}
    assert (points["m"].value, points["m"].timestamp, points["m"].step) == (1.25, 1001, 1)
