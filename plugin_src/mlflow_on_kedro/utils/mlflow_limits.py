"""Keys that MLflow accepts, for whatever a user calls a thing."""

from __future__ import annotations

import hashlib
import re
import sys

# The limits are those of `mlflow.utils.validation`; a test compares them, so that this module need
# not import mlflow.
MAX_KEY_LENGTH = 250
MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 8000

# Most keys are legal as they are, and none but a few characters are asked of them.
_LEGAL = re.compile(r"\w[\w\-]*(?:[ ./]\w[\w\-]*)*")
# As in `mlflow.utils.validation`; a dot would end the name in `models:/` addresses.
_NOT_IN_MODEL_NAMES = re.compile(r"""[/:.%"']""")
_ILLEGAL = re.compile(r"[^/\w.\- ]" if sys.platform == "win32" else r"[^/\w.\- :]")


def legal_key(key: str) -> str:
    """Make a key that MLflow accepts: see :data:`MAX_KEY_LENGTH` and the characters' rule.

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
    if legal.startswith(".."):  # MLflow looks at the characters, not at the part
        legal = f"__{legal[2:]}"
    return legal if len(legal) <= MAX_KEY_LENGTH else with_digest(legal, key)


def with_digest(legal: str, original: str) -> str:
    """Tell apart a key from another that has the same legal form, by a digest of the original."""
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{legal[: MAX_KEY_LENGTH - 9]}-{digest}"


def model_name(name: str) -> str:
    """Make a name that MLflow takes for a logged model, which has none of ``/ : . % " '``.

    A name that is legal already is returned unchanged.

    Example:
        >>> model_name("ns.wines")
        'ns_wines'
    """
    return _NOT_IN_MODEL_NAMES.sub("_", name)


def is_model_name(name: str) -> bool:
    """Whether MLflow takes a name for a logged model: see :func:`model_name`."""
    return bool(name) and model_name(name) == name
