"""An experiment with a few runs that a client makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mlflow_on_kedro.tracking.finding import Runs


@pytest.fixture
def runs(store_uri: str) -> Runs:
    """The runs of the experiment demo."""
    return Runs(store_uri, "demo")


@pytest.fixture
def add(client: Any) -> Callable[..., str]:
    """A function that adds a run to the experiment; each begins a second later, and takes two."""
    experiment = client.create_experiment("demo", "file:///not/there")
    start = 1_790_000_000_000

    def add_(
        name: str,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, Any] | None = None,
        status: str | None = "FINISHED",
        **tags: str,
    ) -> str:
        nonlocal start
        start += 1000
        from mlflow.entities import Metric, Param

        run_id = str(client.create_run(experiment, start, tags=tags, run_name=name).info.run_id)
        client.log_batch(
            run_id,
            [Metric(key, value, start, 0) for key, value in (metrics or {}).items()],
            [Param(key, str(value)) for key, value in (params or {}).items()],
        )
        if status is not None:
            client.set_terminated(run_id, status, start + 2000)
        return run_id

    return add_
