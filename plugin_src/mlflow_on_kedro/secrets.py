"""What must not be told: names that look like secrets, and credentials inside URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SECRET_WORDS = (
    *("token", "password", "passwd", "secret", "key", "credential"),
    *("authorization", "cookie", "request_headers"),
)

# The user part of a URL, with or without a password: `http://user:pw@host` or `https://token@host`.
# It is greedy up to the last `@` before the path, because an unescaped password may hold one.
_URL_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)[^\s/'\"<>]+@")


def looks_secret(name: str) -> bool:
    """Tell whether a name looks like that of a secret.

    Example:
        >>> looks_secret("AWS_SECRET_ACCESS_KEY"), looks_secret("HOSTNAME")
        (True, False)
    """
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS)


def mask_urls(text: str) -> str:
    """Replace credentials inside the URLs of a text.

    Example:
        >>> mask_urls("cannot reach http://me:pw@host:5000/x")
        'cannot reach http://***@host:5000/x'
    """
    return _URL_CREDENTIALS.sub(r"\g<scheme>***@", text) if "://" in text else text


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
    """Leave the user and password out of a URI.

    Example:
        >>> without_credentials("http://me:pw@host:5000")
        'http://host:5000'
    """
    return _URL_CREDENTIALS.sub(r"\g<scheme>", uri)
