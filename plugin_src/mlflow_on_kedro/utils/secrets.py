"""Detect and mask secrets: values whose names look secret, and credentials in URLs and texts.

Each search takes time in proportion to the text's length, for any text: repetitions in the patterns
are bounded, or end where the next match may begin.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
"""What a secret is replaced by."""

# Anywhere in a name, as in DBPASSWORD.
_SECRET_PARTS = (
    *("password", "passwd", "passphrase", "secret", "credential", "authorization", "cookie"),
    *("apikey", "accesskey", "privatekey", "request_headers"),
)
# As a whole word of a name, so that `max_tokens` and `key_column` are not secrets.
_SECRET_WORDS = frozenset({"token", "pwd", "dsn"})
# As the last word of a name: `pass_rate` is no secret.
_LAST_WORDS = frozenset({"key", "pass", "passcode"})
_KEYS = frozenset({"key", "keys", "tokens"})
_OF_KEYS = frozenset(
    {"api", "access", "account", "auth", "encryption", "license", "private", "signing", "ssh"}
)
# Words before `tokens` if these are tokens of a language model, and not of an account.
_OF_LANGUAGE = frozenset(
    {
        *("added", "allowed", "bad", "cached", "completion", "context", "extra", "input", "mask"),
        *("max", "min", "n", "new", "num", "output", "pad", "prompt", "special", "stop"),
        *("suppress", "total", "used", "vocab"),
    }
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def looks_secret(name: str) -> bool:
    """Whether a name looks like that of a secret.

    Example:
        >>> looks_secret("AWS_SECRET_ACCESS_KEY"), looks_secret("max_tokens")
        (True, False)
    """
    lowered = name.lower()
    if any(part in lowered for part in _SECRET_PARTS):
        return True
    words = [word.lower() for word in _WORDS.findall(name)]
    return (
        not _LAST_WORDS.isdisjoint(words[-1:])
        or any(word in _SECRET_WORDS or word.endswith("token") for word in words)
        or any(a in _OF_KEYS and b in _KEYS for a, b in itertools.pairwise(words))
    )


def is_secret(name: str, value: Any) -> bool:
    """Whether a value looks like a secret by its name; numbers never do.

    Args:
        name: The name, or several joined by ``.``.
        value: The value.

    Example:
        >>> is_secret("tokens", ["xoxb-1"]), is_secret("tokens", 256), is_secret("token", 512)
        (True, False, False)
        >>> is_secret("special_tokens", ["<s>"])
        False
    """
    if isinstance(value, str | list | tuple) and looks_secret(name):
        return True
    return _are_tokens(name) and _has_text(value)


def _are_tokens(name: str) -> bool:
    if "tokens" not in name.lower():
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    return any(
        word == "tokens" and before not in _OF_LANGUAGE
        for before, word in itertools.pairwise(["", *words])
    )


def _has_text(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_text, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_text, value))
    return isinstance(value, str)


# -- inside a text -----------------------------------------------------------------------------

# The user part of a URL, with or without a password: `http://user:pw@host` or `https://token@host`.
# It is greedy up to the last `@` before the path, because an unescaped password may hold one.
_URL_CREDENTIALS = re.compile(r"://[^\s/'\"<>]+@")
# The same with a `/` in the password, but neither `http://host:5000/a@b` nor `file://C:/a@b`. It
# ends before the next `://`, so that the search takes linear time.
_URL_WITH_SLASHES = re.compile(
    r"://(?![A-Za-z]:[/\\])[^\s/:@\['\"<>]+:(?!\d{2,5}/)"
    r"[^\s:@'\"<>]*(?::(?!//)[^\s:@'\"<>]*)*@(?:[^\s/'\"<>]*@)?"
)
# A server reached by SSH knows its user by a key: `git@` is part of the address, and no secret.
_SSH_USER = re.compile(r"ssh://([^\s/:@]+)(?::[^\s/]*)?@")

_URL = re.compile(r"://[^\s'\"<>]*[^\s'\"<>,.;)\]}]")


def _in_any_case(word: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in word)


def _names_with(letter: str) -> str:
    """Return a pattern for the parts of secret names that begin with a letter."""
    small = letter.lower()
    found = [_in_any_case(part[1:]) for part in _SECRET_PARTS if part[0] == small]
    found += [_in_any_case(word[1:]) + _KEY for word in sorted(_OF_KEYS) if word[0] == small]
    for word in _SECRET_WORDS:
        if word[0] == small:
            before = "" if word == "token" else "(?<![A-Za-z].)"
            if letter == small:
                found.append(f"{before}{word[1:]}(?![a-z])")
            else:
                found += [f"{word[1:]}(?![a-z])", f"{before}{word[1:].upper()}(?![A-Z])"]
    if small == "p":
        rest = "ass(?:code)?" if letter == small else "ASS(?:CODE)?"
        found.append(rf"(?<=[A-Za-z\d][_.\-]{letter}){rest}(?![\w\-])")
    names = (*_SECRET_PARTS, *_OF_KEYS, *_SECRET_WORDS)
    seconds = "".join(sorted({name[1] for name in names if name[0] == small}))
    return f"{letter}(?=[{seconds}{seconds.upper()}])(?:{'|'.join(found)})"  # fails soon


# The rules of `looks_secret`, except that neither `key` at the end nor `pass` alone is a secret:
# `data/user_key=12/part.csv`, `pass=3, fail=1`.
_KEY = r"[_\-.]?(?:[kK][eE][yY][sS]?|[tT][oO][kK][eE][nN][sS])(?![a-z])"
_LETTERS = sorted({word[0] for word in (*_SECRET_PARTS, *_OF_KEYS, *_SECRET_WORDS)})
# Each branch begins with a different letter, so that `re` skips to the next possible match.
_SECRET_NAME = "|".join(_names_with(x) for letter in _LETTERS for x in (letter, letter.upper()))


# To compile one of these takes 5 ms, and most processes need none.
@functools.cache
def _assigned() -> re.Pattern[str]:
    return re.compile(
        rf"""((?:{_SECRET_NAME})(?![\w\-]{{33}})[\w\-]*(?![\w\-])(?:
            [ \t]{{0,3}}=(?!=)[ \t]{{0,3}}  # `password=abc`, or `Password = abc;`
            |\\?['"]?\]?[ \t]{{0,3}}[=:][ \t]{{0,3}}\\?['"]  # `"password": "abc"` as in JSON
        ))(?:
            (?<==)(?=[^\s'",;&)])(?:\{{[^{{}}\n]*\}})?[^\s'",;&)]*(?:[^;=\n]*(?=;))?
            |(?<=[ =])(?:[^;=\n'"]+(?![^;\n])|[^\s;='",()\[\]{{}}]+(?!\S))
            |(?<=")(?:[^"\\\n]|\\.)*
            |(?<=')(?:[^'\\\n]|\\.)*
        )""",
        re.VERBOSE,
    )


@functools.cache
def _in_connection() -> re.Pattern[str]:
    # Within a connection string, where a value ends at the next semicolon only.
    return re.compile(
        rf"(;[ \t]{{0,3}}(?:{_SECRET_NAME})(?![\w\-]{{33}})[\w\-]*[ \t]{{0,3}}=(?!=)[ \t]{{0,3}})"
        r"(?!['\"{])[^;\n]+"
    )


# Each secret's name contains one of these, and most texts contain none.
_HINTS = (*_SECRET_PARTS, *_SECRET_WORDS, "key", "pass", "sig")
# Secrets in a URL's query, in addition to names that are secret everywhere.
_IN_QUERY = re.compile(
    r"((?:k(?<=[?&\-_.]k)ey|K(?<=[?&\-_.]K)EY|K(?<=[?&\-_.a-z]K)ey"
    r"|s(?<=[?&\-_.]s)ig(?:nature)?|S(?<=[?&\-_.]S)ig(?:nature)?)=)[^&#\s'\"<>]+"
)


def mask_urls(text: str) -> str:
    """Replace credentials inside the URLs of a text.

    Example:
        >>> mask_urls("cannot reach http://me:pw@host:5000/x")
        'cannot reach http://***@host:5000/x'
    """
    return mask_secrets(text) if "://" in text else text


def mask_in_urls(text: str) -> str:
    """Replace credentials inside the URLs of a text; what is around the URLs stays.

    Example:
        >>> mask_in_urls("Open http://me:pw@host?sig=abc, then set password=... in the file.")
        'Open http://***@host?sig=***, then set password=... in the file.'
    """
    return _URL.sub(lambda found: mask_secrets(found[0]), text) if "://" in text else text


def mask_secrets(text: str) -> str:
    """Replace what looks like a secret in a text: in URLs, in connection strings and in JSON.

    Example:
        >>> mask_secrets("login failed: user=me password=pw")
        'login failed: user=me password=***'
        >>> mask_secrets("Server=h;User Id=me;Password=p w;")
        'Server=h;User Id=me;Password=***;'
    """
    is_url = "://" in text
    if is_url:
        text = _mask_credentials(text)
    if "=" not in text and ":" not in text:
        return text
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return text
    if is_url and "?" in text:
        place, _, query = text.partition("?")
        text = f"{place}{_masked(_IN_QUERY, f'?{query}')}"
    if ";" in text:
        text = _masked(_in_connection(), text)
    return _masked(_assigned(), text)


def _mask_credentials(text: str) -> str:
    for pattern in (_URL_CREDENTIALS, _URL_WITH_SLASHES):
        text = pattern.sub(f"://{MASK}@", text)
    return text


def _masked(pattern: re.Pattern[str], text: str) -> str:
    # Before Python 3.12 `sub` with a group in the replacement takes five times as long.
    parts = pattern.split(text)
    parts[1::2] = [f"{start}{MASK}" for start in parts[1::2]]
    return "".join(parts)


def without_secrets(value: Any) -> Any:
    """Copy nested dicts and lists, and mask values with secret-looking names, and URLs.

    Example:
        >>> without_secrets({"model": {"api_key": "abc", "depth": 3}})
        {'model': {'api_key': '***', 'depth': 3}}
    """
    if isinstance(value, Mapping):
        return {
            name: MASK
            if looks_secret(str(name)) or is_secret(str(name), item)
            else without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    return mask_secrets(value) if isinstance(value, str) else value


def without_credentials(uri: str) -> str:
    """Remove the user and password, and secrets in the query, from a URI.

    Example:
        >>> without_credentials("http://me:pw@host:5000?token=abc&timeout=3")
        'http://host:5000?timeout=3'
    """
    plain = _mask_credentials(uri).replace(f"://{MASK}@", "://")
    place, _, query = plain.partition("?")
    kept = [item for item in query.split("&") if item and not looks_secret(item.split("=")[0])]
    return "?".join([place, *(["&".join(kept)] if kept else [])])


def without_package_credentials(requirement: str) -> str:
    """Remove credentials from a requirement, or from the address that a package comes from.

    Args:
        requirement: A URL, or a line with one; the user of an SSH address stays.

    Example:
        >>> without_package_credentials("x @ git+https://me:pw@host/x.git@v1")
        'x @ git+https://host/x.git@v1'
        >>> without_package_credentials("x @ git+ssh://git@host/x.git@v1")
        'x @ git+ssh://git@host/x.git@v1'
    """
    ssh = _SSH_USER.search(requirement)
    plain = without_credentials(requirement)
    return plain.replace("ssh://", f"ssh://{ssh[1]}@", 1) if ssh else plain
