"""``--where``: conditions on runs, in MLflow's syntax, where parameters compare as numbers, too.

MLflow compares parameters and tags as texts only, for equality and by ``LIKE``. So a condition such
as ``params.model.C > 0.1`` is checked here, for runs that MLflow has found by the other conditions.
"""

from __future__ import annotations

import contextlib
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..errors import MLflowOnKedroError
from ..utils.suggestions import did_you_mean

_KINDS = {
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("tags", "tag"), "tags"),
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
    **dict.fromkeys(("datasets", "dataset"), "datasets"),
}
_ATTRIBUTES = ("run_name", "status", "start_time", "end_time", "user_id", "run_id", "artifact_uri")
_TIMES = ("start_time", "end_time")
_STATUSES = ("FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED")
_OPERATOR = re.compile(r"[=!<>~]{2,}")
_CONDITION = re.compile(
    r"""\s*(?P<key>[A-Za-z_]+(?:\.(?:`[^`]+`|"[^"]+"|[^\s=!<>`"'()]+))?)
    \s*(?P<operator>[<>]=?|!=|==?|NOT\s+IN\b|IN\b|I?LIKE\b|IS\s+NOT\s+NULL\b|IS\s+NULL\b)
    \s*(?P<value>'[^']*'|"[^"]*"|\([^()]*\)|(?<!NULL)(?!AND\b)[^\s'"()]+|)
    \s*(?P<end>AND\b|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EXAMPLE = 'params.model.C > 0.1 AND metrics.accuracy >= 0.9 AND params.kind = "linear"'


@dataclass(frozen=True)
class Condition:
    """One condition on a run.

    Attributes:
        kind: ``params``, ``metrics``, ``tags``, ``attributes`` or ``datasets``.
        key: The name of the parameter, metric, …
        operator: The comparison, in upper case.
        value: What follows it, as MLflow's filters have it; "" for ``IS NULL``.
        number: The value as a number; None: it is none, or stood in quotes.
        text: The condition as the user has written it.
    """

    kind: str
    key: str
    operator: str
    value: str
    number: float | None
    text: str

    @property
    def is_for_mlflow(self) -> bool:
        """Whether MLflow can check the condition, in any version."""
        if self.kind not in {"params", "tags"}:
            return True
        if self.operator.startswith("IS"):
            return False
        return self.operator not in {"<", "<=", ">", ">="} and self.number is None

    @property
    def filter_string(self) -> str:
        """The condition in MLflow's syntax; if MLflow cannot check it, what must hold with it."""
        if self.is_for_mlflow:
            return f"{self.kind}.`{self.key}` {self.operator} {self.value}"
        # Of runs that have the parameter at all; a run without it fulfils no comparison.
        return "" if self.operator.startswith("IS") else f"{self.kind}.`{self.key}` != ''"

    def holds(self, run: Any) -> bool:
        """Whether a run, MLflow's entity, fulfils a condition on a parameter or tag."""
        values = run.data.params if self.kind == "params" else run.data.tags
        value = values.get(self.key)
        if self.operator.startswith("IS"):
            return (value is None) == (self.operator == "IS NULL")
        if value is None:
            return False
        if self.number is None:
            return _COMPARE[self.operator](value, self.value[1:-1])
        number = to_number(value)
        if number is None:
            return self.operator == "!="
        return _COMPARE[self.operator](number, self.number)


def parse(where: str) -> list[Condition]:
    """Read conditions that are joined by ``AND``.

    Args:
        where: The user's text; "" for no condition.

    Raises:
        MLflowOnKedroError: The text cannot be read.

    Example:
        >>> [condition.filter_string for condition in parse("metrics.f1 > .5 and status = FAILED")]
        ['metrics.`f1` > 0.5', "attributes.`status` = 'FAILED'"]
    """
    conditions: list[Condition] = []
    position = 0
    while position < len(where.rstrip()):
        found = _CONDITION.match(where, position)
        if found is None:
            raise _mistake(where, f" from {where[position:].strip()!r} on" if position else "")
        conditions.append(_condition(where, found))
        position = found.end()
        if found["end"] and not where[position:].strip():
            raise _mistake(where, " at its end: a condition is missing after AND")
    return conditions


def filter_string(conditions: Sequence[Condition]) -> str:
    """Return the filter for MLflow; what it cannot check is left out."""
    return joined(*(item.filter_string for item in conditions))


def joined(*filters: str) -> str:
    """Join filters of MLflow, of which some may be "".

    Example:
        >>> joined("metrics.acc > 0.5", "", "status = 'FINISHED'")
        "metrics.acc > 0.5 AND status = 'FINISHED'"
    """
    return " AND ".join(filter(None, filters))


def quoted_key(kind: str, key: str) -> str:
    """Return the name of a metric or parameter as MLflow's filters and orders have it.

    Example:
        >>> quoted_key("metrics", "model.f1")
        'metrics.`model.f1`'
    """
    return f"{kind}.`{key}`"


def split_key(text: str, option: str) -> tuple[str, str]:
    """Read the name of a metric, parameter or attribute, such as ``metrics.accuracy``.

    Args:
        text: The user's text.
        option: Where it was given, for the message.

    Returns:
        Its kind, such as ``metrics``, and the name alone.

    Raises:
        MLflowOnKedroError: It is no such name.
    """
    begin, dot, key = text.partition(".")
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] and key[0] in "`\"'" else key
    kind = _KINDS.get(begin.lower())
    if dot and kind is not None and key and "`" not in key:
        return (kind, "run_name" if (kind, key) == ("attributes", "name") else key)
    if not dot and text in (*_ATTRIBUTES, "name", "duration"):
        return "attributes", "run_name" if text == "name" else text
    raise MLflowOnKedroError(
        f"{option}: {text!r} is none of a run's values. Write `metrics.{text}` for a metric, "
        f"`params.{text}` for a parameter, or one of {', '.join(_ATTRIBUTES)}."
        f"{did_you_mean(text, _ATTRIBUTES)}"
    )


def plain_number(value: float) -> str:
    """Write a number as MLflow's filters can read it: without a signed exponent.

    Example:
        >>> plain_number(1e-05), plain_number(-3.0)
        ('0.00001', '-3.0')
    """
    return f"{Decimal(repr(value)):f}"


def to_number(text: str) -> float | None:
    """Return a text as a number; None: it is none.

    Example:
        >>> to_number("1e-3"), to_number("linear")
        (0.001, None)
    """
    with contextlib.suppress(ValueError):
        return float(text)
    return None


def _condition(where: str, found: re.Match[str]) -> Condition:
    kind, key = split_key(found["key"], "--where")
    comparison = " ".join(found["operator"].upper().split()).replace("==", "=")
    value = found["value"]
    text = found[0].removesuffix(found["end"]).strip()
    if comparison.startswith("IS") == bool(value):
        raise _mistake(where, f" at {text!r}")
    number = to_number(value) if value else None
    if kind == "attributes" and key in _TIMES:
        value = _milliseconds(value, text)
    elif (kind, key) == ("attributes", "status") and comparison in {"=", "!="}:
        value = _status(value, text)
    elif kind == "metrics":
        if number is None or not math.isfinite(number):
            raise MLflowOnKedroError(f"--where: {text!r} compares a metric, but not with a number.")
        value = plain_number(number)
    elif value and value[0] not in "'\"(" and not _compares_numbers(kind, comparison, number):
        value, number = f"'{value}'", None
    return Condition(kind, key, comparison, value, number, text)


def _compares_numbers(kind: str, comparison: str, number: float | None) -> bool:
    return number is not None and kind in {"params", "tags"} and not comparison.endswith("LIKE")


def _status(value: str, text: str) -> str:
    """Check the name of a status, and put it in quotes."""
    plain = value.strip("'\"")
    if plain.upper() not in _STATUSES:
        raise MLflowOnKedroError(
            f"--where: {text!r} names no status of MLflow. They are {', '.join(_STATUSES)}."
            f"{did_you_mean(plain.upper(), _STATUSES)}"
        )
    return f"'{plain.upper()}'"


def _milliseconds(value: str, text: str) -> str:
    """Return a date or time as MLflow has it: in milliseconds since the epoch."""
    plain = value.strip("'\"")
    if plain.isdecimal() and len(plain) > len("20261127"):
        return plain
    try:
        return str(round(datetime.fromisoformat(plain).timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        raise MLflowOnKedroError(
            f"--where: {text!r} has no time. Write one such as '2026-11-27' or '2026-11-27 14:30'."
        ) from None


def _mistake(where: str, place: str) -> MLflowOnKedroError:
    unknown = [sign for sign in _OPERATOR.findall(where) if sign not in (*_COMPARE, "==")]
    if unknown:
        place = (
            f", because {unknown[0]!r} is no comparison: they are {' '.join(_COMPARE)}, LIKE, IN "
            "and IS NULL"
        )
    hint = (
        " OR is not possible, as in MLflow." if re.search(r"\bOR\b", where, re.IGNORECASE) else ""
    )
    return MLflowOnKedroError(
        f"--where: {where!r} cannot be read{place}.{hint} Write conditions joined by AND, such "
        f"as: {_EXAMPLE}"
    )
