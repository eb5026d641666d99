"""The call that runs a node in a worker of a cluster: pickled here, run there."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kedro.runner.task import Task

from ..runs.run_dataset import register_hooks_in_worker

if TYPE_CHECKING:
    from kedro.io import AbstractDataset
    from kedro.pipeline.node import Node


def pickled(item: Any) -> bytes:
    """Pickle an item, also a lambda or a function that is defined in a notebook."""
    import cloudpickle  # type: ignore[import-untyped]

    return bytes(cloudpickle.dumps(item))


def node_call(
    task: Task,
    pickled_catalog: bytes,
    package: str | None,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> bytes:
    """Return a pickled function that takes the values of ``inputs`` and runs a node.

    Args:
        task: Kedro's task for the node.
        pickled_catalog: The pipeline's catalog, pickled.
        package: The project's package; None outside of a project.
        inputs: Those inputs of the node whose values are on the cluster.
        outputs: Those outputs that are only in memory. The function returns their values, by name.
    """
    options = {"run_id": task.run_id, "is_async": task.is_async}
    return pickled(
        partial(_run_node, task.node, pickled_catalog, options, package, inputs, outputs)
    )


def _run_node(
    node: Node,
    pickled_catalog: bytes,
    options: dict[str, Any],
    package: str | None,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *values: Any,
) -> dict[str, Any]:
    register_hooks_in_worker(package)
    catalog = pickle.loads(pickled_catalog)  # noqa: S301 - from the pipeline's own process
    for name, value in zip(inputs, values, strict=True):
        put(catalog[name], value)
    # `parallel`: the task makes its own hook manager, as in a process of ParallelRunner.
    task = Task(node=node, catalog=catalog, parallel=True, **options)
    try:
        task.execute()
    except (SystemExit, KeyboardInterrupt) as end:  # would end the worker, which is then replaced
        error = RuntimeError(f"Node '{node.name}' wanted to end its process: {end!r}")
        if task.hook_manager is not None:  # Kedro calls it for an `Exception` only
            task.hook_manager.hook.on_node_error(
                error=error, node=node, catalog=catalog, inputs={}, is_async=False, run_id=None
            )
        raise error from end
    return {name: catalog[name].load() for name in outputs if catalog[name].exists()}


def put(dataset: AbstractDataset[Any, Any], value: Any) -> None:
    """Save a value that a worker has returned."""
    if value is not None:  # a generator node without items returns None, which Kedro cannot save
        dataset.save(value)
