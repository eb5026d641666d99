"""The last point of each metric of a run, with its time and step."""

from __future__ import annotations

from typing import Any


def latest(run: Any) -> list[Any]:
    """Return the last point of each metric of MLflow's ``Run``.

    MLflow's public ``run.data.metrics`` has the values only, and ``get_metric_history`` costs one
    request for each metric.
    """
    return list(run.data._metric_objs)  # noqa: SLF001
