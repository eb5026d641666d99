"""``PipelineInfo``: facts about a pipeline before it runs, which every process of the run needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


DEFAULT = "__default__"
"""The name of Kedro's default pipeline."""


@dataclass(frozen=True)
class PipelineInfo:
    """Facts about a pipeline before it runs.

    Attributes:
        steps: A node's name -> its number in the pipeline's order, the step of its timing metrics.
        unlisted: The datasets that the catalog does not list, or that only a sweep has put there.
            They must be known before the run, because the runner adds a memory dataset for each.
        readers: A free input of the pipeline -> the node that reads it first, so that only one node
            in one process logs it.
        outputs: The datasets that this run saves, which must not be read from an earlier run.
        made_elsewhere: The datasets that other processes of the same run save, or that this run
            saves once it is resumed.
        own_folders: The datasets whose artifacts get a folder each, because they would have the
            same path as those of another dataset.
        groups: A node's name -> the group of nodes of which ``run.children`` makes a child run.
        makers: A dataset that a node of a group saves, without the part for transcoding -> that
            group.
        tracking_kinds: A dataset of Kedro-Viz's experiment tracking -> ``metrics`` or ``json``.
    """

    steps: dict[str, int] = field(default_factory=dict)
    unlisted: frozenset[str] = frozenset()
    readers: dict[str, str] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    made_elsewhere: frozenset[str] = frozenset()
    own_folders: frozenset[str] = frozenset()
    groups: dict[str, str] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)
    tracking_kinds: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_pipeline(
        cls,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        *,
        only_missing_outputs: bool = False,
        children: str = "none",
    ) -> PipelineInfo:
        """Collect the facts from a pipeline and its catalog, which creates the datasets.

        Args:
            pipeline: The pipeline.
            catalog: The catalog, before the run.
            only_missing_outputs: Whether nodes whose outputs exist will not run.
            children: ``run.children``.
        """
        free = pipeline.inputs()
        readers: dict[str, str] = {}
        for node in pipeline.nodes:
            for name in node.inputs:
                if name in free:
                    readers.setdefault(name, node.name)
        groups = groups_of(pipeline, children)
        # `get` and not `in`, which compares the name with each dataset factory. So does the runner,
        # unless the dataset is created already.
        datasets = {name: catalog.get(name) for name in pipeline.datasets()}
        kinds = {name: getattr(item, "tracking_kind", None) for name, item in datasets.items()}
        return cls(
            steps={node.name: step for step, node in enumerate(pipeline.nodes)},
            unlisted=frozenset(
                name
                for name, item in datasets.items()
                if item is None or getattr(item, "logs_as_unlisted", False)
            ),
            readers=readers,
            outputs=frozenset()
            if only_missing_outputs
            else frozenset(untranscoded(name) for name in pipeline.all_outputs()),
            groups=groups,
            makers={
                untranscoded(name): groups[node.name]
                for node in pipeline.nodes
                if node.name in groups
                for name in node.outputs
            },
            tracking_kinds={name: kind for name, kind in kinds.items() if kind is not None},
        )

    @cached_property
    def first_forms(self) -> Mapping[str, str]:
        """A free input -> the name under which it is read first; transcoded ones have several."""
        found: dict[str, str] = {}
        for name in sorted(self.readers, key=lambda name: (self.steps[self.readers[name]], name)):
            found.setdefault(untranscoded(name), name)
        return found


def groups_of(pipeline: Pipeline, children: str) -> dict[str, str]:
    """Return the group of each node that has one.

    Args:
        pipeline: The pipeline.
        children: ``namespaces``: a node's uppermost namespace. ``pipelines``: the first registered
            pipeline other than ``__default__`` that has the node. ``none``: no groups.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> train = pipeline([node(len, "wines", "count", name="train")], namespace="germany")
        >>> groups_of(train, "namespaces")
        {'germany.train': 'germany'}
    """
    if children == "namespaces":
        return {
            node.name: node.namespace.partition(".")[0] for node in pipeline.nodes if node.namespace
        }
    if children == "none":
        return {}
    from kedro.framework.project import pipelines

    found: dict[str, str] = {}
    for name, registered in pipelines.items():
        if name != "__default__":
            for node in registered.nodes:
                found.setdefault(node.name, name)
    return {node.name: found[node.name] for node in pipeline.nodes if node.name in found}


def untranscoded(name: str) -> str:
    """Return the name of a dataset without the part for transcoding.

    Example:
        >>> untranscoded("wines@pandas")
        'wines'
    """
    return name.partition("@")[0]


def is_parameter(name: str) -> bool:
    """Whether a name in the catalog is a parameter, or all parameters.

    Example:
        >>> is_parameter("params:model.depth"), is_parameter("wines")
        (True, False)
    """
    return name == "parameters" or name.startswith("params:")


def pipeline_names(run_params: Mapping[str, Any]) -> list[str]:
    """Return the names of the pipelines that run: ``__default__`` if the command names none.

    Args:
        run_params: The ``run_params`` of Kedro's hook ``before_pipeline_run``.

    Example:
        >>> pipeline_names({"pipeline_names": ["train", "evaluate"]}), pipeline_names({})
        (['train', 'evaluate'], ['__default__'])
    """
    single = run_params.get("pipeline_name")  # Kedro before it could run several
    return list(run_params.get("pipeline_names") or [single or DEFAULT])
