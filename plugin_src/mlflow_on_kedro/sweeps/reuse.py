"""Which nodes of a pipeline depend on a sweep's parameters: only these run for each combination."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..utils.pipeline_info import is_parameter, untranscoded

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class Split:
    """A pipeline in two parts.

    Attributes:
        swept: The nodes that run for each combination.
        shared: The nodes that run once, before all combinations.
        from_nodes: The nodes with which ``kedro run --from-nodes`` runs the first part; empty if
            that is the whole pipeline.
        kept: Datasets that the second part makes and the first one reads.
    """

    swept: Pipeline
    shared: Pipeline
    from_nodes: tuple[str, ...]
    kept: frozenset[str]


def whole(pipeline: Pipeline) -> Split:
    """Let all nodes run for each combination."""
    return Split(pipeline, pipeline - pipeline, (), frozenset())


def split(pipeline: Pipeline, parameters: Collection[str], datasets: Collection[str] = ()) -> Split:
    """Split a pipeline into what depends on parameters and what does not.

    Args:
        pipeline: The pipeline.
        parameters: The dotted names of the parameters that change.
        datasets: The datasets whose entries in the catalog change with them.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> both = pipeline([
        ...     node(sorted, "raw", "clean", name="clean"),
        ...     node(max, ["clean", "params:depth"], "model", name="train"),
        ... ])
        >>> found = split(both, ["depth"])
        >>> found.from_nodes, sorted(found.kept)
        (('train',), ['clean'])
    """
    changed = frozenset(untranscoded(name) for name in datasets)
    covered: set[str] = set()
    roots: list[str] = []
    for node in pipeline.nodes:  # in the order in which they run
        if node.name in covered:
            continue
        names = (*node.inputs, *node.outputs)
        if any(_takes(name, parameters) or untranscoded(name) in changed for name in names):
            roots.append(node.name)
            covered |= {one.name for one in pipeline.from_nodes(node.name).nodes}
    swept = pipeline.only_nodes(*covered) if covered else pipeline - pipeline
    shared = pipeline - swept
    made = {untranscoded(name) for name in shared.all_outputs()}
    kept = frozenset(name for name in swept.inputs() if untranscoded(name) in made)
    return Split(swept, shared, tuple(roots) if shared.nodes else (), kept)


def parameters_of(pipeline: Pipeline) -> list[str]:
    """Return the names of the parameters that a pipeline takes, sorted.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> parameters_of(pipeline([node(max, ["params:model.C", "raw"], "best")]))
        ['model.C']
    """
    names = (name for name in pipeline.inputs() if is_parameter(name))
    return sorted(name.removeprefix("params:") for name in names)


def _takes(dataset: str, parameters: Iterable[str]) -> bool:
    """Whether a node's input has one of the parameters, or a part of it."""
    if not is_parameter(dataset):
        return False
    if dataset == "parameters":
        return True
    key = f"{dataset.removeprefix('params:')}."
    return any(f"{name}.".startswith(key) or key.startswith(f"{name}.") for name in parameters)
