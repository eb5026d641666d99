"""Nodes of the pipeline ``data_processing``."""

import pandas as pd

from {{ cookiecutter.python_package }}.pipelines.data_processing.nodes import (
    clean_wines,
    describe_wines,
    split_wines,
)

WINES = pd.DataFrame({"cultivar": [1, 1, 2, 2], "alcohol": [13.0, 14.0, 12.0, 12.5]})


def test_clean_wines() -> None:
    """Incomplete and repeated rows are dropped, and the rest is numbered again."""
    incomplete = pd.DataFrame({"cultivar": [1], "alcohol": [None]}, dtype="float64")
    raw_wines = pd.concat([incomplete, WINES, WINES])
    pd.testing.assert_frame_equal(clean_wines(raw_wines), WINES, check_dtype=False)


def test_describe_wines() -> None:
    """A typical wine is the median of each measurement, for each cultivar."""
    assert describe_wines(WINES) == {"1": {"alcohol": 13.5}, "2": {"alcohol": 12.25}}


def test_split_wines() -> None:
    """Each cultivar is split in the same proportion, and no wine is lost."""
    train_wines, test_wines, sizes = split_wines(WINES, {"test_fraction": 0.5, "random_seed": 0})
    assert sizes == {"train": 2, "test": 2}
    assert sorted(test_wines["cultivar"]) == [1, 2]
    pd.testing.assert_frame_equal(pd.concat([train_wines, test_wines]).sort_index(), WINES)
