"""Keys: whatever a user calls a thing, MLflow takes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow_on_kedro.utils import mlflow_limits

# The same examples in every run, and no folder of found ones.
quick = settings(max_examples=150, database=None, derandomize=True, deadline=None)


def test_the_limit() -> None:
    """The lengths are those of the MLflow that is installed."""
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from mlflow.utils import validation

    assert mlflow_limits.MAX_KEY_LENGTH == validation.MAX_ENTITY_KEY_LENGTH
    assert mlflow_limits.MAX_RUN_NAME_LENGTH == SqlRun.name.type.length  # noqa: SIM300 - as above


@quick
@given(st.text(max_size=300))
def test_any_text_becomes_a_key_that_mlflow_takes(key: str) -> None:
    """Whatever the key, MLflow's own validation accepts its legal form."""
    from mlflow.utils import validation

    legal = mlflow_limits.legal_key(key)
    validation._validate_metric_name(legal)
    validation._validate_tag_name(legal)
    assert 0 < len(legal) <= validation.MAX_ENTITY_KEY_LENGTH


@pytest.mark.parametrize(
    "key",
    ["..", "../up", "..up", "up/..", "a/../b", ".", "./a", "/a", "a/", "a//b", "", "/", " "],
)
def test_paths_become_keys_that_mlflow_takes(key: str) -> None:
    """Keys that MLflow refuses as paths get a legal form of their own."""
    from mlflow.utils import validation

    validation._validate_metric_name(mlflow_limits.legal_key(key))


@quick
@given(st.from_regex(r"[\w.\- :]{1,20}(/[\w.\- :]{1,20}){0,3}", fullmatch=True))
def test_legal_keys_stay(key: str) -> None:
    """A key that MLflow accepts is not changed."""
    from mlflow.utils import validation

    if not validation.path_not_unique(key):
        assert mlflow_limits.legal_key(key) == key


def test_long_keys_stay_apart() -> None:
    """Keys beyond the limit that differ in their ends only stay two keys."""
    one, other = (mlflow_limits.legal_key("k" * 300 + end) for end in "12")
    assert one != other
    assert len(one) == len(other) == mlflow_limits.MAX_KEY_LENGTH
