"""The names of the metrics that time a run, and the nodes that have run according to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..utils.mlflow_limits import legal_key

Kind = Literal["load", "run", "save"]

PREFIX = "system/time/"
"""What the names begin with: MLflow shows such metrics in its tab "System metrics"."""
PIPELINE_METRIC = f"{PREFIX}pipeline"
FAILED_NODE_TAG = "kedro.failed_node"
INTERRUPTED_TAG = "kedro.interrupted_nodes"
"""The nodes that were running when the pipeline was killed, separated by commas."""
PREFIX_TAG = "mlflow_on_kedro.time_prefix"
"""The prefix of the metrics of a run's nodes, if it is not ``system/time/``."""
# A node of that name would have the pipeline's metric.
_PIPELINE_NODE = "pipeline"
_ITS_NAME = "node/pipeline"


@dataclass(frozen=True)
class Names:
    """The prefixes of the metrics' names.

    Attributes:
        run: For a node, before its name.
        load: For loading a dataset, before its name.
        save: For saving a dataset, before its name.
    """

    run: str = PREFIX
    load: str = f"{PREFIX}load/"
    save: str = f"{PREFIX}save/"

    def metric(self, kind: Kind, name: str) -> str:
        """Return the name of one metric.

        Args:
            kind: What is timed.
            name: The node's name, or for a load or save the dataset's.

        Example:
            >>> Names().metric("run", "train"), Names().metric("save", "model")
            ('system/time/train', 'system/time/save/model')
        """
        if kind == "run" and self.run == PREFIX and name == _PIPELINE_NODE:
            name = _ITS_NAME
        return f"{getattr(self, kind)}{name}"

    def name_in(self, kind: Kind, metric: str) -> str | None:
        """Return the name of the node or dataset in that of a metric; None: it is none of these.

        Example:
            >>> Names().name_in("run", "system/time/train")
            'train'
        """
        begin = metric_key(f"{getattr(self, kind)}x").removesuffix("x")
        if not metric.startswith(begin) or metric in (begin, PIPELINE_METRIC, _OLD_PIPELINE_METRIC):
            return None
        name = metric.removeprefix(begin)
        return _PIPELINE_NODE if kind == "run" and name == _ITS_NAME else name


_OLD_NAMES = Names("time/node/", "time/load/", "time/save/")
_OLD_PIPELINE_METRIC = "time/pipeline"


def stopped_at(tags: Mapping[str, str]) -> str:
    """Return the node at which a run has failed, or those that were interrupted; "" if unknown.

    Args:
        tags: The run's tags.
    """
    return tags.get(FAILED_NODE_TAG) or tags.get(INTERRUPTED_TAG, "")


def names_in_runs(prefix: str | None) -> tuple[Names, ...]:
    """Return the names that runs may have: those of now, and those of earlier versions.

    Args:
        prefix: What the nodes' metrics begin with; None: the default.
    """
    names = (Names(), _OLD_NAMES)
    return names if prefix is None else tuple(replace(item, run=prefix) for item in names)


def finished_nodes(found: Any, names: Iterable[str]) -> set[str]:
    """Find which of some nodes have finished in a run.

    Args:
        found: MLflow's ``Run``.
        names: The nodes' names.
    """
    kinds = names_in_runs(found.data.tags.get(PREFIX_TAG))
    failed = found.data.tags.get(FAILED_NODE_TAG)
    timed = found.data.metrics.keys()
    return {
        name
        for name in names
        if name != failed and any(metric_key(kind.metric("run", name)) in timed for kind in kinds)
    }


def metric_key(name: str) -> str:
    """Return the name under which MLflow stores a metric."""
    return legal_key(name)
