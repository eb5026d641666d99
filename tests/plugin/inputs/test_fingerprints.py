"""What tells data from other data."""

from __future__ import annotations

from datetime import datetime, timezone

from mlflow_on_kedro.inputs.fingerprints import sha256


def test_values_that_json_has_not() -> None:
    """Times, as object stores tell them, have a digest, too."""
    first, later = (datetime(2024, 1, day, tzinfo=timezone.utc) for day in (1, 2))
    assert sha256([first]) == sha256([first]) != sha256([later])
