"""Checks of tracking and registry URIs; a message gives the nearest URI that MLflow accepts.

MLflow takes a URI without a scheme for a folder, and has stopped tracking to folders: a server's
address without a scheme would fail at the first call, with a message about folders.
"""

from __future__ import annotations

import difflib
import re

from ..errors import ConfigError
from ..utils.secrets import mask_urls
from .uri_schemes import (
    CHECKS,
    FOR_ARTIFACTS,
    HOST,
    OTHER_NAMES,
    PACKAGES,
    SERVERS,
    SQLITE,
    UNCHECKED,
    WORDS,
    Mistake,
    UriParts,
    check_folder,
    registered,
    split,
)

_EXAMPLES = f"'http://127.0.0.1:5000' or '{SQLITE}'"
_SIMILAR = 0.7
# A name that is an address rather than a folder.
_ADDRESS = re.compile(
    rf"(?:[^/@]+@{HOST}|(?![.~]){HOST}(?=:\d)|localhost|\d+(?:\.\d+){{3}})"
    r"(?::\d+)?(?:/.*)?"
)
# A name that may be an address or a folder.
_DOTTED = re.compile(r"[\w\-]+(?:\.[\w\-]+)+(?:/.*)?")
_PORT = re.compile(r":?(?P<port>\d{2,5})")
_DATABASE_FILE = re.compile(r".*\.(?:db|sqlite3?)")
_SPACES_AND_QUOTES = " \t\r\n'\"`"
_USER = re.compile(r"^(?P<before>[A-Za-z][\w+.\-]*:?[/\\]+)?.*@")
_MOST_MISTAKES = 9


def check(uri: str, where: str) -> None:
    """Check a URI without contacting anything.

    Args:
        uri: A tracking or registry URI.
        where: The name of the setting, for the message.

    Raises:
        ConfigError: MLflow does not accept the URI. The message gives the nearest one that it
            accepts, and shows no credentials.
    """
    found = mistake(uri)
    if found is not None:
        raise ConfigError(f"{where} is {found}")


def mistake(uri: str) -> str | None:
    """Describe what is wrong with a URI, and what to write instead; None if nothing is.

    Nothing is contacted, and MLflow is not imported.

    Example:
        >>> mistake("127.0.0.1:5055")
        "'127.0.0.1:5055': the scheme is missing. Write 'http://127.0.0.1:5055'."
    """
    first = _find_mistake(uri)
    if first is None:
        return None
    form = nearest_form(uri)
    instead = f"'{_masked(form)}'" if form is not None else f"for example {_EXAMPLES}"
    return f"{_masked(uri)!r}: {first.problem}. Write {instead}."


def nearest_form(uri: str) -> str | None:
    """Return the URI that the user probably meant; None if no valid one is near.

    Example:
        >>> nearest_form("postgres:/me@host/db"), nearest_form("s3://bucket")
        ('postgresql://me@host/db', None)
    """
    form: str | None = uri
    for _ in range(_MOST_MISTAKES):  # each step corrects one
        found = _find_mistake(form) if form is not None else None
        if found is None:
            return form
        form = found.form
    return None


def is_refused_folder(uri: str) -> bool:
    """Whether a URI is a folder, and this MLflow does not track to folders."""
    found = _find_mistake(uri)
    return found is not None and found == check_folder()


def _find_mistake(uri: str) -> Mistake | None:
    bare = uri.strip(_SPACES_AND_QUOTES)
    if bare != uri:
        return Mistake("it has spaces or quotes around it", bare or None)
    if uri in WORDS:
        return None
    parts = split(uri)
    if parts is None or (not parts.mark.startswith(":") and parts.family not in CHECKS):
        return _without_scheme(uri)
    return _with_scheme(uri, parts)


def _with_scheme(uri: str, parts: UriParts) -> Mistake | None:
    if parts.family not in CHECKS:
        is_known = parts.scheme in UNCHECKED or parts.scheme in registered()
        return None if is_known else _unknown_scheme(uri, parts)
    if parts.scheme != parts.scheme.lower() and parts.family not in SERVERS:
        lower = f"{parts.scheme.lower()}{parts.mark}{parts.rest}"
        return Mistake("the scheme must be in lower case", lower)
    return CHECKS[parts.family](parts)


def _unknown_scheme(uri: str, parts: UriParts) -> Mistake:
    if _ADDRESS.fullmatch(uri):
        return Mistake("the scheme is missing", f"http://{uri}")
    if parts.family in FOR_ARTIFACTS:
        return Mistake(
            "that is a place for artifacts, as `experiment.artifact_location` is; runs need a "
            "server or a database"
        )
    if parts.family in PACKAGES:
        return Mistake(f"that needs the package {PACKAGES[parts.family]}, which is not installed")
    near = _most_similar(parts.family, [*CHECKS, *WORDS, *registered()])
    meant = OTHER_NAMES.get(parts.family) or near
    return Mistake("MLflow knows no such scheme", f"{meant}{parts.after_family}" if meant else None)


def _without_scheme(uri: str) -> Mistake | None:
    port = _PORT.fullmatch(uri)
    if port is not None:
        return Mistake("it is only a port", f"http://127.0.0.1:{port['port']}")
    if _DATABASE_FILE.fullmatch(uri):
        return Mistake("the scheme is missing", f"sqlite:///{uri}")
    if uri.startswith(("://", "//")) or _ADDRESS.fullmatch(uri):
        return Mistake("the scheme is missing", f"http://{uri.lstrip(':/')}")
    if _DOTTED.fullmatch(uri):
        folder = "" if check_folder() else f" (a folder of that name is './{uri}')"
        return Mistake(f"the scheme is missing{folder}", f"http://{uri}")
    word = _most_similar(uri.lower(), WORDS[:1])
    return Mistake("MLflow does not know that word", word) if word else check_folder()


def _most_similar(text: str, known: list[str] | tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(text, known, n=1, cutoff=_SIMILAR)
    return found[0] if found else None


def _masked(uri: str) -> str:
    """Mask credentials, which may be anywhere before an at sign in a text that is no URL."""
    if "@" in uri and not uri.lower().startswith("sqlite"):
        uri = _USER.sub(r"\g<before>***@", uri)
    return mask_urls(uri)
