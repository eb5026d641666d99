"""The names of the metrics that time a run, and the nodes that have run according to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..utils.mlflow_limits import legal_key

PIPELINE_METRIC = "time/pipeline"
FAILED_NODE_TAG = "kedro.failed_node"
PREFIX_TAG = "mlflow_on_kedro.time_prefix"
"""The prefix of the metrics of a run's nodes, if it is not ``time/node/``."""


@dataclass(frozen=True)
class Names:
    """The prefixes of the metrics' names.

    Attributes:
        run: For a node, before its name.
        load: For loading a dataset, before its name.
        save: For saving a dataset, before its name.
    """

    run: str = "time/node/"
    load: str = "time/load/"
    save: str = "time/save/"

    def metric(self, kind: Literal["load", "run", "save"], name: str) -> str:
        """Return the name of one metric."""
        return f"{getattr(self, kind)}{name}"


def finished_nodes(found: Any, names: Iterable[str]) -> set[str]:
    """Find which of some nodes have finished in a run.

    Args:
        found: MLflow's ``Run``.
        names: The nodes' names.
    """
    begin = found.data.tags.get(PREFIX_TAG, Names.run)
    failed = found.data.tags.get(FAILED_NODE_TAG)
    keys = {name: metric_key(begin + name) for name in names}
    return {name for name, key in keys.items() if key in found.data.metrics and name != failed}


def metric_key(name: str) -> str:
    """Return the name under which MLflow stores a metric."""
    return legal_key(name)
