"""The name that was probably meant."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["flavor", "dataset", "data"], " Did you mean 'dataset'?"),
        (["x"], ""),
        ([], ""),
    ],
)
def test_nearest(known: list[str], said: str) -> None:
    """The nearest is named, however far it is; nothing is said when there is none."""
    assert did_you_mean("datset", known) == said
