"""Parameters whose value exceeds MLflow's limit: cut, or logged as a tag or an artifact."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..errors import ValueTooLongError
from ..utils.mlflow_limits import MAX_PARAM_LENGTH, MAX_TAG_LENGTH, with_digest
from .entries import Entry, Param, Tag, Text
from .values import cut, tag_text

logger = logging.getLogger(__name__)

_SEE_ARTIFACT = "see the artifact "

# In bytes and without the extension; file systems take 255.
_MAX_FILE_NAME = 250


def param(
    key: str, value: Any, too_long: str = "truncate", max_length: int = MAX_PARAM_LENGTH
) -> list[Entry]:
    """Return the entries for a parameter; a value that is too long is handled as configured.

    Args:
        key: A legal key.
        value: Any value; it is converted to text.
        too_long: ``truncate``, ``tag``, ``artifact`` or ``error``.
        max_length: The longest value in characters, at most MLflow's own 6,000.

    Raises:
        ValueTooLongError: The value is too long, and ``too_long`` is ``error``.
    """
    text = tag_text(value)
    limit = min(max_length, MAX_PARAM_LENGTH)
    if len(text) <= limit:
        return [Param(key, text)]
    return _TOO_LONG[too_long](key, text, limit)


def _truncate(key: str, text: str, limit: int) -> list[Entry]:
    logger.warning(
        "Parameter '%s' is %d characters long and was cut to %d (`too_long: artifact` keeps all).",
        key,
        len(text),
        limit,
    )
    return [Param(key, cut(text, limit))]


def _as_tag(key: str, text: str, limit: int) -> list[Entry]:
    if len(text) > MAX_TAG_LENGTH:
        logger.warning(
            "Parameter '%s' is %d characters long, too long for a tag as well: it is an artifact.",
            key,
            len(text),
        )
        return _as_artifact(key, text, limit)
    return [Tag(key, text)]


def _as_artifact(key: str, text: str, limit: int) -> list[Entry]:
    fits = all(len(part) <= _MAX_FILE_NAME for part in key.encode().split(b"/"))
    path = f"params/{key if fits else with_digest(key[:60], key)}.txt"
    return [Param(key, cut(f"{_SEE_ARTIFACT}{path}", limit)), Text(path, text)]


def artifact_path_in(text: str) -> str | None:
    """Return the path of the artifact to which a parameter's value refers; None if to none.

    Example:
        >>> artifact_path_in("see the artifact params/prompt.txt")
        'params/prompt.txt'
    """
    path = text.removeprefix(_SEE_ARTIFACT)
    is_reference = text.startswith(f"{_SEE_ARTIFACT}params/") and text.endswith(".txt")
    return path if is_reference and ".." not in path.split("/") else None


def _error(key: str, text: str, limit: int) -> list[Entry]:
    raise ValueTooLongError(
        f"Parameter '{key}' is {len(text)} characters long, and the limit is {limit}. "
        "Shorten it, or set `too_long` to truncate, tag or artifact."
    )


_TOO_LONG: dict[str, Callable[[str, str, int], list[Entry]]] = {
    "truncate": _truncate,
    "tag": _as_tag,
    "artifact": _as_artifact,
    "error": _error,
}
