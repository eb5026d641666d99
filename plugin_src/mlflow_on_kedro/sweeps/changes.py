"""What a project's configuration has in common for all combinations of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..runs.run_dataset import RESERVED_NAME
from ..utils.nested import flatten
from ..utils.suggestions import did_you_mean
from .combination import Setup
from .session import create_session
from .space import Space

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class Configuration:
    """Parameters and catalog as Kedro reads them, with some runtime parameters.

    Attributes:
        parameters: The parameters' values by their dotted names.
        catalog: The content of catalog.yml.
    """

    parameters: Mapping[str, Any]
    catalog: Mapping[str, Any]


def context_of(setup: Setup, values: Mapping[str, Any]) -> KedroContext:
    """Create a context of the project with the values of a combination."""
    with create_session(setup, values) as session:
        context: KedroContext = session.load_context()  # type: ignore[attr-defined]
    return context


def configuration(context: KedroContext) -> Configuration:
    """Read a context's parameters and catalog."""
    from kedro.config import MissingConfigException

    try:
        parameters = context.config_loader["parameters"]
    except (MissingConfigException, KeyError):
        parameters = {}
    catalog = dict(context.config_loader["catalog"])
    catalog.pop(RESERVED_NAME, None)
    return Configuration(dict(flatten("", parameters)), catalog)


def find_changes(setup: Setup, space: Space, base: Configuration) -> tuple[set[str], set[str]]:
    """Find what a sweep changes, also by interpolation: ``depth: ${model.depth}`` in a file.

    Args:
        setup: What all combinations have in common.
        space: What each parameter takes.
        base: The configuration without the sweep.

    Returns:
        The dotted names of parameters, and the datasets whose entries in the catalog change.

    Raises:
        ConfigError: The project has no parameter of a name, and the catalog does not use it.
    """
    parameters: set[str] = set()
    datasets: set[str] = set()
    for name, domain in space.items():
        changed: set[str] = set()
        for value in domain.samples():
            other = configuration(context_of(setup, {name: value}))
            parameters |= _different(base.parameters, other.parameters)
            changed |= _different(base.catalog, other.catalog)
        if not changed and not _has(base.parameters, name):
            known = {part for key in base.parameters for part in _names_in(key)}
            raise ConfigError(
                f"The project has no parameter '{name}'.{did_you_mean(name, known)} A sweep "
                "changes parameters of parameters.yml: add it there with its usual value."
            )
        parameters.add(name)
        datasets |= changed
    return parameters, datasets


def pipeline_of(setup: Setup) -> Pipeline:
    """Return the pipeline with the nodes that are to run.

    Raises:
        ConfigError: There is no such pipeline, or it has no such nodes.
    """
    from kedro.framework.project import pipelines

    try:
        found: Pipeline = pipelines[setup.pipeline]
    except KeyError:
        raise ConfigError(
            f"The project has no pipeline '{setup.pipeline}'."
            f"{did_you_mean(setup.pipeline, pipelines)} There are: {', '.join(pipelines)}."
        ) from None
    if not setup.tags:
        return found
    try:
        return found.filter(tags=setup.tags)
    except ValueError:
        known = sorted({tag for node in found.nodes for tag in node.tags})
        raise ConfigError(
            f"No node of the pipeline '{setup.pipeline}' has one of the tags "
            f"{', '.join(setup.tags)}. There are: {', '.join(known) or 'none'}."
        ) from None


def _different(some: Mapping[str, Any], others: Mapping[str, Any]) -> set[str]:
    nothing = object()
    names = some.keys() | others.keys()
    return {name for name in names if some.get(name, nothing) != others.get(name, nothing)}


def _has(parameters: Mapping[str, Any], name: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for key in parameters)


def _names_in(key: str) -> list[str]:
    """Return a dotted name and those of the dicts that it is in."""
    parts = key.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]
