"""What is known of a pipeline before it runs; every process of the run needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class PipelineInfo:
    """What is known of a pipeline before it runs.

    Attributes:
        steps: Each node's place in the pipeline's order; timings use it as their metric step.
        unlisted: Datasets that the catalog does not list. It must be asked before the run: the
            runner adds a memory dataset for each of them.
        readers: Each free input of the pipeline and the node that reads it first, so that one
            node alone, in whatever process, logs it.
        outputs: What this run saves, so that a file from an earlier run must not stand in for it.
        made_elsewhere: What other processes save that log to the same run, or this one once it is
            resumed.
        own_folders: The datasets whose artifacts get a folder each, because another one has the
            same place.
        groups: Each node that has one, and its group: what ``run.children`` makes a child run of.
        makers: Each dataset that a node of a group saves, without the forms of transcoding, and
            that group.
    """

    steps: dict[str, int] = field(default_factory=dict)
    unlisted: frozenset[str] = frozenset()
    readers: dict[str, str] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    made_elsewhere: frozenset[str] = frozenset()
    own_folders: frozenset[str] = frozenset()
    groups: dict[str, str] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        *,
        only_missing_outputs: bool = False,
        children: str = "none",
    ) -> PipelineInfo:
        """Look at a pipeline and the catalog that it will run with, which makes its datasets.

        Args:
            pipeline: The pipeline.
            catalog: The catalog, before the run.
            only_missing_outputs: Nodes whose outputs exist will not run.
            children: ``run.children``.
        """
        free = pipeline.inputs()
        readers: dict[str, str] = {}
        for node in pipeline.nodes:
            for name in node.inputs:
                if name in free:
                    readers.setdefault(name, node.name)
        groups = groups_of(pipeline, children)
        return cls(
            steps={node.name: step for step, node in enumerate(pipeline.nodes)},
            # Not by `in`: that compares the name with each dataset factory, and so does the runner,
            # unless the dataset is made already.
            unlisted=frozenset(name for name in pipeline.datasets() if catalog.get(name) is None),
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
        )

    @cached_property
    def first_forms(self) -> Mapping[str, str]:
        """Of each free input the name that is read first: a transcoded dataset has several."""
        found: dict[str, str] = {}
        for name in sorted(self.readers, key=lambda name: (self.steps[self.readers[name]], name)):
            found.setdefault(untranscoded(name), name)
        return found


def groups_of(pipeline: Pipeline, children: str) -> dict[str, str]:
    """Name the group of each node that has one.

    Args:
        pipeline: The pipeline.
        children: ``namespaces``: a node's uppermost namespace. ``pipelines``: the first registered
            pipeline but ``__default__`` that has the node. ``none``: no node has one.

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
    """The name of a dataset without the form in which it is loaded or saved.

    Example:
        >>> untranscoded("wines@pandas")
        'wines'
    """
    return name.partition("@")[0]


def is_parameter(name: str) -> bool:
    """Whether a dataset of Kedro's is one of the project's parameters, or all of them.

    Example:
        >>> is_parameter("params:model.depth"), is_parameter("wines")
        (True, False)
    """
    return name == "parameters" or name.startswith("params:")


def pipeline_names(run_params: Mapping[str, Any]) -> list[str]:
    """Name the pipelines that run: ``__default__`` where none was named.

    Args:
        run_params: What Kedro's ``before_pipeline_run`` gets.

    Example:
        >>> pipeline_names({"pipeline_names": ["train", "evaluate"]}), pipeline_names({})
        (['train', 'evaluate'], ['__default__'])
    """
    name = run_params.get("pipeline_name") or "__default__"
    return list(run_params.get("pipeline_names") or [name])
