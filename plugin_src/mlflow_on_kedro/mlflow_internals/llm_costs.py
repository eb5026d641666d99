"""The cost of a call of a language model, by MLflow's own table of prices."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def cost_of(
    model: str | None, provider: str | None, tokens: Mapping[str, Any] | None
) -> Mapping[str, float] | None:
    """Return the cost of a call in US dollars, as MLflow shows it at the call.

    Args:
        model: The model's name.
        provider: Who runs it, as MLflow names them; None: unknown.
        tokens: The tokens, as MLflow notes them at a span.

    Returns:
        ``input_cost``, ``output_cost`` and ``total_cost``; None if MLflow knows no price. Older
        versions, such as 3.10, know prices only where the package litellm is installed.
    """
    try:
        from mlflow.tracing.utils import calculate_cost_by_model_and_token_usage as calculate
    except ImportError:
        return None
    given: dict[str, Any] = {"model_name": model, "usage": tokens, "model_provider": provider}
    known = inspect.signature(calculate).parameters
    try:
        found: Mapping[str, float] | None = calculate(
            **{name: value for name, value in given.items() if name in known}
        )
    except Exception:  # of litellm, for a model that it does not know
        return None
    return found
