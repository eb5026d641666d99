"""What a sweep is to do: its space, which nodes run for each combination, and which once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..config.sweep_entries import SweepEntry
from ..errors import ConfigError
from ..utils.catalog_files import entries_of
from ..utils.secrets import is_secret, looks_secret
from ..utils.suggestions import did_you_mean
from . import reuse
from .changes import configuration, context_of, find_changes, pipeline_of
from .combination import SHARED, Combination, Setup
from .own_files import is_in_memory, kept_entries, shared_places
from .ranking import Goal
from .space import Choices, Space, label, parse_domain
from .sweep_folder import SweepFolder

if TYPE_CHECKING:
    from .reuse import Split


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do.

    Attributes:
        entry: The sweep as the user has described it.
        space: What each parameter takes.
        split: The nodes that run for each combination, and those that run once.
        setup: What all combinations have in common.
        parameters: The project's parameters without the sweep, by their dotted names.
    """

    entry: SweepEntry
    space: Space
    split: Split
    setup: Setup
    parameters: Mapping[str, Any]

    @property
    def metric(self) -> str | None:
        """The name of the metric by which combinations are compared."""
        return metric_name(self.entry.optimize)

    @property
    def goal(self) -> Goal:
        """By what combinations are compared."""
        over = self.entry.over
        domains = [self.space[name] for name in over]
        size = math.prod(len(one.values) for one in domains if isinstance(one, Choices))
        return Goal(self.metric, self.entry.minimize, tuple(over), size)

    @property
    def shared(self) -> Combination | None:
        """The nodes that run once; None: there are none."""
        nodes = self.split.shared.nodes
        if not nodes:
            return None
        return Combination(SHARED, SHARED, node_names=tuple(node.name for node in nodes))

    def combination(self, number: int, values: Mapping[str, Any]) -> Combination:
        """Return the combination of a number."""
        # Kedro takes --from-nodes of the whole pipeline, where more nodes depend on these than
        # among those with the tags.
        is_named = bool(self.setup.tags and self.split.from_nodes)
        names = tuple(node.name for node in self.split.swept.nodes) if is_named else ()
        return Combination(
            f"{number:04}",
            label(values),
            values,
            from_nodes=() if is_named else self.split.from_nodes,
            node_names=names,
            outputs=frozenset(self.split.swept.all_outputs()),
        )

    def for_run(self, folder: SweepFolder, run_id: str) -> Plan:
        """Return the plan with the sweep's folder and its run in MLflow.

        Values in memory that the shared nodes make are kept in the folder.
        """
        catalog = configuration(context_of(self.setup, {})).catalog
        listed = entries_of(catalog, self.split.kept)
        names = [name for name in self.split.kept if is_in_memory(listed.get(name))]
        setup = replace(
            self.setup,
            sweep=folder.id,
            folder=folder.path,
            parent=run_id,
            kept=kept_entries(names, folder.files(SHARED)),
        )
        return replace(self, setup=setup)


def metric_name(optimize: str | None) -> str | None:
    """Return the name of a metric that ``optimize`` gives, such as ``metrics.accuracy``."""
    return optimize.removeprefix("metrics.") if optimize else None


def make_plan(entry: SweepEntry, setup: Setup, where: str) -> Plan:
    """Plan a sweep. The project's pipelines and configuration are read for that.

    Args:
        entry: The sweep as the user has described it.
        setup: What all combinations have in common; its sweep, folder and parent are not known yet.
        where: What to call the place of the parameters in messages.

    Raises:
        ConfigError: Something in it does not fit the project.
    """
    space = {
        str(name): parse_domain(given, f"{where} '{name}'") for name, given in entry.params.items()
    }
    _check_names(space)
    if entry.trials is not None and entry.optimize is None:
        raise ConfigError(
            "--trials needs the metric by which Optuna compares combinations, as in --optimize "
            "metrics.accuracy (with --minimize if the smaller is the better)."
        )
    _check_over(entry, space)
    pipeline = pipeline_of(setup)
    base = configuration(context_of(setup, {}))
    parameters, datasets = find_changes(setup, space, base)
    depends = reuse.split(pipeline, parameters, datasets)
    if not depends.swept.nodes:
        known = reuse.parameters_of(pipeline)
        first = next(iter(space))
        raise ConfigError(
            f"No node of the pipeline '{setup.pipeline}' depends on {', '.join(space)}."
            f"{did_you_mean(first, known)} It takes: {', '.join(known) or 'no parameters'}."
        )
    chosen = depends if entry.reuse else reuse.whole(pipeline)
    if entry.jobs > 1:
        _check_outputs(entries_of(base.catalog, chosen.swept.all_outputs()))
    return Plan(entry, space, chosen, setup, base.parameters)


def _check_names(space: Space) -> None:
    for name, domain in space.items():
        values = domain.samples()
        if looks_secret(name) or any(is_secret(name, value) for value in values):
            raise ConfigError(
                f"'{name}' looks like a secret, and a sweep writes the values of its parameters to "
                "MLflow: names and parameters of runs."
            )
        for other in space:
            if other.startswith(f"{name}."):
                raise ConfigError(
                    f"A sweep cannot change both '{name}' and '{other}', which is a part of it."
                )


def _check_over(entry: SweepEntry, space: Space) -> None:
    if not entry.over:
        return
    if entry.optimize is None:
        raise ConfigError(
            "--over needs the metric of which the mean is taken, as in --optimize metrics.accuracy."
        )
    if entry.trials is not None:
        raise ConfigError(
            "--over is for all combinations of the values, and with --trials Optuna chooses some "
            "of them: leave out one of the two options."
        )
    for name in entry.over:
        if name not in space:
            raise ConfigError(
                f"--over: the sweep does not change '{name}'.{did_you_mean(name, space)} It "
                f"changes: {', '.join(space)}."
            )
    if not space.keys() - set(entry.over):
        raise ConfigError(
            "--over names all parameters of the sweep, so nothing is left to compare: name those "
            "that only repeat the experiment, such as a seed."
        )


def _check_outputs(entries: Mapping[str, Any]) -> None:
    shared = shared_places(entries)
    if shared:
        places = ", ".join(f"'{name}' ({place})" for name, place in sorted(shared.items()))
        raise ConfigError(
            "Combinations that run at once would overwrite what others have saved, because these "
            f"outputs are not in local files: {places}. Run one at a time, with --jobs 1."
        )
