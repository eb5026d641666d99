"""Finding what a run has in the child runs that ``run.children`` makes of groups of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from ..mlflow_internals.tags import PARENT_RUN
from ..utils.mlflow_limits import legal_key
from . import shared_run
from .finding import is_below

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAMESPACE_TAG = "kedro.namespace"
PIPELINE_TAG = "kedro.pipeline"

FoundT = TypeVar("FoundT")


def is_of_group(run: Any) -> bool:
    """Whether a run, MLflow's entity, is one that ``run.children`` has made."""
    return bool({NAMESPACE_TAG, PIPELINE_TAG} & run.data.tags.keys()) and is_below(run)


def first_with(
    client: MlflowClient,
    run_id: str,
    name: str,
    read: Callable[[str, str], FoundT],
    missing: type[Exception],
) -> FoundT:
    """Read something from a run, or else from the child run that has it.

    Args:
        client: A client of the run's store.
        run_id: The run.
        name: The thing's name in the pipeline; a namespace's child has it without the namespace.
        read: Reads a thing of that name from the run with an id.
        missing: What it raises if the run has no such thing.

    Raises:
        Exception: What the run itself has raised, if none has it, or nobody knows which is meant.
    """
    try:
        return read(run_id, name)
    except missing:
        found = []
        for other, prefix in _groups(client, run_id):
            with suppress(missing):
                if prefix and name.startswith(prefix):
                    return read(other, name.removeprefix(prefix))
                if other != run_id:
                    found.append(read(other, name))
        if len(found) == 1:
            return found[0]
        raise


def metric(client: MlflowClient, run: Any, name: str) -> float | None:
    """The value of a metric that a run has, or else its pipeline's run or another child of that.

    Args:
        client: A client of the run's store.
        run: MLflow's entity of the run.
        name: The metric's name in the pipeline.
    """

    def read(run_id: str, name: str) -> float:
        found = run if run_id == run.info.run_id else client.get_run(run_id)
        return float(found.data.metrics[legal_key(name)])

    pipelines = run.data.tags.get(PARENT_RUN) if is_of_group(run) else None
    for run_id in dict.fromkeys((run.info.run_id, pipelines or run.info.run_id)):
        with suppress(KeyError):
            return first_with(client, run_id, name, read, KeyError)
    return None


def _groups(client: MlflowClient, run_id: str) -> Iterator[tuple[str, str]]:
    """Yield the id of each child run, and the prefix that its names are without.

    If the run itself is a child, it comes first.
    """
    with suppress(Exception):  # the caller's own read raises the error
        run = client.get_run(run_id)
        for one in (
            run,
            *shared_run.with_tag(client, run.info.experiment_id, PARENT_RUN, run_id),
        ):
            namespace = one.data.tags.get(NAMESPACE_TAG)
            if is_of_group(one):
                yield one.info.run_id, f"{namespace}." if namespace is not None else ""
