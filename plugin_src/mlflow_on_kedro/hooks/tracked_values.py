"""Logging what a tracking dataset holds; the same for a run now and for an imported session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..journal.run_logger import RunLogger
from ..utils.secret_items import leave_out_secrets


def log_tracked(run: RunLogger, kind: str, name: str, content: Any) -> list[str]:
    """Log the content of a tracking dataset, by the names that Kedro-Viz showed.

    Numbers become metrics; other values of a ``JSONDataset`` become parameters; dicts are
    flattened. Values whose names look like secrets are left out.

    Args:
        run: The run.
        kind: ``metrics`` or ``json``.
        name: The dataset's name, with which the names of its values begin.
        content: What the dataset saves.

    Returns:
        The names of secrets.
    """
    if kind == "metrics" and isinstance(content, Mapping):
        content = {key: _number(value) for key, value in content.items()}
    shown, hidden = leave_out_secrets(name, content)
    if shown is not None:
        run.log_values(name, shown)
    return hidden


def _number(value: Any) -> Any:
    # A MetricsDataset saves whatever `float` takes, such as a number in a text.
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
