"""Stores with very many runs, written into MLflow's tables: its client would take an hour."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

PARAMS, METRICS = 10, 5
_START_MS = 1_790_000_000_000
_SECONDS_BETWEEN = 60
_TAGS = {
    "mlflow.source.name": "bench",
    "mlflow.source.type": "PROJECT",
    "mlflow.user": "me",
    "kedro_command": "kedro run --params=model.C=0.1",
    "kedro.version": "1.7.0",
}


def fill(path: Path, experiment: str, count: int) -> None:
    """Add runs to an empty SQLite store; each has parameters, metrics, timings and tags.

    The metric ``accuracy`` differs from run to run, the best is in the middle of them, and the
    parameter ``model.C`` is a number.

    Args:
        path: The store, which MLflow has created.
        experiment: The name of the experiment, which is created.
        count: How many runs.
    """
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
            "VALUES (77, ?, ?, 'active')",
            (experiment, (path.parent / "mlruns").as_uri()),
        )
        for table, rows in _tables(count, path.parent):
            _insert(store, table, rows)


def _tables(count: int, folder: Path) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    numbers = random.Random(1)  # noqa: S311 - the ids of runs are no secrets
    ids = [uuid.UUID(int=numbers.getrandbits(128)).hex for _ in range(count)]
    artifacts = (folder / "mlruns").as_uri()
    columns = (
        "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, "
        "end_time, source_version, lifecycle_stage, artifact_uri, experiment_id"
    )
    yield (
        f"runs ({columns})",
        (
            (
                *(run_id, f"run-{n}", "PROJECT", "", "", "me", "FINISHED", _start(n)),
                *(_start(n) + 5000 + n % 977, "", "active", f"{artifacts}/{run_id}/artifacts", 77),
            )
            for n, run_id in enumerate(ids)
        ),
    )
    yield (
        "params (key, value, run_uuid)",
        ((key, value, run_id) for n, run_id in enumerate(ids) for key, value in _params(n)),
    )
    yield (
        "tags (key, value, run_uuid)",
        (
            (key, value, run_id)
            for n, run_id in enumerate(ids)
            for key, value in {**_TAGS, "mlflow.runName": f"run-{n}"}.items()
        ),
    )
    for table in ("metrics", "latest_metrics"):
        yield (
            f"{table} (key, value, timestamp, step, is_nan, run_uuid)",
            (
                (key, value, _start(n), 0, 0, run_id)
                for n, run_id in enumerate(ids)
                for key, value in _metrics(n, count)
            ),
        )


def _start(number: int) -> int:
    return _START_MS + 1000 * _SECONDS_BETWEEN * number


def _params(number: int) -> Iterator[tuple[str, str]]:
    yield "model.C", str((number * 37 % 1000 + 1) / 100)
    for index in range(1, PARAMS):
        yield f"split.option{index}", str(number % 7 if index == 1 else index)


def _metrics(number: int, count: int) -> Iterator[tuple[str, float]]:
    yield "accuracy", 1 - abs(number - count // 2) / count
    for index in range(1, METRICS):
        yield f"score{index}", index + number / count
    for node in ("split", "train", "report"):
        yield f"system/time/{node}", 1.5


def _insert(store: sqlite3.Connection, table: str, rows: Iterator[Sequence[object]]) -> None:
    columns = table.count(",") + 1
    marks = ", ".join("?" * columns)
    store.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - own names
