"""Spans that nodes make with MLflow, as of calls of language models: as entries of the journal.

MLflow's autologging makes them, or the node itself with ``@mlflow.trace`` and
``mlflow.start_span``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..journal.entries import CallSpan
from ..journal.entry_lines import storable
from ..mlflow_internals import tags
from ..utils.secrets import MASK, is_secret, mask_in_urls, mask_secrets, mask_urls
from . import llm_usage

if TYPE_CHECKING:
    from mlflow.entities import Span

_HINTS = ("key", "token", "secret", "pass", "pwd", "cred", "auth", "cookie", "dsn", "://")
"""Each name of a secret contains one of these, and so does each URL."""
_TEXTS = frozenset({"content", "input", "instructions", "messages", "prompt", "system", "text"})
"""Arguments of clients of language models that are texts, or have texts in them."""


def to_entry(span: Span) -> CallSpan:
    """Make the entry of a span that has ended; what looks like a secret in it is masked.

    What the call has returned stays as it is: ``token`` is also what models call a part of a text.
    In texts for a model only credentials in URLs are masked.

    Args:
        span: The span.
    """
    content = span.to_dict()
    attributes = content["attributes"]
    usage = llm_usage.usage_text(attributes)
    content["attributes"] = {
        name: _storable(text if name == tags.SPAN_OUTPUTS else _masked_attribute(name, text))
        for name, text in attributes.items()
    }
    for event in content["events"]:
        event["attributes"] = {
            name: _storable(mask_secrets(value) if isinstance(value, str) else value)
            for name, value in dict(event["attributes"]).items()
        }
    status = content["status"]
    status["message"] = _storable(mask_secrets(status["message"] or ""))
    content["name"] = _storable(content["name"])
    text = json.dumps(content, default=str, ensure_ascii=False)
    return CallSpan(span.trace_id, span.span_id, span.parent_id or "", usage, text)


def to_span(entry: CallSpan) -> Span:
    """Make the span of an entry.

    Raises:
        ValueError: The entry's content is damaged.
    """
    from mlflow.entities import Span

    return Span.from_dict(json.loads(entry.content))


def _storable(value: Any) -> Any:
    return storable(value) if isinstance(value, str) and not value.isascii() else value


def _masked_attribute(name: str, text: Any) -> Any:
    """Mask secrets in an attribute, which MLflow keeps as JSON."""
    if not isinstance(text, str):
        return text
    lowered = f"{name}{text}".lower()
    if not any(hint in lowered for hint in _HINTS):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return mask_urls(text)
    shown = masked({name: value})[name]
    return text if shown == value else json.dumps(shown, ensure_ascii=False)


def masked(value: Any, *, is_text: bool = False) -> Any:
    """Copy nested dicts and lists, and mask what looks like a secret.

    Args:
        value: The value.
        is_text: Whether it is a text for people or models: only credentials in URLs are masked.

    Example:
        >>> masked({"api_key": "abc", "content": "http://me:pw@host says: set password=... here"})
        {'api_key': '***', 'content': 'http://***@host says: set password=... here'}
    """
    if isinstance(value, Mapping):
        return {
            name: MASK
            if is_secret(str(name), item)
            else masked(item, is_text=is_text or str(name).rpartition(".")[2] in _TEXTS)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item, is_text=is_text) for item in value]
    if not isinstance(value, str):
        return value
    return mask_in_urls(value) if is_text else mask_urls(value)
