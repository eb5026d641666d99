"""Nodes of the pipeline ``data_processing``."""

from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split


def clean_wines(raw_wines: pd.DataFrame) -> pd.DataFrame:
    """Drop incomplete and repeated analyses.

    Args:
        raw_wines: One wine a row: the cultivar and its measurements.

    Returns:
        The rows that are left, numbered from 0.
    """
    return raw_wines.dropna().drop_duplicates(ignore_index=True)


def describe_wines(wines: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Describe a typical wine of each cultivar.

    Args:
        wines: One wine a row.

    Returns:
        For each cultivar the median of each measurement.
    """
    medians = wines.groupby("cultivar").median().round(2)
    return {str(cultivar): row.to_dict() for cultivar, row in medians.iterrows()}


def split_wines(
    wines: pd.DataFrame, split: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Set wines aside for testing, the same share of each cultivar.

    Args:
        wines: One wine a row.
        split: ``test_fraction`` between 0 and 1, and ``random_seed``.

    Returns:
        Wines for training, wines for testing, and how many they are.
    """
    train_wines, test_wines = train_test_split(
        wines,
        test_size=split["test_fraction"],
        random_state=split["random_seed"],
        stratify=wines["cultivar"],
    )
    return train_wines, test_wines, {"train": len(train_wines), "test": len(test_wines)}
