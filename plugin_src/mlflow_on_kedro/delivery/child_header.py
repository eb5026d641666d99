"""The headers of child runs, with the ids that MLflow has given to the pipeline's run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..journal.entries import End, SpanRecord
from ..journal.folder import Journal, is_id
from ..journal.records import Header, Opened
from ..tracking import shared_run


def delivered_header(child: Journal, pipeline: Header, opened: Opened, client: Any) -> Header:
    """Return the header of a child, with the ids that MLflow has given to its parents.

    Args:
        child: The child's journal.
        pipeline: The header of the pipeline's journal.
        opened: The pipeline's run in MLflow.
        client: A client of the store.

    Raises:
        Exception: MLflow cannot be reached.
    """
    header = child.header
    if header.group is not None:
        return replace(
            header,
            experiment_id=opened.experiment_id,
            parent=opened.run_id,
            start_ms=_first_ms(child) or header.start_ms,
        )
    if header.experiment == pipeline.experiment:  # which may be given by its id only
        header = replace(header, experiment_id=opened.experiment_id)
    if header.run_id is not None:  # an existing run: end it only if the node has
        ends = any(True for _ in child.all_of(End))
        return replace(header, owned=ends)
    if header.parent == pipeline.journal:
        return replace(header, parent=opened.run_id)
    if header.parent is not None and is_id(header.parent):
        found = shared_run.with_tag(
            client, opened.experiment_id, shared_run.JOURNAL_TAG, header.parent
        )
        return replace(header, parent=found[0].info.run_id if found else opened.run_id)
    return header


def _first_ms(child: Journal) -> int:
    """Return when the first node of a group began, in milliseconds since the epoch; 0 if none."""
    starts = (span.start for span in child.all_of(SpanRecord) if span.start)
    return round(1000 * min(starts, default=0.0))
