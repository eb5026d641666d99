"""``MLflowCatalogLoggerHook``: parameters, and values that the catalog does not list."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, DatasetError

from ..config.checks import check_choice
from ..config.keys import choices
from ..config.sections import Catalog
from ..datasets.mlflow_dataset import MLflowDataset
from ..errors import ConfigError
from ..utils.pipeline_info import is_parameter
from ..utils.secret_items import leave_out_secrets
from ..utils.suggestions import did_you_mean
from .base import ComingRun, PipelineRun
from .node_values import NodeValuesHook
from .registered_names import warn_of_unknown
from .small_values import select
from .tracked_values import log_tracked
from .unlogged import limits_from, log_selection, report_at_end

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowCatalogLoggerHook(NodeValuesHook):
    """Logs the parameters, and each node input and output that the catalog does not list.

    Numbers become metrics; str, bool, list, tuple and set become parameters; dicts are flattened.
    Other values, and large ones, are not logged. Each value is logged once in a run.

    Args:
        auto: Log inputs and outputs that the catalog does not list.
        mlflow_catalog: Dataset name -> how it is logged, whether the catalog lists it or not: the
            same values as ``dataset`` of :class:`~mlflow_on_kedro.MLflowDataset`, or a dict with
            ``dataset`` and more of its arguments; None: it is not logged.
        enable_mlflow: Whether this hook does anything.
        parameters: What Kedro's parameters become: ``params``, ``by_type`` (numbers are metrics, as
            in PipelineX) or ``none``.
        max_leaves: The most values in a dict that is logged.
        max_length: The most characters of a text or list that is logged; a longer list of at most
            1,000 numbers becomes a metric's series.
        unlogged: The level of the message about unlogged values, once at the end of the run:
            ``info``, ``warn``, or ``ignore`` for no message; ``error`` fails the node instead.

    Example:
        >>> hook = MLflowCatalogLoggerHook(mlflow_catalog={"report": "json", "secret_sauce": None})
    """

    section: ClassVar[str] = "catalog"

    def __init__(
        self,
        auto: bool | None = None,
        mlflow_catalog: Mapping[str, str | dict[str, Any] | AbstractDataset[Any, Any] | None]
        | None = None,
        enable_mlflow: bool = True,
        *,
        parameters: str | None = None,
        max_leaves: int | None = None,
        max_length: int | None = None,
        unlogged: str | None = None,
    ) -> None:
        super().__init__(
            enable_mlflow,
            auto=auto,
            mlflow_catalog=mlflow_catalog,
            parameters=parameters,
            max_leaves=max_leaves,
            max_length=max_length,
            unlogged=unlogged,
        )
        for key, words in choices(Catalog).items():
            if self.arguments[key] is not None:
                check_choice(key, self.arguments[key], words, type(self).__name__)

    def check(self, coming: ComingRun) -> None:
        """Check the datasets in ``mlflow_catalog``."""
        _check_datasets(self.settings(coming.config).mlflow_catalog)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log the parameters that the pipeline uses."""
        settings = self.settings(pipeline_run.run.config)
        _warn_of_unknown(settings.mlflow_catalog, pipeline_run)
        report_at_end(pipeline_run.run, settings)
        if settings.parameters == "none":
            return
        hidden: dict[str, str] = {}  # key -> the entry of `mlflow_catalog` that would log it
        for name, key in parameter_keys(pipeline_run.pipeline.inputs()).items():
            dataset = pipeline_run.catalog.get(name)
            if name in settings.mlflow_catalog or dataset is None:
                continue
            value = dataset.load()  # not `catalog.load`, which logs a message as for a node
            if not key and not value:  # the project has no parameters
                continue
            left_out = _log_parameter(pipeline_run.run, settings, key, value)
            kind = "p" if left_out == [key] else "a"
            hidden |= dict.fromkeys(left_out, f"{{'{name}': {kind}}}")
        if hidden:
            logger.warning(
                "Not logged, because their names look like those of secrets: %s. "
                "`catalog.mlflow_catalog: %s` in mlflow.yml logs %s all the same.",
                ", ".join(hidden),
                next(iter(hidden.values())),
                next(iter(hidden)),
            )

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log inputs that are no other node's outputs; to a child run also the parameters."""
        super().before_node_run(node, catalog, inputs)
        whole = self.run_of(catalog)
        run = whole.of_node(node.name) if whole is not None else None
        if run is None or run is whole:
            return
        settings = self.settings(run.config)
        for name, key in parameter_keys(inputs).items():
            if settings.parameters != "none" and name not in settings.mlflow_catalog:
                with run.guard():
                    _log_parameter(run, settings, key, inputs[name])

    def log_value(self, run: TrackedRun, name: str, value: Any) -> None:
        """Log a value as ``mlflow_catalog`` configures it, or by its type if it is unlisted.

        The catalog lists Kedro-Viz's tracking datasets, and they are logged, too.
        """
        settings = self.settings(run.config)
        if name in settings.mlflow_catalog:
            _log_as(run, name, settings.mlflow_catalog[name], value)
        elif name in run.pipeline_info.tracking_kinds:
            log_tracked(run, run.pipeline_info.tracking_kinds[name], name, value)
        elif settings.auto and name in run.pipeline_info.unlisted:
            lists = run.config.params.flatten_lists
            selected = select(name, value, limits_from(settings), lists=lists)
            log_selection(run, selected, settings)


def parameter_keys(names: Iterable[str]) -> dict[str, str]:
    """Return the parameters among the names of datasets, with the key of each in MLflow.

    Example:
        >>> parameter_keys(["wines", "params:model.depth"])
        {'params:model.depth': 'model.depth'}
    """
    return {
        name: name.removeprefix("params:") if name != "parameters" else ""
        for name in sorted(names)
        if is_parameter(name)
    }


def _log_parameter(run: TrackedRun, settings: Catalog, key: str, value: Any) -> list[str]:
    """Log a parameter without secrets, and return the keys of the secrets."""
    shown, left_out = leave_out_secrets(key, value)
    if shown or not left_out:
        log = run.log_params_by_type if settings.parameters == "by_type" else run.log_params
        log(key, shown)
    return left_out


def _check_datasets(mlflow_catalog: Mapping[str, Any]) -> None:
    for name, entry in mlflow_catalog.items():
        arguments = _dataset_arguments(entry)
        known = inspect.signature(MLflowDataset).parameters
        for argument in arguments:
            if argument not in known:
                raise ConfigError(
                    f"mlflow_catalog, '{name}': MLflowDataset does not take '{argument}'."
                    f"{did_you_mean(argument, known)}"
                )
        if arguments["dataset"] is not None:
            try:
                MLflowDataset(**arguments).check()
            except (ConfigError, DatasetError) as mistake:
                raise ConfigError(f"mlflow_catalog, '{name}': {mistake}") from None


def _dataset_arguments(entry: Any) -> dict[str, Any]:
    """The arguments of the dataset that logs a value; a dict with ``type`` is its backend."""
    if isinstance(entry, Mapping) and "dataset" in entry and "type" not in entry:
        return dict(entry)
    return {"dataset": entry}


def _warn_of_unknown(names: Iterable[str], pipeline_run: PipelineRun) -> None:
    """Warn of names that neither the catalog nor a pipeline has: nothing is logged for them."""
    listed = set(pipeline_run.catalog.keys())  # `in` accepts names that match a dataset factory
    warn_of_unknown(
        "mlflow_catalog: no pipeline has a dataset '%s', so nothing is logged for it.",
        [name for name in names if name not in listed],
        pipeline_run.pipeline,
        pipeline_run.run_params,
        lambda pipeline: pipeline.datasets(),
    )


def _log_as(run: TrackedRun, name: str, entry: Any, value: Any) -> None:
    if entry is None or value is None:
        return
    if isinstance(value, Iterator):
        logger.warning("'%s' is not logged: a generator can be read only once.", name)
        return
    dataset = MLflowDataset(**{**_dataset_arguments(entry), "caching": False})
    dataset.bind(name.removeprefix("params:"), run.root, run.uri, run)
    try:
        dataset.save(value)
    except DatasetError as error:
        raise DatasetError(f"mlflow_catalog, '{name}': {error}") from error
