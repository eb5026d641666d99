"""From a Kedro session to a run: configuration into the catalog, the run opened, datasets bound."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..config import project
from ..config.sections import DESCRIPTION_PLACEHOLDER, RUNTIME_SECTION, Config
from ..config.switched_off import is_switched_off
from ..datasets import shared_files
from ..datasets.artifact_places import own_folders
from ..datasets.catalog_entries import complete_entry
from ..datasets.tracked import TrackedDataset
from ..errors import ConfigError
from ..journal.values import flatten
from ..notebook import notebook_calls
from ..observability import observers
from ..runs import group_runs, provenance, run_dataset
from ..runs.own_run import OwnRun
from ..runs.project_settings import catalog_config_of, credentials_of
from ..tracking import parts, resuming, uris
from ..tracking.description import describe
from ..tracking.opening import RunRequest
from ..tracking.tracked_run import TrackedRun
from ..utils import environment, installation, pipeline_info
from ..utils.pipeline_info import PipelineInfo
from ..utils.secrets import is_secret, looks_secret
from . import registered_names

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import AbstractDataset, CatalogProtocol
    from kedro.pipeline import Pipeline

# Where Kedro's own runners run nodes; none is named where the first of them is used by default.
_SPREAD = {
    None: "process",
    "SequentialRunner": "process",
    "ThreadRunner": "process",
    "ParallelRunner": "machine",
}


def prepare_context(context: KedroContext, overrides: Mapping[str, Any] | None = None) -> None:
    """Put the configuration into the catalog's own, and tell the MLflow datasets their names.

    Kedro gives a dataset no name, and the hooks of a run no context. So both go through
    ``config_loader["catalog"]``, which Kedro's documentation lets hooks set: no hook keeps state,
    and several sessions in one process do not meet.

    Args:
        context: The session's context.
        overrides: Sections of mlflow.yml whose keys a hook's arguments win over.

    Raises:
        ConfigError: mlflow.yml, the catalog or a hook's argument is wrong.
    """
    _show_messages()
    catalog = catalog_config_of(context)
    if catalog is None or run_dataset.RESERVED_NAME in catalog:
        return
    given = {
        section: {key: value for key, value in keys.items() if value is not None}
        for section, keys in (overrides or {}).items()
    }
    arguments = {section: keys for section, keys in given.items() if keys}
    settings = asdict(project.read(context, arguments))
    root = Path(context.project_path)
    # Asked for by few entries, and refused where it is wrong, which is of no matter without a run.
    uri = functools.cache(lambda: uris.resolve_uri(settings["tracking"]["uri"], root))
    for name, entry in catalog.items():
        if isinstance(entry, Mapping):
            try:
                catalog[name] = complete_entry(name, dict(entry), uri)
            except DatasetError as error:
                raise ConfigError(f"catalog.yml: '{name}': {error}") from None
    catalog[run_dataset.RESERVED_NAME] = {
        "type": f"{run_dataset.RunDataset.__module__}.{run_dataset.RunDataset.__qualname__}",
        # Kedro rewrites what is named `path` or `credentials` in nested mappings. Datasets in
        # `mlflow_catalog` need that; tags and the rest must stay, and do so within a list.
        "mlflow_catalog": settings["catalog"].pop("mlflow_catalog"),
        "config": [settings],
        "checked": True,
        "where": project.place(context),
        "given": _given_keys(context),
        "root": str(context.project_path),
        "package": run_dataset.package_name(),
        **_credentials_name(context, settings["tracking"]["credentials"]),
    }
    context.config_loader["catalog"] = catalog


def add_to_catalog(context: KedroContext, entries: Mapping[str, Any]) -> None:
    """Lay entries over those of catalog.yml, which need not exist; before ``prepare_context``."""
    given = catalog_config_of(context) or {}
    context.config_loader["catalog"] = {**given, **copy.deepcopy(dict(entries))}


def take_out_keys(catalog: CatalogProtocol[Any, Any], parameters: Mapping[str, Any]) -> None:
    """Take keys of mlflow.yml that came with the command out of the project's parameters.

    Kedro takes them for parameters, so a node that takes ``parameters`` as a whole would get them.
    Parameters of the project's own under that name stay.

    Args:
        catalog: The session's catalog.
        parameters: What Kedro has put into it.
    """
    section = f"params:{RUNTIME_SECTION}"
    holder = run_dataset.find_carrier(catalog) if section in parameters else None
    if holder is None or parameters[section] not in holder.given:
        return
    dataset, whole = catalog.get("parameters"), parameters["parameters"]
    if dataset is not None:  # not by its name: Kedro would say that it is replaced
        others = {key: value for key, value in whole.items() if key != RUNTIME_SECTION}
        dataset.save(others)


def prepare_datasets(
    catalog: CatalogProtocol[Any, Any], datasets: Mapping[str, AbstractDataset[Any, Any]]
) -> None:
    """Tell MLflow datasets that were made in Python their names; those of catalog.yml know them.

    The catalog itself is not looked through: that would make, and import, all that it lists.
    """
    holder = run_dataset.find_carrier(catalog) or run_dataset.RunDataset()
    for name, dataset in datasets.items():
        if isinstance(dataset, TrackedDataset):
            _bind(dataset, name, holder)


def carrier_of(
    run_params: Mapping[str, Any], catalog: CatalogProtocol[Any, Any]
) -> run_dataset.RunDataset:
    """Find the carrier of a catalog, or put one there that has all at its default."""
    holder = run_dataset.find_carrier(catalog)
    if holder is None:
        holder = run_dataset.RunDataset(
            root=run_params.get("project_path"), package=run_dataset.package_name()
        )
        catalog[run_dataset.RESERVED_NAME] = holder
    return holder


def open_run(
    run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
) -> TrackedRun | None:
    """Give the run of a session, opening it if no other hook has.

    Returns:
        The run; None when tracking is off or MLflow could not be reached.
    """
    notebook_calls.release()
    holder = carrier_of(run_params, catalog)
    if holder.asked:
        return holder.run
    holder.asked = True
    disabled = holder.config.disabled_pipelines
    registered_names.warn_of_unknown_pipelines("disabled_pipelines", disabled, run_params)
    if is_switched_off(holder.config, run_params):
        holder.config = replace(holder.config, enabled=False)
    plan = PipelineInfo.from_pipeline(
        pipeline,
        catalog,
        only_missing_outputs=bool(run_params.get("only_missing_outputs")),
        children=holder.config.run.children if holder.config.enabled else "none",
    )
    datasets = _tracked_datasets(pipeline.datasets() - plan.unlisted, catalog)
    known, saved = pipeline.datasets(), pipeline.all_outputs()
    for name, dataset in datasets.items():
        try:
            dataset.check()
            dataset.prepare(catalog, known, is_saved=name in saved)
        except DatasetError as error:
            raise ConfigError(f"'{name}' in the catalog: {error}") from None
    shared_files.check(datasets, saved)
    if holder.config.enabled:
        for name, dataset in datasets.items():
            _bind(dataset, name, holder)
        plan = replace(
            plan, own_folders=own_folders(holder.config, run_params, catalog, datasets, saved)
        )
        holder.config = _completed(holder.config, pipeline, run_params)
        observers.check(holder.config, holder.where)
        installation.warn_of_another()
        registers = any(datasets[name].registers for name in saved & datasets.keys()) or any(
            entry.get("registered_model_name") for entry in holder.config.pipeline_models.values()
        )
        request = _request(holder, run_params, plan, registers=registers)
        holder.run = OwnRun.open(request)
        group_runs.begin(holder.run, at_once=request.spread == "any")
    for name, dataset in datasets.items():
        _bind(dataset, name, holder)
    return holder.run


def _given_keys(context: KedroContext) -> list[Mapping[str, Any]]:
    given = (context.config_loader.runtime_params or {}).get(RUNTIME_SECTION)
    return [given] if isinstance(given, Mapping) else []


def _credentials_name(context: KedroContext, name: str | None) -> dict[str, str]:
    # The name alone: Kedro puts the content in its place when it makes the dataset.
    return {"credentials": name} if name and credentials_of(context, name) else {}


def _show_messages() -> None:
    # Kedro's default logging shows INFO of Kedro and of the project's own package only.
    logger = logging.getLogger("mlflow_on_kedro")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


def _request(
    holder: run_dataset.RunDataset,
    run_params: Mapping[str, Any],
    plan: PipelineInfo,
    *,
    registers: bool,
) -> RunRequest:
    return RunRequest(
        config=holder.config,
        root=holder.root,
        package=holder.package,
        kedro_run_id=run_params.get("run_id") or run_params.get("session_id"),
        env=run_params.get("env"),
        series=resuming.series_of(run_params),
        tags=provenance.source_tags(holder.root, holder.package),
        plan=plan,
        secret_params=frozenset(secret_params(run_params)),
        registers=registers,
        work=parts.work_of(plan.steps, provenance.runtime_params(run_params)),
        spread=_SPREAD.get(provenance.runner_name(run_params.get("runner")), "any"),
    )


def _completed(settings: Config, pipeline: Pipeline, run_params: Mapping[str, Any]) -> Config:
    """Write the pipeline's name into the run's name, and its nodes into the description."""
    run = settings.run
    name = run.name or environment.run_name()
    if name:
        pipelines = ",".join(pipeline_info.pipeline_names(run_params))
        run = replace(run, name=name.replace(DESCRIPTION_PLACEHOLDER, pipelines))
    if run.description:
        run = replace(run, description=describe(run.description, pipeline))
    return replace(settings, run=run)


def secret_params(run_params: Mapping[str, Any]) -> list[str]:
    """The parameters that came with a command, and look like secrets.

    Args:
        run_params: What Kedro's ``before_pipeline_run`` gets.
    """
    given = run_params.get("runtime_params") or {}
    leaves = [*flatten("", given), *flatten("", given, lists=True)] if given else []
    return [name for name, leaf in leaves if looks_secret(name) or is_secret(name, leaf)]


def _tracked_datasets(
    names: Iterable[str], catalog: CatalogProtocol[Any, Any]
) -> dict[str, TrackedDataset]:
    found = {name: catalog.get(name) for name in names}
    return {name: item for name, item in found.items() if isinstance(item, TrackedDataset)}


def _bind(dataset: TrackedDataset, name: str, holder: run_dataset.RunDataset) -> None:
    uri = holder.run.uri if holder.run is not None else holder.config.tracking.uri
    run = holder.run.of_output(name) if holder.run is not None else None
    dataset.bind(name, holder.root, uri, run, logs=holder.config.enabled)
