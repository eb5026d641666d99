"""What a run that a node began while MLflow was away is once MLflow has the pipeline's run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..journal.entries import VALUES, End, Part
from ..journal.folder import Journal, is_id
from ..journal.records import Header, Opened
from ..tracking import shared_run


def delivered_header(child: Journal, pipeline: Header, opened: Opened, client: Any) -> Header:
    """Say what run a child is in MLflow, now that MLflow has the pipeline's.

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
    if header.experiment == pipeline.experiment:  # wherever that is: it may have an id only
        header = replace(header, experiment_id=opened.experiment_id)
    if header.run_id is not None:  # a run that MLflow had: only who has ended it may end it
        ends = any(
            isinstance(entry, End) for name in child.sizes() for entry in child.entries(name)
        )
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
    """When the first node of a group began, in milliseconds since the epoch; 0: none has."""
    parts = (part for name in child.sizes(VALUES) for part in child.entries_of(name, Part))
    return round(1000 * min((part.start for part in parts if part.start), default=0.0))
