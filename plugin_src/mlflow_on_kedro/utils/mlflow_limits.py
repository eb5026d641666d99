"""MLflow's limits for keys and names, and how to make any name fit them."""

from __future__ import annotations

import hashlib
import re
import sys

# The limits of `mlflow.utils.validation`, which is not imported; a test compares them.
MAX_KEY_LENGTH = 250
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 8000
# The length of the column; MLflow does not check it.
MAX_RUN_NAME_LENGTH = 250

# A quick check that most keys pass.
_LEGAL = re.compile(r"\w[\w\-]*(?:[ ./]\w[\w\-]*)*")
# As in `mlflow.utils.validation`; in addition the dot, which would end the name in `models:/` URIs.
_NOT_IN_MODEL_NAMES = re.compile(r"""[/:.%"']""")
_ILLEGAL = re.compile(r"[^/\w.\- ]" if sys.platform == "win32" else r"[^/\w.\- :]")


def legal_key(key: str) -> str:
    """Make a key that MLflow accepts: of legal characters, and at most :data:`MAX_KEY_LENGTH` long.

    A key that is legal already is returned unchanged. Parts that would escape a folder (``..``),
    doubled, leading and trailing slashes are replaced, because stores use keys as paths.

    Example:
        >>> legal_key("f1 (macro) %")
        'f1 _macro_ _'
    """
    if len(key) <= MAX_KEY_LENGTH and _LEGAL.fullmatch(key):
        return key
    legal = _ILLEGAL.sub("_", key)
    parts = [part if part not in {"", ".", ".."} else "_" * len(part) for part in legal.split("/")]
    legal = "/".join(part for part in parts if part) or "_"
    if legal.startswith(".."):  # MLflow refuses these two characters, also in `..a`
        legal = f"__{legal[2:]}"
    return legal if len(legal) <= MAX_KEY_LENGTH else with_digest(legal, key)


def with_digest(legal: str, original: str) -> str:
    """Add a digest of the original to a legal key, to distinguish it from another key's."""
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{legal[: MAX_KEY_LENGTH - 9]}-{digest}"


def model_name(name: str) -> str:
    """Make a name that MLflow accepts for a logged model, without any of ``/ : . % " '``.

    A name that is legal already is returned unchanged.

    Example:
        >>> model_name("ns.wines")
        'ns_wines'
    """
    return _NOT_IN_MODEL_NAMES.sub("_", name)


def is_model_name(name: str) -> bool:
    """Whether MLflow accepts a name for a logged model: see :func:`model_name`."""
    return bool(name) and model_name(name) == name
