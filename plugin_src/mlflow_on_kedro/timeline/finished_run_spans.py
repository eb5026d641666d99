"""Read the spans of a finished run from MLflow, without its journal and its project."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.span import Span
from ..tracking import downloads, store
from ..tracking.failures import Kind, kind_of, reason
from ..tracking.timing_metrics import metric_key
from . import timeline_file
from .metric_spans import spans_of_metrics
from .workers import with_labels

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_MOST_BYTES = 200_000_000
_FOR_LATER = (Kind.SILENT, Kind.BUSY)


def spans_of_finished_run(client: MlflowClient, run: Any, prefix: str | None = None) -> list[Span]:
    """Read the spans of a run's nodes, and of their loads and saves.

    They are in the timelines among the run's artifacts (:mod:`.timeline_file`). Nodes that are in
    none of these, because an earlier version of the plugin has run them or the file has not
    arrived, are read from the run's metrics. If a node has run several times, the last time counts.

    Args:
        client: A client of the run's store.
        run: MLflow's ``Run``.
        prefix: The prefix of nodes' metrics if the run has no tag with it; None: the default.

    Raises:
        MLflowOnKedroError: The run has no timeline, and its prefix is empty, so timings cannot be
            told from other metrics.
        Exception: MLflow or its artifact store cannot be reached.
    """
    found = last_attempts(_timelines_or_none(client, run.info.run_id))
    known = {metric_key(span.node) for span in found}
    return found + spans_of_metrics(client, run, prefix, but=known)


def last_attempts(timelines: Iterable[list[Span]]) -> list[Span]:
    """Return each node's spans from the timeline in which it has ended last.

    Args:
        timelines: The spans of each process or attempt.
    """
    last: dict[str, tuple[float, list[Span]]] = {}
    for spans in timelines:
        by_node: dict[str, list[Span]] = {}
        for span in spans:
            by_node.setdefault(span.node, []).append(span)
        for node, own in by_node.items():
            end = max(span.end for span in own)
            if node not in last or end > last[node][0]:
                last[node] = end, own
    return with_labels([span for _, own in last.values() for span in own])


def _timelines_or_none(client: MlflowClient, run_id: str) -> list[list[Span]]:
    """Return the spans of each timeline of a run; none where artifacts may not be read."""
    try:
        return list(_timelines(client, run_id))
    except Exception as error:
        if kind_of(error) in _FOR_LATER:
            raise
        logger.warning(
            "The run's timeline cannot be read, so loads and saves are missing in its chart. (%s)",
            reason(error),
        )
        return []


def _timelines(client: MlflowClient, run_id: str) -> Iterator[list[Span]]:
    """Yield the spans of each timeline of a run; one that is damaged is left out."""
    listed = downloads.artifacts_of(client, run_id, timeline_file.FOLDER)
    paths = {timeline_file.FILE} & listed
    if timeline_file.PARTS in listed:
        paths |= downloads.artifacts_of(client, run_id, timeline_file.PARTS)
    for path in sorted(paths):
        try:
            yield timeline_file.from_text(_read(client, run_id, path))
        except ValueError as mistake:
            logger.warning("The timings in the run's artifact %s are left out: %s.", path, mistake)


def _read(client: MlflowClient, run_id: str, path: str) -> str:
    with store.artifacts_at(client.tracking_uri), tempfile.TemporaryDirectory() as folder:
        file = Path(client.download_artifacts(run_id, path, folder))
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        return file.read_text(encoding="utf-8")
