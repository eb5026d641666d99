"""Pure functions from Python values to MLflow's parameters, metrics and tags, within its limits."""

from __future__ import annotations

import ast
import datetime as dt
import logging
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..utils.mlflow_limits import MAX_TAG_LENGTH
from ..utils.nested import flatten
from ..utils.secrets import mask_secrets, mask_urls
from .entries import Entry, Metric, Tag
from .entry_lines import storable

logger = logging.getLogger(__name__)


def is_number(value: Any) -> bool:
    """Return whether a value is a real number (also NumPy's, or a 0-d array), but no bool."""
    value = plain(value)
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and not _is_time(value)


def is_text(value: Any) -> bool:
    """Return whether a value is logged as a parameter: str, bool, list, tuple or set."""
    return isinstance(plain(value), str | bool | list | tuple | set | frozenset)


def plain(value: Any) -> Any:
    """Turn NumPy-like scalars and 0-d arrays into Python numbers; return others unchanged.

    Anything with ``item()`` and no dimensions counts, so NumPy need not be imported, and the
    scalars of PyTorch and JAX are numbers too.
    """
    if isinstance(value, str | bool | int | float) and type(value).__module__ == "builtins":
        return value
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return value if _is_time(value) else value.item()
    return value


def _is_time(value: Any) -> bool:
    # NumPy's dates and durations would become a number of nanoseconds.
    return getattr(getattr(value, "dtype", None), "kind", None) in {"M", "m"}


def param_text(value: Any) -> str:
    """Return a value as a parameter's text, readable and the same in every process.

    NumPy scalars become numbers, dates ISO 8601, and sets are sorted.

    Example:
        >>> param_text({"b", "a"})
        "{'a', 'b'}"
    """
    if isinstance(value, str):
        return value
    is_container = isinstance(value, list | tuple | set | frozenset | Mapping)
    return _text(value) if is_container else str(plain(value))


def _text(value: Any) -> str:
    value = plain(value)
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(_text, value))) + "}" if value else "set()"
    if type(value) is list:
        return "[" + ", ".join(map(_text, value)) + "]"
    if type(value) is tuple:
        return "(" + ", ".join(map(_text, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    return repr(str(value) if isinstance(value, dt.date) else value)


def parse_param(text: str) -> Any:
    """Parse a parameter's text: bools, lists, tuples, sets and dicts; others stay text.

    Example:
        >>> parse_param("[1, 2]"), parse_param("rbf")
        ([1, 2], 'rbf')
    """
    if text == "set()":
        return set()
    if text in {"True", "False"} or text[:1] + text[-1:] in {"[]", "()", "{}"}:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
    return text


def metric(key: str, value: Any, timestamp: int, step: int = 0) -> Entry:
    """Return a metric; a tag for a number that MLflow would store as another one.

    MLflow stores infinities as +-1.797e308 and cannot hold integers beyond a float.

    Args:
        key: A legal key.
        value: A real number.
        timestamp: Milliseconds since the epoch.
        step: The point's place in the series.
    """
    value = plain(value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        logger.warning(
            "Metric '%s' is %s, which MLflow cannot hold: logged as a tag.",
            key,
            cut(_digits(value), 40),
        )
        return Tag(key, cut(_digits(value), MAX_TAG_LENGTH))
    return Metric(key, number, int(timestamp), int(step))


def tag(key: str, value: Any) -> Entry:
    """Return a tag; a value beyond MLflow's limit is cut, with a warning."""
    text = tag_text(value)
    if len(text) > MAX_TAG_LENGTH:
        logger.warning(
            "Tag '%s' is %d characters long and was cut to %d.", key, len(text), MAX_TAG_LENGTH
        )
    return Tag(key, cut(text, MAX_TAG_LENGTH))


def tag_text(value: Any) -> str:
    """Return a value as text that every store accepts, with passwords masked."""
    return storable(mask_secrets(param_text(value)))


def by_type(
    key: str,
    value: Any,
    separator: str = ".",
    levels: int | None = None,
    *,
    lists: bool = False,
) -> Iterator[tuple[str, Any, str]]:
    """Apply the `a` rule: yield ``(key, leaf, kind)`` with kind ``metric`` or ``param``.

    Numbers are metrics; str, bool, list, tuple and set are parameters; dicts are flattened; other
    types are skipped. This is the rule of PipelineX's ``dataset="a"``. The other arguments are
    those of :func:`flatten`.

    Example:
        >>> list(by_type("config", {"train": {"batch_size": 32, "shuffle": True}}))
        [('config.train.batch_size', 32, 'metric'), ('config.train.shuffle', True, 'param')]
    """
    for name, leaf in flatten(key, value, separator, levels, lists=lists):
        kind = kind_of(leaf)
        if kind is None:
            logger.debug(
                "'%s' is not logged: %s is no type for it.", mask_urls(name), type(leaf).__name__
            )
        else:
            yield name, leaf, kind


def kind_of(leaf: Any) -> str | None:
    """Return what a leaf becomes by the `a` rule: ``metric``, ``param``, or None.

    Example:
        >>> kind_of(0.5), kind_of("rbf"), kind_of(None)
        ('metric', 'param', None)
    """
    return next((kind for kind, fits in _KINDS if fits(leaf)), None)


_KINDS: Iterable[tuple[str, Callable[[Any], bool]]] = (
    ("metric", is_number),
    ("param", is_text),
    ("param", lambda leaf: isinstance(leaf, Mapping)),  # empty, or below `levels`
)


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, with "..." at the end of what was cut."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)] + "..."[:limit]


def _digits(number: Any) -> str:
    try:
        return str(number)
    except ValueError:  # Python prints no integers beyond 4,300 digits
        return f"about {'-' if number < 0 else ''}2**{int(number).bit_length() - 1}"
