"""Parameters that are too long for MLflow: what becomes of them."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.errors import ValueTooLongError
from mlflow_on_kedro.journal import long_values
from mlflow_on_kedro.journal.entries import Param, Tag, Text
from mlflow_on_kedro.utils import mlflow_limits


def test_at_the_limit() -> None:
    """A value of exactly MLflow's limit is whole."""
    text = "x" * mlflow_limits.MAX_PARAM_LENGTH
    assert long_values.param("k", text) == [Param("k", text)]


def test_truncate(caplog: pytest.LogCaptureFixture) -> None:
    """`truncate` cuts at the limit, and says the key and both lengths."""
    (entry,) = long_values.param("k", "x" * 10_000)
    assert entry == Param("k", "x" * 5997 + "...")
    assert all(word in caplog.text for word in ("'k'", "10000", "6000"))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_a_lower_limit(limit: int) -> None:
    """The user's own limit is kept to, however low."""
    (entry,) = long_values.param("k", "x" * 200, max_length=limit)
    assert isinstance(entry, Param)
    assert len(entry.value) == limit


def test_a_limit_above_mlflows() -> None:
    """A limit above MLflow's own is MLflow's own."""
    (entry,) = long_values.param("k", "x" * 7000, max_length=9000)
    assert isinstance(entry, Param)
    assert len(entry.value) == mlflow_limits.MAX_PARAM_LENGTH


def test_tag() -> None:
    """`tag` keeps the whole value as a tag of the same key."""
    assert long_values.param("k", "x" * 8000, "tag") == [Tag("k", "x" * 8000)]


def test_too_long_for_a_tag() -> None:
    """A value too long for a tag as well becomes an artifact: nothing is lost."""
    assert long_values.param("k", "x" * 8001, "tag")[1] == Text("params/k.txt", "x" * 8001)


def test_artifact() -> None:
    """`artifact` keeps the whole value as a text file, and the parameter names it."""
    assert long_values.param("a/k", "x" * 7000, "artifact") == [
        Param("a/k", "see the artifact params/a/k.txt"),
        Text("params/a/k.txt", "x" * 7000),
    ]


def test_the_artifact_of_a_long_key_can_be_stored() -> None:
    """The artifact's file names fit into 255 bytes, also for a long key beyond ASCII."""
    (_, one), (_, other) = (
        long_values.param("長" * 200 + end, "x" * 7000, "artifact") for end in "12"
    )
    assert isinstance(one, Text)
    assert isinstance(other, Text)
    assert max(len(part.encode()) for part in one.path.split("/")) <= 255
    assert one.path != other.path


def test_error() -> None:
    """`error` raises, and says the key, both lengths and what to do."""
    with pytest.raises(ValueTooLongError, match=r"'k' is 7000 .* 6000.*too_long"):
        long_values.param("k", "x" * 7000, "error")
