"""Opening the run of a session, and connecting the datasets of its pipeline with it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..config.resolvers import random_name
from ..config.sections import DESCRIPTION_PLACEHOLDER, RANDOM_PLACEHOLDER, Config
from ..config.switched_off import is_switched_off
from ..datasets import shared_files
from ..datasets.artifact_places import own_folders
from ..datasets.tracked import TrackedDataset
from ..delivery import early_start
from ..errors import ConfigError
from ..notebook import notebook_calls
from ..observability import observers
from ..runs import group_runs, kedro_command, last_runs, provenance, run_dataset
from ..runs.own_run import OwnRun
from ..runs.run_request import RunRequest
from ..tracking import parts
from ..tracking.description import describe
from ..tracking.tracked_run import TrackedRun
from ..utils import environment, installation, kedro_internals, pipeline_info
from ..utils.nested import flatten
from ..utils.pipeline_info import PipelineInfo
from ..utils.secrets import is_secret, looks_secret
from . import registered_names
from .catalog_setup import bind

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)

# Where Kedro's own runners run nodes. None: `kedro run` without `--runner`.
_SPREAD = {
    None: "process",
    "SequentialRunner": "process",
    "ThreadRunner": "process",
    "ParallelRunner": "machine",
}


def run_dataset_of(
    run_params: Mapping[str, Any], catalog: CatalogProtocol[Any, Any]
) -> run_dataset.RunDataset:
    """Find the run's dataset in a catalog, or add one with the default configuration."""
    holder = run_dataset.find_run_dataset(catalog)
    if holder is None:
        holder = run_dataset.RunDataset(
            root=run_params.get("project_path"), package=kedro_internals.package_name()
        )
        catalog[run_dataset.RESERVED_NAME] = holder
    return holder


def open_run(
    run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
) -> TrackedRun | None:
    """Return the run of a session, and open it if no other hook has.

    Returns:
        The run; None if tracking is off or MLflow could not be reached.

    Raises:
        ConfigError: A dataset's arguments do not fit this pipeline, or mlflow.yml is wrong.
    """
    notebook_calls.release()
    holder = run_dataset_of(run_params, catalog)
    if holder.was_requested:
        return holder.run
    holder.was_requested = True
    for level, message in holder.messages:
        logger.log(level, "%s", message)
    disabled = holder.config.disabled_pipelines
    registered_names.warn_of_unknown_pipelines("disabled_pipelines", disabled, run_params)
    if is_switched_off(holder.config, run_params):
        early_start.stop()
        holder.config = replace(holder.config, enabled=False)
    info = PipelineInfo.from_pipeline(
        pipeline,
        catalog,
        only_missing_outputs=bool(run_params.get("only_missing_outputs")),
        children=holder.config.run.children if holder.config.enabled else "none",
    )
    datasets = _tracked_datasets(pipeline.datasets() - info.unlisted, catalog)
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
            bind(dataset, name, holder)
        info = replace(
            info, own_folders=own_folders(holder.config, run_params, catalog, datasets, saved)
        )
        holder.config = _fill_placeholders(holder.config, pipeline, run_params)
        observers.check(holder.config, holder.where)
        installation.warn_of_another()
        registers = any(datasets[name].registers for name in saved & datasets.keys()) or any(
            entry.get("registered_model_name") for entry in holder.config.pipeline_models.values()
        )
        request = _request(holder, run_params, info, registers=registers)
        holder.run = OwnRun.open(request)
        group_runs.begin(holder.run, at_once=request.spread == "any")
    for name, dataset in datasets.items():
        bind(dataset, name, holder)
    return holder.run


def _request(
    holder: run_dataset.RunDataset,
    run_params: Mapping[str, Any],
    info: PipelineInfo,
    *,
    registers: bool,
) -> RunRequest:
    holder.git = provenance.git_state(holder.root)
    return RunRequest(
        config=holder.config,
        root=holder.root,
        package=holder.package,
        kedro_run_id=run_params.get("run_id") or run_params.get("session_id"),
        env=run_params.get("env"),
        series=last_runs.series_of(run_params),
        tags=provenance.source_tags(holder.root, holder.package, holder.git),
        pipeline_info=info,
        secret_params=frozenset(secret_params(run_params)),
        registers=registers,
        work=parts.work_of(info.steps, kedro_command.runtime_params(run_params)),
        spread=_SPREAD.get(kedro_command.runner_name(run_params.get("runner")), "any"),
    )


def _fill_placeholders(
    settings: Config, pipeline: Pipeline, run_params: Mapping[str, Any]
) -> Config:
    """Put the pipeline and random words into the run's name, and nodes into the description."""
    run = settings.run
    # MLflow would make up such a name, too, but the chart's heading would have to wait for it.
    name = run.name or environment.run_name() or RANDOM_PLACEHOLDER
    pipelines = ",".join(pipeline_info.pipeline_names(run_params))
    name = name.replace(DESCRIPTION_PLACEHOLDER, pipelines)
    if RANDOM_PLACEHOLDER in name:
        name = name.replace(RANDOM_PLACEHOLDER, random_name())
    run = replace(run, name=name)
    if run.description:
        run = replace(run, description=describe(run.description, pipeline))
    return replace(settings, run=run)


def secret_params(run_params: Mapping[str, Any]) -> list[str]:
    """Find the parameters of a command that look like secrets.

    Args:
        run_params: The argument of Kedro's ``before_pipeline_run``.
    """
    given = run_params.get("runtime_params") or {}
    keys = [*flatten("", given), *flatten("", given, lists=True)] if given else []
    return [name for name, value in keys if looks_secret(name) or is_secret(name, value)]


def _tracked_datasets(
    names: Iterable[str], catalog: CatalogProtocol[Any, Any]
) -> dict[str, TrackedDataset]:
    found = {name: catalog.get(name) for name in names}
    return {name: item for name, item in found.items() if isinstance(item, TrackedDataset)}
