"""What must not be told: names that look like secrets, and credentials inside URLs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

# Wherever they stand in a name, as in DBPASSWORD.
_SECRET_PARTS = (
    *("password", "passwd", "passphrase", "secret", "credential", "authorization", "cookie"),
    *("apikey", "accesskey", "privatekey", "request_headers"),
)
# As a word of a name; `max_tokens` and `key_column` are none.
_SECRET_WORDS = frozenset({"token", "pwd", "dsn"})
_KEYS = frozenset({"key", "keys", "tokens"})
_OF_KEYS = frozenset(
    {"api", "access", "account", "auth", "encryption", "license", "private", "signing", "ssh"}
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# The user part of a URL, with or without a password: `http://user:pw@host` or `https://token@host`.
# It is greedy up to the last `@` before the path, because an unescaped password may hold one.
_URL_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^\s/'\"<>]+@")
_QUERY = re.compile(r"(?P<start>[?&](?P<name>[^=&?#\s'\"<>]+)=)[^&#\s'\"<>]+")
# `password=abc`, or `"password": "abc"` as in JSON.
_ASSIGNED = re.compile(
    r"""(?P<start>\b(?P<name>\w[\w\-]*)(?:=['"]?|['"]?:\s*['"]))(?P<value>[^\s'",;&)]+)"""
)


def looks_secret(name: str) -> bool:
    """Tell whether a name looks like that of a secret.

    Example:
        >>> looks_secret("AWS_SECRET_ACCESS_KEY"), looks_secret("max_tokens")
        (True, False)
    """
    lowered = name.lower()
    if any(part in lowered for part in _SECRET_PARTS):
        return True
    words = [word.lower() for word in _WORDS.findall(name)]
    return (
        words[-1:] == ["key"]
        or any(word in _SECRET_WORDS or word.endswith("token") for word in words)
        or any(a in _OF_KEYS and b in _KEYS for a, b in itertools.pairwise(words))
    )


def mask_urls(text: str) -> str:
    """Replace credentials inside the URLs of a text.

    Example:
        >>> mask_urls("cannot reach http://me:pw@host:5000/x")
        'cannot reach http://***@host:5000/x'
    """
    if "://" not in text:
        return text
    masked = _URL_CREDENTIALS.sub(r"\g<scheme>***@", text)
    return _QUERY.sub(_masked, masked) if "?" in masked else masked


def mask_secrets(text: str) -> str:
    """Replace what looks like a secret in an error's text, also outside of URLs.

    Example:
        >>> mask_secrets("login failed: user=me password=pw")
        'login failed: user=me password=***'
    """
    return _ASSIGNED.sub(_masked, mask_urls(text))


def _masked(match: re.Match[str]) -> str:
    return f"{match['start']}***" if looks_secret(match["name"]) else match[0]


def without_secrets(value: Any) -> Any:
    """Copy nested dicts and lists, with the values of secret-looking names and of URLs masked.

    Example:
        >>> without_secrets({"model": {"api_key": "abc", "depth": 3}})
        {'model': {'api_key': '***', 'depth': 3}}
    """
    if isinstance(value, Mapping):
        return {
            name: "***" if looks_secret(str(name)) else without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    return mask_urls(value) if isinstance(value, str) else value


def without_credentials(uri: str) -> str:
    """Leave the user and password, and secrets in the query, out of a URI.

    Example:
        >>> without_credentials("http://me:pw@host:5000?token=abc&timeout=3")
        'http://host:5000?timeout=3'
    """
    place, _, query = _URL_CREDENTIALS.sub(r"\g<scheme>", uri).partition("?")
    kept = [item for item in query.split("&") if item and not looks_secret(item.split("=")[0])]
    return "?".join([place, *(["&".join(kept)] if kept else [])])
