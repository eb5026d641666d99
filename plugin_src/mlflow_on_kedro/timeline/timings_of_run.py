"""The timings of a run, from what MLflow alone holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import MLflowOnKedroError
from ..journal.span import Span
from ..tracking import store
from ..tracking.timing_metrics import (
    FAILED_NODE_TAG,
    PIPELINE_METRIC,
    PREFIX_TAG,
    Names,
    metric_key,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REQUESTS_AT_ONCE = 8

Kind = Literal["load", "run", "save"]


def spans_of(client: MlflowClient, run: Any, prefix: str | None = None) -> list[Span]:
    """Read what was timed of a run: its nodes, and their loads and saves.

    The metrics' names tell datasets and nodes, their steps which node loads or saves what. Of
    processes and attempts that share a run each counts its steps from 0, so of several nodes with
    one step it is that which is nearest in time. Of a node that ran again, the last time counts.

    Args:
        client: A client of the run's store.
        run: MLflow's ``Run``. The history of each metric costs a request.
        prefix: What node metrics begin with where the run does not say; None: ``time/node/``.

    Raises:
        MLflowOnKedroError: Its names have no prefix, so that its timings are like other metrics.
    """
    prefix = run.data.tags.get(PREFIX_TAG, prefix)
    names = Names() if prefix is None else Names(run=prefix)
    if not names.run:
        raise MLflowOnKedroError(
            f"The run {run.info.run_id} was timed with an empty `time.prefix`, so the durations of "
            "its nodes cannot be told from its other metrics."
        )
    keys = _keys(run, names)
    histories = _histories(
        client, run.info.run_id, [key for keys_ in keys.values() for key in keys_]
    )
    attempts = {
        name: [_span("run", name, name, point) for point in histories[key]]
        for key, name in keys["run"].items()
    }
    # By time: what MLflow calls the latest point of a metric is that of the highest step.
    last = {name: max(spans, key=lambda span: span.end) for name, spans in attempts.items()}
    failed = run.data.tags.get(FAILED_NODE_TAG) if run.info.status != "FINISHED" else None
    failed_key = metric_key(names.of("run", failed)) if failed else None
    found = [
        replace(span, failed=metric_key(names.of("run", name)) == failed_key)
        for name, span in last.items()
    ]
    every = [span for spans in attempts.values() for span in spans]
    for kind in ("load", "save"):
        for key, name in keys[kind].items():
            found += _of_nodes(kind, name, histories[key], every, last)
    return found


def _keys(run: Any, names: Names) -> dict[Kind, dict[str, str]]:
    """The metrics that are timings, and the name of what each has timed."""
    # Nodes come last: a prefix for them may be the beginning of the others'.
    kinds: tuple[Kind, ...] = ("load", "save", "run")
    begins = {kind: metric_key(names.of(kind, "x")).removesuffix("x") for kind in kinds}
    found: dict[Kind, dict[str, str]] = {kind: {} for kind in kinds}
    for key in run.data.metrics:
        for kind, begin in begins.items():
            if key.startswith(begin) and key not in (begin, PIPELINE_METRIC):
                found[kind][key] = key.removeprefix(begin)
                break
    return found


def _span(kind: Kind, node: str, name: str, point: Any) -> Span:
    end = point.timestamp / 1000
    return Span(kind, node, name, end - point.value, end, point.step)


def _histories(client: MlflowClient, run_id: str, keys: Sequence[str]) -> dict[str, list[Any]]:
    """All points of each metric: a dataset may be loaded, and a node run, more than once."""
    at_once = _REQUESTS_AT_ONCE if store.is_remote(client.tracking_uri) else 1
    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(lambda key: client.get_metric_history(run_id, key), keys)
        return {key: list(points) for key, points in zip(keys, found, strict=True)}


def _of_nodes(
    kind: Literal["load", "save"],
    name: str,
    points: Iterable[Any],
    attempts: Sequence[Span],
    last: Mapping[str, Span],
) -> list[Span]:
    """The loads or saves of one dataset, each with the node that it belongs to.

    Those of a node's earlier attempt are left out, as that attempt is.
    """
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
    """Seconds between a load or save and a node."""
    return abs(node.start - span.end) if span.kind == "load" else abs(span.start - node.end)
