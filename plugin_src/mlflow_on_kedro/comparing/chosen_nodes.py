"""Runs that were told to run other nodes: what they have in common is compared.

``kedro run --tags=train`` runs a part of the pipeline, and so does a combination of a sweep. That
the other nodes and their data are missing there explains no other results of the nodes that ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..tracking.finding import COMBINATION_TAG, SWEEP_TAG
from ..utils.pipeline_info import untranscoded

if TYPE_CHECKING:
    from ..tracking.finding import Runs
    from .run_facts import RunFacts

CHOICES = (
    *("pipeline", "tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs"),
    *("namespaces", "only_missing_outputs"),
)
"""Kedro's run params that say which nodes run."""
SHARED = "shared"
"""What :attr:`.RunFacts.combination` is for the nodes that a sweep ran once."""
NODE = "node "
"""How the name of a node begins in :attr:`.RunFacts.pipeline`."""


def choice(run: RunFacts) -> dict[str, Any]:
    """Return what a run was told of the nodes to run."""
    return {name: value for name, value in (run.pipeline or {}).items() if name in CHOICES}


def in_common(a: RunFacts, b: RunFacts) -> tuple[RunFacts, RunFacts, dict[str, str]]:
    """Reduce two runs to what can be compared if they were told to run other nodes.

    Args:
        a: The facts of the first run.
        b: The facts of the second run.

    Returns:
        Both, without the nodes that only one has run and the data that only one has read; and the
        nodes that only one has run, each with ``A`` or ``B``.
    """
    if a.pipeline is None or b.pipeline is None or choice(a) == choice(b):
        return a, b, {}
    names = [{name for name in run.pipeline or {} if name.startswith(NODE)} for run in (a, b)]
    only = dict.fromkeys(sorted(names[0] - names[1]), "A")
    only |= dict.fromkeys(sorted(names[1] - names[0]), "B")
    return _reduced(a, b, only), _reduced(b, a, only), only


def _reduced(run: RunFacts, other: RunFacts, only: Mapping[str, str]) -> RunFacts:
    pipeline = {
        name: item
        for name, item in (run.pipeline or {}).items()
        if name not in only and name not in CHOICES
    }
    return replace(
        run,
        pipeline=pipeline,
        data=_known_to_both(run.data, other.data),
        loaded=_known_to_both(run.loaded, other.loaded),
    )


def _known_to_both(
    items: Mapping[str, Any] | None, others: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    if items is None or others is None:
        return None if items is None else dict(items)
    return {name: item for name, item in items.items() if name in others}


def shared_run(runs: Runs, run: Any) -> Any | None:
    """Return the run of the nodes that a sweep ran once for all of its combinations.

    Args:
        runs: The runs of the project.
        run: A combination's run, MLflow's entity.

    Returns:
        MLflow's entity; None: the run is no combination, or all nodes ran for each.

    Raises:
        MLflowOnKedroError: MLflow cannot be reached.
    """
    sweep = run.data.tags.get(SWEEP_TAG, "")
    if COMBINATION_TAG not in run.data.tags or not sweep or "'" in sweep:
        return None
    condition = f"tags.`{SWEEP_TAG}` = '{sweep}' AND tags.`{COMBINATION_TAG}` = '{SHARED}'"
    found = runs.request(
        lambda: runs.client.search_runs([run.info.experiment_id], condition, max_results=1)
    )
    return next((item for item in found if item.info.run_id != run.info.run_id), None)


def joined(run: RunFacts, shared: RunFacts) -> RunFacts:
    """Join the facts of a combination with those of the nodes that its sweep ran once.

    Data that these nodes have made for the combination are no data that a whole run reads.
    """
    if run.pipeline is None or shared.pipeline is None:
        return run
    nodes = [
        item
        for graph in (run.graph, shared.graph)
        for item in graph.get("nodes") or []
        if isinstance(item, dict)
    ]
    made = {untranscoded(name) for item in nodes for name in output_names(item)}
    data = {**(shared.data or {}), **(run.data or {})}
    pipeline = {**shared.pipeline, **run.pipeline}
    of_the_sweep = {"node_names", "from_nodes"}
    return replace(
        run,
        pipeline={name: item for name, item in pipeline.items() if name not in of_the_sweep},
        graph={**run.graph, "nodes": nodes},
        data={name: item for name, item in data.items() if name not in made} or None,
        loaded=None if run.loaded is None else {**(shared.loaded or {}), **run.loaded},
        metrics={**shared.metrics, **run.metrics},
        durations={**shared.durations, **run.durations},
        logged_params={**(shared.logged_params or {}), **(run.logged_params or {})},
    )


def output_names(node: Mapping[str, Any]) -> list[str]:
    """Return the datasets that a node saves.

    Args:
        node: The node in ``kedro/pipeline.json``.
    """
    outputs = node.get("outputs")
    names = outputs.values() if isinstance(outputs, dict) else outputs
    listed = [names] if isinstance(names, str) else names or []
    return [str(name) for name in listed]
