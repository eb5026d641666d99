"""Read the spans of a finished run from its metrics, which have no names of nodes beside loads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import MLflowOnKedroError
from ..journal.span import Span
from ..tracking import store
from ..tracking.timing_metrics import (
    FAILED_NODE_TAG,
    PREFIX_TAG,
    Kind,
    Names,
    metric_key,
    names_in_runs,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REQUESTS_AT_ONCE = 8


def spans_of_metrics(
    client: MlflowClient, run: Any, prefix: str | None = None, *, but: Collection[str] = ()
) -> list[Span]:
    """Read the spans of a run's nodes, and of their loads and saves if these are metrics.

    The metrics' names contain the names of datasets and nodes; their steps are the numbers of the
    nodes that load or save a dataset. Each process or attempt that shares a run counts its steps
    from 0, so if several nodes have the same step, the nearest in time is meant. If a node has run
    several times, the last time counts.

    Args:
        client: A client of the run's store.
        run: MLflow's ``Run``. The history of each metric costs a request.
        prefix: The prefix of nodes' metrics if the run has no tag with it; None: the default.
        but: Nodes that are left out, by their names in metrics. If no other has run, no request is
            sent.

    Raises:
        MLflowOnKedroError: The prefix is empty, so timings cannot be told from other metrics.
    """
    prefix = run.data.tags.get(PREFIX_TAG, prefix)
    if prefix == "":
        if but:
            return []
        raise MLflowOnKedroError(
            f"The run {run.info.run_id} was timed with an empty `time.prefix`, so the durations of "
            "its nodes cannot be told from its other metrics."
        )
    keys = keys_by_kind(run, names_in_runs(prefix))
    if {metric_key(name) for name in keys["run"].values()} <= {*but}:
        return []
    histories = _histories(
        client, run.info.run_id, [key for keys_ in keys.values() for key in keys_]
    )
    attempts: dict[str, list[Span]] = {}
    for key, name in keys["run"].items():
        spans = [_span("run", name, name, point) for point in histories[key]]
        attempts.setdefault(name, []).extend(spans)
    # By time, because for MLflow a metric's latest point is the one of the highest step.
    last = {name: max(spans, key=lambda span: span.end) for name, spans in attempts.items()}
    failed = run.data.tags.get(FAILED_NODE_TAG) if run.info.status != "FINISHED" else None
    failed_key = metric_key(failed) if failed else None
    found = [replace(span, failed=metric_key(name) == failed_key) for name, span in last.items()]
    every = [span for spans in attempts.values() for span in spans]
    for kind in ("load", "save"):
        for key, name in keys[kind].items():
            found += _assign_to_nodes(kind, name, histories[key], every, last)
    return [span for span in found if metric_key(span.node) not in but]


def keys_by_kind(run: Any, names: Iterable[Names]) -> dict[Kind, dict[str, str]]:
    """Return, for each kind of timing, its metrics -> the name of the node or dataset."""
    # Nodes come last, because their prefix may be the beginning of the other prefixes.
    kinds: tuple[Kind, ...] = ("load", "save", "run")
    found: dict[Kind, dict[str, str]] = {kind: {} for kind in kinds}
    for key in run.data.metrics:
        for kind, item in ((kind, item) for kind in kinds for item in names):
            name = item.name_in(kind, key)
            if name is not None:
                found[kind][key] = name
                break
    return found


def _span(kind: Kind, node: str, name: str, point: Any) -> Span:
    end = point.timestamp / 1000
    return Span(kind, node, name, end - point.value, end, point.step)


def _histories(client: MlflowClient, run_id: str, keys: Sequence[str]) -> dict[str, list[Any]]:
    """Return all points of each metric: datasets may be loaded, and nodes run, several times."""
    at_once = _REQUESTS_AT_ONCE if store.is_remote(client.tracking_uri) else 1
    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(lambda key: client.get_metric_history(run_id, key), keys)
        return {key: list(points) for key, points in zip(keys, found, strict=True)}


def _assign_to_nodes(
    kind: Literal["load", "save"],
    name: str,
    points: Iterable[Any],
    attempts: Sequence[Span],
    last: Mapping[str, Span],
) -> list[Span]:
    """Return the loads or saves of a dataset with their nodes, for each node's last attempt."""
    nearest: dict[str, Span] = {}
    for point in points:
        span = _span(kind, "", name, point)
        near = [attempt for attempt in attempts if attempt.step == span.step]
        attempt = min(near, key=lambda attempt: _distance(span, attempt), default=None)
        if attempt is None or attempt is not last[attempt.node]:
            continue
        known = nearest.get(attempt.node)
        if known is None or _distance(span, attempt) < _distance(known, attempt):
            nearest[attempt.node] = replace(span, node=attempt.node)
    return list(nearest.values())


def _distance(span: Span, node: Span) -> float:
    """Return the seconds between a load or save and a node."""
    return abs(node.start - span.end) if span.kind == "load" else abs(span.start - node.end)
