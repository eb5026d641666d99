"""How each kind of entry is sent."""

from __future__ import annotations

from mlflow_on_kedro.delivery.routes import AT_THE_END, LOCAL_ONLY, UPLOADS, VALUE_REQUESTS
from mlflow_on_kedro.journal.entries import FILES, VALUES, Entry


def test_each_kind_has_one_route() -> None:
    """Every kind of entry is sent in exactly one way, in its own lane."""
    values = [*VALUE_REQUESTS, *AT_THE_END, *LOCAL_ONLY]
    kinds = list(Entry.kinds.values())
    assert sorted(values, key=str) == sorted((k for k in kinds if k.lane == VALUES), key=str)
    assert sorted(UPLOADS, key=str) == sorted((k for k in kinds if k.lane == FILES), key=str)
