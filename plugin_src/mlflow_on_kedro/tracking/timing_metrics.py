"""What a run's timings are called in MLflow, and which nodes a run has done by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..utils.mlflow_limits import legal_key

PIPELINE_METRIC = "time/pipeline"
FAILED_NODE_TAG = "kedro.failed_node"
PREFIX_TAG = "mlflow_on_kedro.time_prefix"
"""What the metrics of a run's nodes begin with, where that is not ``time/node/``."""


@dataclass(frozen=True)
class Names:
    """The beginnings of the metrics' names.

    Attributes:
        run: For a node; the node's name follows.
        load: For loading; the dataset's name follows.
        save: For saving; the dataset's name follows.
    """

    run: str = "time/node/"
    load: str = "time/load/"
    save: str = "time/save/"

    def of(self, kind: Literal["load", "run", "save"], name: str) -> str:
        """The name of one metric."""
        return f"{getattr(self, kind)}{name}"


def nodes_of(found: Any, names: Iterable[str]) -> set[str]:
    """Say which of some nodes have run in a run, and have not failed.

    Args:
        found: MLflow's ``Run``.
        names: The nodes' names.
    """
    begin = found.data.tags.get(PREFIX_TAG, Names.run)
    failed = found.data.tags.get(FAILED_NODE_TAG)
    keys = {name: metric_key(begin + name) for name in names}
    return {name for name, key in keys.items() if key in found.data.metrics and name != failed}


def metric_key(name: str) -> str:
    """The name under which MLflow stores a metric."""
    return legal_key(name)
