"""How an evaluation calls its judge: the environment variables that MLflow and its clients read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from ..utils.secrets import looks_secret

_DEFAULT_PROVIDER = "openai"
_NO_KEY = "none"
"""For a server of the user's own, which asks for no key; MLflow refuses to call it without."""


def environment(model: str | None, credentials: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the environment variables by which a judge is called.

    Args:
        model: The judge, as in ``openai:/gpt-4.1-mini``.
        credentials: ``api_key`` and ``base_url``; in capitals any other variable, such as
            ``AWS_REGION``.

    Raises:
        DatasetError: The credentials have another key.

    Example:
        >>> sorted(environment("openai:/gpt-4.1", {"base_url": "http://localhost:8000/v1"}))
        ['OPENAI_API_BASE', 'OPENAI_API_KEY', 'OPENAI_BASE_URL']
    """
    provider = (model or _DEFAULT_PROVIDER).partition(":")[0].upper().replace("-", "_")
    found: dict[str, str] = {}
    for key, value in _items(credentials):
        if key == "api_key":
            found[f"{provider}_API_KEY"] = str(value)
        elif key == "base_url":
            # MLflow's own client reads the first, those of OpenAI and LiteLLM the second.
            found |= {f"{provider}_API_BASE": str(value), f"{provider}_BASE_URL": str(value)}
        elif key.isupper():
            found[key] = str(value)
        else:
            raise DatasetError(
                f"`credentials` of an evaluation are `api_key` and `base_url`, and environment "
                f"variables in capitals; not {key!r}."
            )
    if f"{provider}_BASE_URL" in found and not os.environ.get(f"{provider}_API_KEY"):
        found.setdefault(f"{provider}_API_KEY", _NO_KEY)
    return found


def secrets(credentials: Mapping[str, Any] | None) -> list[str]:
    """Return the values that no message may show."""
    return [str(value) for key, value in _items(credentials) if looks_secret(key) and value]


def _items(credentials: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in (credentials or {}).items()]
