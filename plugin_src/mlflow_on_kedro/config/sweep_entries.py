"""``sweep`` in mlflow.yml: its entries, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ..errors import ConfigError
from ..utils.suggestions import did_you_mean
from .checks import FILE, check_choices, check_keys, check_minimums, check_types, without_empty
from .keys import at_least, one_of
from .sections import Config

_LISTS = ("tags", "over")
"""One item needs no list."""

# As in sections.py.
# ruff: noqa: UP045


@dataclass(frozen=True)
class SweepEntry:
    """One entry of ``sweep``: a pipeline that runs once for each combination of parameters.

    Attributes:
        params: The values of each parameter, by its dotted name: a list, a range such as ``1..5``,
            or with ``trials`` ``log(0.001,10)``, ``uniform(0,1)`` or ``int(1,9)``. Required.
        trials: How many combinations Optuna chooses. null: all combinations of the values.
        sampler: How Optuna chooses them.
        seed: The seed of the sampler. null: another one each time.
        optimize: The metric by which combinations are compared, such as ``metrics.accuracy``.
        minimize: The smaller that metric, the better.
        over: Parameters such as a seed: combinations that differ only in these are compared by the
            mean of the metric. Not with ``trials``.
        jobs: How many combinations run at once.
        pipeline: The pipeline.
        tags: Only the nodes that have one of these tags.
        runner: What runs the nodes of a combination: one of Kedro's runners, or
            ``package.module.Class``.
        reuse: Run nodes that do not depend on the parameters once, and not in each combination.
    """

    params: dict[str, Any] = field(default_factory=dict)
    trials: Optional[int] = at_least(1, None)
    sampler: str = one_of("tpe", "random", "gp", "cmaes")
    seed: Optional[int] = at_least(0, None)
    optimize: Optional[str] = None
    minimize: bool = False
    over: list[str] = field(default_factory=list)
    jobs: int = at_least(1, 1)
    pipeline: str = "__default__"
    tags: list[str] = field(default_factory=list)
    runner: str = "SequentialRunner"
    reuse: bool = True


def sweep_entry(config: Config, name: str, where: str = FILE) -> SweepEntry:
    """Return one entry of ``sweep``.

    Args:
        config: The whole configuration.
        name: The sweep's name.
        where: The name to use in messages.

    Raises:
        ConfigError: There is no sweep of that name.
    """
    if name not in config.sweep:
        known = ", ".join(config.sweep) or "none"
        raise ConfigError(
            f"{where}: 'sweep' has no '{name}'.{did_you_mean(name, config.sweep)} There are: "
            f"{known}."
        )
    return check_sweep(name, config.sweep[name], where)


def check_sweep(name: str, entry: Any, where: str = FILE) -> SweepEntry:
    """Check one entry of ``sweep``.

    Args:
        name: The sweep's name.
        entry: Its content in the file.
        where: The name to use in messages.

    Raises:
        ConfigError: A key or value in the entry is wrong.

    Example:
        >>> check_sweep("c", {"params": {"model.C": [0.1, 1]}, "optimize": "accuracy"}).jobs
        1
    """
    key = f"sweep.{name}"
    if isinstance(entry, Mapping):
        alone = {name: [entry[name]] for name in _LISTS if isinstance(entry.get(name), str)}
        entry = {**entry, **alone}
    check_keys(entry, SweepEntry, where, f"{key}.")
    given = without_empty(entry)
    check_choices(given, SweepEntry, where, f"{key}.")
    found = check_types(SweepEntry(**given), where, f"{key}.")
    check_minimums(found, where, f"{key}.")
    if not found.params:
        raise ConfigError(
            f"{where}: '{key}.params' is missing: name parameters and their values, as in "
            "{model.C: [0.01, 0.1, 1]}."
        )
    return found
