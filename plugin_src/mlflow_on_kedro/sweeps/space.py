"""What a sweep tries: the values of each parameter, as the user writes them, and their grid."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..errors import ConfigError

MAX_VALUES = 10_000
"""The most values of a parameter, and the most combinations of a grid."""

_NUMBER = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_RANGE = re.compile(rf"({_NUMBER}?)\.\.({_NUMBER}?)(?:\.\.({_NUMBER}))?")
_CALL = re.compile(r"(\w+)\((.*)\)")
_NAME = re.compile(r"[^\s.=,]+(\.[^\s.=,]+)*")
_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "\"'"
_HELP = (
    "Write values as in 0.01,0.1,1, a range of them as in 1..5 or 0..1..0.25, or for --trials "
    "log(0.001,10), uniform(0,1), int(1,9) or choice(a,b)"
)


@dataclass(frozen=True)
class Choices:
    """A parameter takes one of these values."""

    values: tuple[Any, ...]

    def samples(self) -> tuple[Any, ...]:
        """Return a few of the values."""
        return self.values[:5]


@dataclass(frozen=True)
class Interval:
    """A parameter takes any number of an interval, both ends included.

    Attributes:
        kind: ``uniform``, ``log`` (the logarithm is uniform) or ``int``.
        low: The least number.
        high: The greatest number.
    """

    kind: str
    low: float
    high: float

    def samples(self) -> tuple[Any, ...]:
        """Return both ends."""
        return (self.low, self.high)


Domain = Choices | Interval
Space = Mapping[str, Domain]
"""A parameter's dotted name -> what it takes."""
_INTERVALS = ("uniform", "log", "int")


def parse_option(text: str, where: str = "--param") -> tuple[str, Domain]:
    """Parse one option ``--param NAME=VALUES``.

    Args:
        text: The option's value.
        where: The name to use in messages.

    Raises:
        ConfigError: The name or a value is wrong.

    Example:
        >>> parse_option("model.C=0.1,1")
        ('model.C', Choices(values=(0.1, 1)))
    """
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("params:")
    if not equals or not _NAME.fullmatch(name):
        raise ConfigError(
            f'{where} "{text}": write the name of a parameter, = and its values, as in '
            f'{where} "model.C=0.01,0.1,1".'
        )
    return name, parse_domain(values, f'{where} "{text}"')


def parse_domain(given: Any, where: str) -> Domain:
    """Parse the values of a parameter.

    Args:
        given: A text as in ``--param``, or from mlflow.yml a list, or a single value.
        where: The name to use in messages.

    Raises:
        ConfigError: There is no value, or one is wrong.

    Example:
        >>> parse_domain("1..3,10", "--param")
        Choices(values=(1, 2, 3, 10))
        >>> parse_domain("log(0.001,10)", "--param")
        Interval(kind='log', low=0.001, high=10)
    """
    if isinstance(given, list | tuple):
        return _choices(given, where)
    if not isinstance(given, str):
        return _choices([given], where)
    call = _CALL.fullmatch(given.strip())
    if call is None:
        return _choices((value for item in _items(given, where) for value in item), where)
    kind, inner = call.groups()
    if kind == "choice":
        return _choices((value for item in _items(inner, where) for value in item), where)
    if kind not in _INTERVALS:
        raise ConfigError(f"{where}: there is no '{kind}'. {_HELP}.")
    return _interval(kind, inner, where)


def grid(space: Space) -> list[dict[str, Any]]:
    """Return all combinations; the last parameter changes fastest.

    Raises:
        ConfigError: A parameter takes any number of an interval, or there are too many.

    Example:
        >>> grid({"a": Choices((1, 2)), "b": Choices(("x",))})
        [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    values: list[tuple[Any, ...]] = []
    for name, domain in space.items():
        if isinstance(domain, Interval):
            raise ConfigError(
                f"'{name}' takes any number from {domain.low} to {domain.high}, which has no grid: "
                "say how many combinations to try, as in --trials 20, or list its values."
            )
        values.append(domain.values)
    count = math.prod(len(one) for one in values)
    if count > MAX_VALUES:
        raise ConfigError(
            f"These are {count:,} combinations, and a sweep takes {MAX_VALUES:,} at most: list "
            "fewer values, or have some of them tried with --trials."
        )
    return [
        dict(zip(space, combination, strict=True)) for combination in itertools.product(*values)
    ]


def label(values: Mapping[str, Any]) -> str:
    """Name a combination, as the run of it is named.

    Example:
        >>> label({"model.C": 0.1, "features": ["age", "size"], "scale": True})
        'model.C=0.1, features=[age, size], scale=true'
    """
    return ", ".join(f"{name}={text(value)}" for name, value in values.items())


def text(value: Any) -> str:
    """Write a value in few characters, numbers of an interval with five digits.

    Example:
        >>> text(0.046568046379), text(None), text("lbfgs")
        ('0.046568', 'null', 'lbfgs')
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {text(item)}' for key, item in value.items())}}}"
    return str(value)


def _choices(values: Iterable[Any], where: str) -> Choices:
    found: list[Any] = []
    for value in itertools.islice(values, MAX_VALUES + 1):
        # 1, 1.0 and true are equal in Python, and are not the same parameter.
        if not any(value == one and type(value) is type(one) for one in found):
            found.append(value)
    if not found:
        raise ConfigError(f"{where}: there is no value. {_HELP}.")
    if len(found) > MAX_VALUES:
        raise ConfigError(f"{where}: these are more than {MAX_VALUES:,} values.")
    return Choices(tuple(found))


def _interval(kind: str, inner: str, where: str) -> Interval:
    ends = [value for item in _items(inner, where) for value in item]
    numbers = (int,) if kind == "int" else (int, float)
    is_right = len(ends) == 2 and all(  # noqa: PLR2004 - both ends
        isinstance(end, numbers) and not isinstance(end, bool) and math.isfinite(end)
        for end in ends
    )
    if not is_right:
        what = "whole numbers" if kind == "int" else "numbers"
        raise ConfigError(f"{where}: '{kind}' takes two {what}, as in {kind}(1,9).")
    low, high = ends
    if low >= high:
        raise ConfigError(f"{where}: the first number of '{kind}' must be the smaller one.")
    if kind == "log" and low <= 0:
        raise ConfigError(f"{where}: the numbers of 'log' must be greater than 0.")
    return Interval(kind, low, high)


def _items(given: str, where: str) -> Iterator[Iterable[Any]]:
    """Yield the values of each item between commas: one value, or those of a range."""
    if not given.strip():
        return
    for item in _split(given, where):
        numbers = _RANGE.fullmatch(item)
        if numbers is not None:
            yield _range(numbers, where)
        elif not item:
            raise ConfigError(f"{where}: a value is missing beside a comma. {_HELP}.")
        else:
            yield [_scalar(item, where)]


def _split(given: str, where: str) -> list[str]:
    """Split at commas that are not within quotes or brackets."""
    items, depth, quote = [""], 0, ""
    for sign in given:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES and not items[-1].strip():
            quote = sign
        elif sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif sign == "," and depth == 0:
            items.append("")
            continue
        items[-1] += sign
    if quote or depth:
        missing = f"quote {quote}" if quote else "bracket"
        raise ConfigError(f"{where}: a {missing} is not closed.")
    return [item.strip() for item in items]


def _range(numbers: re.Match[str], where: str) -> list[Any]:
    """Return the numbers of ``1..5`` or ``0..1..0.25``, computed as decimals: 0.1 is 0.1."""
    words = numbers.groups()
    if not words[0] or not words[1]:
        raise ConfigError(f"{where}: a range has two ends, as in 1..5.")
    are_whole = all(re.fullmatch(r"[-+]?\d+", word) for word in words if word)
    if words[2] is None and not are_whole:
        raise ConfigError(f"{where}: give the step of a range of fractions, as in 0..1..0.25.")
    low, high, step = (Decimal(word) for word in (words[0], words[1], words[2] or "1"))
    if low > high or step <= 0:
        raise ConfigError(
            f"{where}: a range goes from the smaller number to the larger one, with a step above "
            "0, as in 0..1..0.25."
        )
    count = int((high - low) / step) + 1
    if count > MAX_VALUES:
        raise ConfigError(f"{where}: these are more than {MAX_VALUES:,} values.")
    kind = int if are_whole else float
    return [kind(low + step * place) for place in range(count)]


def _scalar(item: str, where: str) -> Any:
    import yaml

    if re.fullmatch(_NUMBER, item) and not re.fullmatch(r"[-+]?\d+", item):
        return float(item)  # YAML reads 1e-3 as a text
    try:
        value = yaml.safe_load(item)
    except yaml.YAMLError:
        raise ConfigError(f"{where}: {item!r} is no value in YAML. Put quotes around it.") from None
    # Only the text of a date is kept as it is written.
    return _plain(value) if isinstance(value, str | int | float | list | dict | None) else item


def _plain(value: Any) -> Any:
    """Write dates as texts: neither MLflow's parameters nor JSON have them."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | None) else str(value)
