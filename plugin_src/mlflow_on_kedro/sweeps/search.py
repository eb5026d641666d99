"""Which combination comes next: all of a grid, or those that Optuna chooses."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigError
from .combination import Result
from .space import Choices, Interval, Space, grid

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLERS = {
    "tpe": ("TPESampler", "optuna"),
    "random": ("RandomSampler", "optuna"),
    "gp": ("GPSampler", "torch"),
    "cmaes": ("CmaEsSampler", "cmaes"),
}
"""A sampler's name -> its class, and the package that it needs."""


class Search(Protocol):
    """Chooses combinations.

    Attributes:
        total: How many there are, with those that have ended before.
    """

    total: int

    def ask(self) -> tuple[int, dict[str, Any]] | None:
        """Return the next combination, its number and values; None: there is none."""

    def tell(self, number: int, value: float | None) -> None:
        """Note the metric of a combination; None: it has failed or has no metric."""


class GridSearch:
    """All combinations of the parameters' values, in order.

    Args:
        space: What each parameter takes.
        done: The numbers of the combinations that have run before.

    Example:
        >>> search = GridSearch({"depth": Choices((1, 2))}, done=[1])
        >>> search.ask(), search.ask()
        ((2, {'depth': 2}), None)
    """

    def __init__(self, space: Space, done: Iterable[int] = ()) -> None:
        combinations = grid(space)
        self.total = len(combinations)
        skipped = set(done)
        self._left = iter(
            [pair for pair in enumerate(combinations, start=1) if pair[0] not in skipped]
        )

    def ask(self) -> tuple[int, dict[str, Any]] | None:
        """Return the next combination, its number and values; None: there is none."""
        return next(self._left, None)

    def tell(self, number: int, value: float | None) -> None:
        """Do nothing: a grid has the same combinations whatever comes of them."""


class OptunaSearch:
    """Combinations that Optuna chooses by the metrics of those before.

    Args:
        space: What each parameter takes.
        trials: How many combinations there are, with those of ``done``.
        sampler: How Optuna chooses.
        seed: The sampler's seed.
        minimize: The smaller the metric, the better.
        done: The results of combinations that have run before, by their numbers.
        score: Returns the metric of a result, if it has one.

    Raises:
        ConfigError: Optuna, or what the sampler needs, is not installed.
    """

    def __init__(
        self,
        space: Space,
        trials: int,
        *,
        sampler: str,
        seed: int | None,
        minimize: bool,
        done: Mapping[int, Result],
        score: Callable[[Result], float | None],
    ) -> None:
        optuna = _import_optuna()
        self.total = trials
        # What Optuna takes: its categories are texts, numbers, true, false and null only.
        self._choices = {
            name: domain.values for name, domain in space.items() if isinstance(domain, Choices)
        }
        self._distributions = {name: _distribution(optuna, one) for name, one in space.items()}
        self._study = optuna.create_study(
            direction="minimize" if minimize else "maximize",
            # With the same seed a sweep that goes on would begin with the same combinations.
            sampler=_sampler(
                optuna, sampler, seed if seed is None else seed + max(done, default=0)
            ),
        )
        self._trials: dict[int, Any] = {}
        self._number = max(done, default=0)
        self._left = trials - len(done)
        for result in done.values():
            value = score(result)
            params = self._params_of(result.values)
            if value is not None and params is not None:
                self._study.add_trial(
                    optuna.trial.create_trial(
                        params=params, distributions=self._distributions, value=value
                    )
                )

    def ask(self) -> tuple[int, dict[str, Any]] | None:
        """Return the next combination, its number and values; None: there is none."""
        if self._left <= 0:
            return None
        self._left -= 1
        self._number += 1
        trial = self._study.ask(self._distributions)
        self._trials[self._number] = trial
        values = {
            name: self._choices[name][value] if name in self._choices else value
            for name, value in trial.params.items()
        }
        return self._number, values

    def tell(self, number: int, value: float | None) -> None:
        """Note the metric of a combination; None: it has failed or has no metric."""
        import optuna

        trial = self._trials.pop(number)
        if value is None or math.isnan(value):
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, value)

    def _params_of(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a combination's values as Optuna knows them; None: it is of another space."""
        found: dict[str, Any] = {}
        for name in self._distributions:
            if name not in values:
                return None
            if name not in self._choices:
                found[name] = values[name]
            elif values[name] in self._choices[name]:
                found[name] = self._choices[name].index(values[name])
            else:
                return None
        return found


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            "--trials needs Optuna, which chooses the combinations: `pip install optuna`. Without "
            "--trials a sweep runs all combinations of the values, and needs no other package."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a sweep prints its own lines
    return optuna


def _distribution(optuna: Any, domain: Choices | Interval) -> Any:
    kinds = optuna.distributions
    if isinstance(domain, Choices):
        return kinds.CategoricalDistribution(list(range(len(domain.values))))
    if domain.kind == "int":
        return kinds.IntDistribution(int(domain.low), int(domain.high))
    return kinds.FloatDistribution(domain.low, domain.high, log=domain.kind == "log")


def _sampler(optuna: Any, name: str, seed: int | None) -> Any:
    kind, package = _SAMPLERS[name]
    if importlib.util.find_spec(package) is None:
        raise ConfigError(
            f"Optuna's sampler '{name}' needs a package that is not installed: `pip install "
            f"{package}`. The samplers tpe and random need none."
        )
    return getattr(optuna.samplers, kind)(seed=seed)
