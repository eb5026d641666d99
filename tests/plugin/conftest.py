"""What the tests of the journal's modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of a run in progress."""
    header = Header(new_id(), "demo", start_ms=5, root=str(tmp_path))
    made = Journal.create(tmp_path / ".mlflow_on_kedro" / "journal", header)
    yield made
    made.release()
