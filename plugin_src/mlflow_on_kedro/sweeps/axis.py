"""One axis of a sweep's chart."""

from __future__ import annotations

import math
from typing import Any

from .space import text

_TICKS = 5
_TICK_GAP = 0.035
"""Numbers beside an axis that are nearer to each other would overlap."""
_LOG_RATIO = 100
"""From this ratio of the greatest to the least number on, an axis is logarithmic."""
_MOST_NAMES = 12


class Axis:
    """One axis: where each value is on it, from 0 to 1, and what is written beside it.

    Args:
        name: The name of a parameter or metric.
        values: Its value in each combination; None: it has none there.
    """

    def __init__(self, name: str, values: list[Any]) -> None:
        self.name = name
        self.values = values
        numbers = [float(one) for one in values if _is_number(one)]
        known = [one for one in values if one is not None]
        self.is_constant = len(values) > 1 and all(one == values[0] for one in values)
        self.is_number = bool(numbers) and len(numbers) == len(known)
        if not self.is_number:
            words = list(dict.fromkeys(text(one) for one in known))
            last = max(1, len(words) - 1)
            self._places = {word: place / last for place, word in enumerate(words)}
            step = math.ceil(len(words) / _MOST_NAMES) or 1
            self.ticks = [(self._places[word], word) for word in words[::step]]
            return
        low, high = min(numbers), max(numbers)
        # Values such as 0.001, 0.1, 10 would lie upon each other.
        self._is_log = low > 0 and high / low >= _LOG_RATIO
        self._low, self._high = self._scaled(low), self._scaled(high)
        distinct = sorted(set(numbers))
        if len(distinct) > _TICKS + 1:
            span = self._high - self._low
            scaled = [self._low + span * place / (_TICKS - 1) for place in range(_TICKS)]
            distinct = [10**one if self._is_log else one for one in scaled]
        self.ticks = []
        for one in distinct:
            place = self._share(one)
            if not self.ticks or place - self.ticks[-1][0] > _TICK_GAP:
                self.ticks.append((place, f"{one:.4g}"))

    def _scaled(self, number: float) -> float:
        return math.log10(number) if self._is_log else number

    def place(self, value: Any) -> float | None:
        """Return where a value is on the axis; None: nowhere."""
        if value is None:
            return None
        if not self.is_number:
            return self._places[text(value)]
        return self._share(float(value))

    def _share(self, number: float) -> float:
        span = self._high - self._low
        return (self._scaled(number) - self._low) / span if span else 0.5


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
