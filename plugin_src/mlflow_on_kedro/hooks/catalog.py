"""``MLflowCatalogLoggerHook``: node inputs and outputs that no MLflow dataset logs."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset, DatasetError

from ..config.checks import PARAMETERS_CHOICES, UNLOGGED_CHOICES, check_choice
from ..config.parsing import override
from ..config.sections import Catalog, Config
from ..datasets.extension_names import check_extension
from ..datasets.mlflow_dataset import MLflowDataset
from ..errors import ConfigError
from ..utils.pipeline_info import is_parameter
from ..utils.secret_items import leave_out_secrets
from ..utils.suggestions import did_you_mean
from .base import ComingRun, PipelineRun
from .node_values import NodeValuesHook
from .registered_names import warn_of_unknown
from .small_values import choose
from .unlogged import limits_of, log_choice, report_at_end

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowCatalogLoggerHook(NodeValuesHook):
    """Logs each node input and output that the catalog does not list, and the parameters.

    Numbers become metrics; str, bool, list, tuple and set parameters; dicts are flattened; other
    values, and those that are not small, are left alone. Each value is logged once a run.

    Args:
        auto: Log what the catalog does not list.
        mlflow_catalog: Dataset name -> how it is logged, whether the catalog lists it or not: the
            same values as ``dataset`` of :class:`~mlflow_on_kedro.MLflowDataset`, or a dict with
            ``dataset`` and more of its arguments; None for not at all.
        enable_mlflow: Whether this hook does anything.
        parameters: What Kedro's parameters become: ``params``, ``by_type`` (numbers are metrics, as
            in PipelineX) or ``none``.
        max_leaves: A dict of more leaves is not logged.
        max_length: A text or list of more characters is not logged; a list of at most 1,000
            numbers is then a metric's series.
        unlogged: How what was not logged is said, once at the end of the run: ``info`` or ``warn``
            in the log, ``ignore``, or ``error``, which fails the node.

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
        super().__init__(enable_mlflow)
        if parameters is not None:
            check_choice("parameters", parameters, PARAMETERS_CHOICES, type(self).__name__)
        if unlogged is not None:
            check_choice("unlogged", unlogged, UNLOGGED_CHOICES, type(self).__name__)
        self._given = {
            "auto": auto,
            "mlflow_catalog": mlflow_catalog,
            "parameters": parameters,
            "max_leaves": max_leaves,
            "max_length": max_length,
            "unlogged": unlogged,
        }

    def _settings(self, config: Config) -> Catalog:
        return override(config.catalog, **self._given)

    def check(self, coming: ComingRun) -> None:
        """Refuse ways of logging that there are not."""
        _check_ways(self._settings(coming.config).mlflow_catalog)

    def begin(self, session: PipelineRun) -> None:
        """Log the parameters that the pipeline uses."""
        settings = self._settings(session.run.config)
        _warn_of_unknown(settings.mlflow_catalog, session)
        report_at_end(session.run, settings)
        if settings.parameters == "none":
            return
        hidden: dict[str, str] = {}  # what it is called, and what would log it
        for name, key in parameter_keys(session.pipeline.inputs()).items():
            dataset = session.catalog.get(name)
            if name in settings.mlflow_catalog or dataset is None:
                continue
            value = dataset.load()  # not `catalog.load`, which would say so as for a node
            if not key and not value:  # the project has no parameters
                continue
            left_out = _log_parameter(session.run, settings, key, value)
            way = "p" if left_out == [key] else "a"
            hidden |= dict.fromkeys(left_out, f"{{'{name}': {way}}}")
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
        """Log inputs that no node has made; to a child run the node's parameters as well."""
        super().before_node_run(node, catalog, inputs)
        whole = self.run_of(catalog)
        run = whole.of_node(node.name) if whole is not None else None
        if run is None or run is whole:
            return
        settings = self._settings(run.config)
        for name, key in parameter_keys(inputs).items():
            if settings.parameters != "none" and name not in settings.mlflow_catalog:
                with run.guard():
                    _log_parameter(run, settings, key, inputs[name])

    def log_value(self, run: TrackedRun, name: str, value: Any) -> None:
        """Log a value as ``mlflow_catalog`` says, or by type where no catalog lists it."""
        settings = self._settings(run.config)
        if name in settings.mlflow_catalog:
            _log_as(run, name, settings.mlflow_catalog[name], value)
        elif settings.auto and name in run.plan.unlisted:
            lists = run.config.params.flatten_lists
            log_choice(run, choose(name, value, limits_of(settings), lists=lists), settings)


def parameter_keys(names: Iterable[str]) -> dict[str, str]:
    """The parameters among datasets, and the key under which each is logged.

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
    """Log a parameter without secrets, and name what is left out."""
    shown, left_out = leave_out_secrets(key, value)
    if shown or not left_out:
        log = run.log_params_by_type if settings.parameters == "by_type" else run.log_params
        log(key, shown)
    return left_out


def _check_ways(ways: Mapping[str, Any]) -> None:
    for name, how in ways.items():
        arguments = _arguments(how)
        known = inspect.signature(MLflowDataset).parameters
        for argument in arguments:
            if argument not in known:
                raise ConfigError(
                    f"mlflow_catalog, '{name}': MLflowDataset does not take '{argument}'."
                    f"{did_you_mean(argument, known)}"
                )
        if isinstance(arguments["dataset"], str):
            try:
                check_extension(arguments["dataset"])
                MLflowDataset(**arguments).check()
            except (ConfigError, DatasetError) as mistake:
                raise ConfigError(f"mlflow_catalog, '{name}': {mistake}") from None


def _arguments(how: Any) -> dict[str, Any]:
    """The arguments of the dataset that logs a value; a dict with ``type`` is its backend."""
    if isinstance(how, Mapping) and "dataset" in how and "type" not in how:
        return dict(how)
    return {"dataset": how}


def _warn_of_unknown(names: Iterable[str], session: PipelineRun) -> None:
    """Warn of names that no pipeline and no catalog has: nothing is ever logged for them."""
    listed = set(session.catalog.keys())  # `in` takes whatever fits a dataset factory
    warn_of_unknown(
        "mlflow_catalog: no pipeline has a dataset '%s', so nothing is logged for it.",
        [name for name in names if name not in listed],
        session.pipeline,
        session.run_params,
        lambda pipeline: pipeline.datasets(),
    )


def _log_as(run: TrackedRun, name: str, how: Any, value: Any) -> None:
    if how is None or value is None:
        return
    if isinstance(value, Iterator):
        logger.warning("'%s' is not logged: a generator can be read only once.", name)
        return
    dataset = MLflowDataset(**{**_arguments(how), "caching": False})
    dataset.bind(name.removeprefix("params:"), run.root, run.uri, run)
    try:
        dataset.save(value)
    except DatasetError as error:
        raise DatasetError(f"mlflow_catalog, '{name}': {error}") from error
