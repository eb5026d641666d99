"""What is known of a pipeline before it runs; every process of the run needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class Plan:
    """What is known of a pipeline before it runs.

    Attributes:
        steps: Each node's place in the pipeline's order; timings use it as their metric step.
        unlisted: Datasets that the catalog does not list. It must be asked before the run: the
            runner adds a memory dataset for each of them.
        readers: Each free input of the pipeline and the node that reads it first, so that one
            node alone, in whatever process, logs it.
    """

    steps: dict[str, int] = field(default_factory=dict)
    unlisted: frozenset[str] = frozenset()
    readers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> Plan:
        """Look at a pipeline and the catalog that it will run with."""
        free = pipeline.inputs()
        readers: dict[str, str] = {}
        for node in pipeline.nodes:
            for name in node.inputs:
                if name in free:
                    readers.setdefault(name, node.name)
        return cls(
            steps={node.name: step for step, node in enumerate(pipeline.nodes)},
            unlisted=frozenset(name for name in pipeline.datasets() if name not in catalog),
            readers=readers,
        )
