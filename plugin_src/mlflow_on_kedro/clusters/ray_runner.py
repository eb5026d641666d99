"""``RayRunner``: run the nodes of a pipeline on a Ray cluster."""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from .executor import Cluster, Handle
from .project_modules import project_modules
from .runner import ClusterRunner

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


class RayRunner(ClusterRunner):
    """Run each node as a Ray task, as soon as the nodes on which it depends are done.

    Datasets that are not in the catalog stay in Ray's object store; this process gets only those
    outputs of the pipeline that no dataset stores. The workers of a cluster that is already running
    get the project's code with the run; packages and the folders of the catalog's datasets
    must exist there. Ray runs a node again when its worker dies, up to three times.

    If this process has called ``ray.init`` before, that cluster is used, and stays connected. Its
    ``runtime_env`` must have the project's code.

    Args:
        address: A cluster's address, as ``ray.init`` takes it. Default: ``RAY_ADDRESS``; without it
            a local cluster of processes, which ends with the run.
        max_workers: The most processes of a local cluster. Default: one per CPU.
        is_async: Load and save each node's inputs and outputs in threads.
        task_options: What nodes need beyond a CPU: node -> options of a Ray task. A node sees a
            GPU only if it has ``num_gpus``.

    Raises:
        MLflowOnKedroError: The package ray is not installed.
        ValueError: ``max_workers`` is not positive, or ``task_options`` has no options of nodes.

    Example:
        >>> from mlflow_on_kedro import RayRunner  # kedro run --runner=mlflow_on_kedro.RayRunner
        >>> runner = RayRunner(task_options={"train_model": {"num_gpus": 1}})  # doctest: +SKIP
    """

    library = "ray"

    def __init__(
        self,
        address: str | None = None,
        max_workers: int | None = None,
        is_async: bool = False,
        task_options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(address, max_workers, is_async)
        self._task_options = _checked(task_options or {})

    @contextmanager
    def _cluster(self, pipeline: Pipeline, package: str | None) -> Iterator[Cluster]:
        import ray

        found = {node.name: _options_of(node.name, self._task_options) for node in pipeline.nodes}
        options = {name: given for name, given in found.items() if given}
        cluster = RayCluster(options)
        for name in sorted(self._task_options):
            if not any(node == name or node.startswith(f"{name}.") for node in options):
                logger.info("This run has no node '%s', which `task_options` names.", name)
        if ray.is_initialized():
            yield cluster
            return
        address = self._address or os.environ.get("RAY_ADDRESS")
        count = self._worker_count(pipeline)
        given: dict[str, Any] = (
            {"address": address, "runtime_env": _code_to_send(package)}
            if address
            else {
                "address": "local",
                # At least one node needs these, and would wait for them for ever.
                "num_cpus": max(count, *(_amount(each, "num_cpus") for each in found.values())),
                "include_dashboard": False,
                "runtime_env": _code_of_this_machine(),
            }
        )
        ray.init(logging_level=logging.WARNING, **given)
        try:
            if address:
                logger.info("Running on the Ray cluster at %s.", address)
            else:
                _check_resources(options, ray.cluster_resources())
                logger.info("Running on a local Ray cluster with %d worker processes.", count)
            yield cluster
        finally:
            ray.shutdown()


def _checked(task_options: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(task_options, Mapping) and all(
        isinstance(options, Mapping) for options in task_options.values()
    ):
        return task_options
    raise ValueError(
        "task_options must have the options of Ray's tasks by node, such as "
        f"{{'train_model': {{'num_gpus': 1}}}}, not {task_options!r}"
    )


def _options_of(node: str, task_options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of a node, which may be in a namespace.

    Example:
        >>> _options_of("uk.train", {"uk": {"train": {"num_gpus": 1}}})  # as --runner-params gives
        {'num_gpus': 1}
        >>> _options_of("uk.train", {"uk.train": {"num_gpus": 1}})
        {'num_gpus': 1}
    """
    if node in task_options:
        given: Any = task_options[node]
    else:
        given = task_options
        for part in node.split("."):
            given = given.get(part) if isinstance(given, Mapping) else None
    return given if isinstance(given, Mapping) else {}


def _amount(options: Mapping[str, Any], name: str) -> float:
    given = options.get(name)
    return given if isinstance(given, int | float) else 0


def _check_resources(options: Mapping[str, Mapping[str, Any]], has: Mapping[str, float]) -> None:
    """Raise an error for a node that a local cluster could never run: Ray would wait for ever."""
    for node, given in options.items():
        asked = {"GPU": _amount(given, "num_gpus"), **(given.get("resources") or {})}
        for name, amount in asked.items():
            if amount > has.get(name, 0):
                raise MLflowOnKedroError(
                    f"Node '{node}' asks for {amount:g} {name} in `task_options`, but Ray finds "
                    f"{has.get(name, 0):g} on this machine."
                )


def _code_to_send(package: str | None) -> dict[str, Any]:
    return {"py_modules": [str(path) for path in project_modules(package)]}


def _code_of_this_machine() -> dict[str, Any]:
    """Let workers import from where this process does: Ray gives them its current folder alone."""
    return {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}}


class RayCluster(Cluster):
    """The Ray cluster to which this process is connected.

    Args:
        task_options: Options of the tasks of some nodes, by node.
    """

    def __init__(self, task_options: Mapping[str, Mapping[str, Any]]) -> None:
        self._task_options = task_options

    def start(
        self, node: str, call: bytes, values: Sequence[Handle], outputs: Sequence[str]
    ) -> tuple[Handle, Sequence[Handle]]:
        """Start a task with a result for each value, beside one that says that it has ended."""
        import ray

        options = {
            "name": node,
            **self._task_options.get(node, {}),
            "num_returns": 1 + len(outputs),
        }
        made = ray.remote(_open_and_call).options(**options).remote(call, list(outputs), *values)
        done, *results = made if outputs else [made]
        return done, results

    def when_done(
        self, node: str, call: Handle, then: Callable[[BaseException | None], None]
    ) -> None:
        """Call a function in a thread of Ray."""
        call.future().add_done_callback(lambda done: then(_error(node, done.exception())))

    def fetch(self, values: Sequence[Handle]) -> Sequence[Any]:
        """Get values from Ray's object store."""
        import ray

        fetched: Sequence[Any] = ray.get(list(values))
        return fetched

    def cancel(self, calls: Sequence[Handle]) -> None:
        """Cancel calls; in one that has begun, ``KeyboardInterrupt`` is raised."""
        import ray

        for call in calls:
            ray.cancel(call)


def _open_and_call(call: bytes, outputs: Sequence[str], *values: Any) -> Any:
    """Run a pickled call in a worker, and return None and the chosen items of its result."""
    try:
        result = pickle.loads(call)(*values)  # noqa: S301 - from the pipeline's own process
    except Exception as error:
        if _can_travel(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    return (None, *(result.get(name) for name in outputs)) if outputs else None


def _can_travel(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - from the line itself
    except Exception:  # such as one whose class wants more arguments than it keeps
        return False
    return True


def _error(node: str, error: BaseException | None) -> BaseException | None:
    """Return a node's own exception; Ray's, which shows the worker's traceback, is its cause."""
    import ray.exceptions

    if isinstance(error, ray.exceptions.WorkerCrashedError | ray.exceptions.NodeDiedError):
        lost = RuntimeError(f"The Ray cluster has lost node '{node}' ({error}).")
        lost.__cause__ = error
        return lost
    cause = getattr(error, "cause", None)
    if not isinstance(error, ray.exceptions.RayTaskError) or not isinstance(cause, Exception):
        return error
    cause.__cause__ = error
    return cause
