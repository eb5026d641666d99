"""From a Kedro context to the catalog: the configuration, and the names of MLflow datasets.

Kedro gives a dataset no name, and the hooks of a run no context. So both go through
``config_loader["catalog"]``, which Kedro's documentation lets hooks set: no hook has state, and
several sessions in one process do not disturb each other.
"""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..compat.kedro_viz import catalog_entries as tracking_datasets
from ..config import project
from ..config.sections import RUNTIME_SECTION
from ..datasets.catalog_entries import complete_entry
from ..datasets.tracked import TrackedDataset
from ..errors import ConfigError
from ..runs import kedro_command, run_dataset
from ..runs.project_settings import catalog_config_of, credentials_of
from ..tracking import uris
from ..utils import kedro_internals, log_lines
from . import kedro_mlflow_files

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import AbstractDataset, CatalogProtocol


def prepare_context(context: KedroContext, overrides: Mapping[str, Any] | None = None) -> None:
    """Put the configuration into the catalog's content, and the names into its MLflow datasets.

    Args:
        context: The session's context.
        overrides: Values from a hook's arguments, which win over mlflow.yml: section -> key ->
            value, where None means that the argument was not given.

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
    config, translation = project.read_all(context, arguments)
    settings = asdict(config)
    root = Path(context.project_path)
    where = project.place(context)
    old = kedro_mlflow_files.translate(catalog)
    # Few entries need it, and a wrong one does not matter where nothing runs.
    uri = functools.cache(lambda: uris.resolve_uri(settings["tracking"]["uri"], root))
    for name, entry in catalog.items():
        if isinstance(entry, Mapping):
            try:
                change = tracking_datasets.translated(name, entry)
                given_entry = dict(entry) if change is None else change.entry
                catalog[name] = complete_entry(name, given_entry, uri)
            except DatasetError as error:
                raise ConfigError(f"catalog.yml: '{name}': {error}") from None
    catalog[run_dataset.RESERVED_NAME] = {
        "type": f"{run_dataset.RunDataset.__module__}.{run_dataset.RunDataset.__qualname__}",
        # Kedro rewrites what is named `path` or `credentials` in nested mappings. Datasets in
        # `mlflow_catalog` need that; tags and the rest must stay, and do so within a list.
        "mlflow_catalog": settings["catalog"].pop("mlflow_catalog"),
        "config": [settings],
        "checked": True,
        "where": where,
        "messages": kedro_mlflow_files.messages(translation, old, where),
        "given": _runtime_keys(context),
        "root": str(context.project_path),
        "package": kedro_internals.package_name(),
        **_credentials_name(context, settings["tracking"]["credentials"]),
    }
    context.config_loader["catalog"] = catalog
    if kedro_command.command_params():  # other commands open no run
        from ..runs import senders

        senders.prepare(config, root)


def add_to_catalog(context: KedroContext, entries: Mapping[str, Any]) -> None:
    """Add entries to the content of catalog.yml, or replace its own; before ``prepare_context``."""
    given = catalog_config_of(context) or {}
    context.config_loader["catalog"] = {**given, **copy.deepcopy(dict(entries))}


def take_out_keys(catalog: CatalogProtocol[Any, Any], parameters: Mapping[str, Any]) -> None:
    """Remove keys of mlflow.yml that came with the command from the project's parameters.

    Kedro takes them for parameters, so a node with ``parameters`` as its input would get them. The
    project's own parameters of that name stay.

    Args:
        catalog: The session's catalog.
        parameters: The parameters that Kedro has put into it.
    """
    section = f"params:{RUNTIME_SECTION}"
    holder = run_dataset.find_run_dataset(catalog) if section in parameters else None
    if holder is None or parameters[section] not in holder.given:
        return
    dataset, everything = catalog.get("parameters"), parameters["parameters"]
    if dataset is not None:  # not by `catalog["parameters"] =`, of which Kedro logs a message
        dataset.save({key: value for key, value in everything.items() if key != RUNTIME_SECTION})


def prepare_datasets(
    catalog: CatalogProtocol[Any, Any], datasets: Mapping[str, AbstractDataset[Any, Any]]
) -> None:
    """Give MLflow datasets that were created in Python their names; those of catalog.yml have them.

    Only the given ones: to look through the catalog would create, and import, all that it lists.
    """
    holder = run_dataset.find_run_dataset(catalog) or run_dataset.RunDataset()
    for name, dataset in datasets.items():
        if isinstance(dataset, TrackedDataset):
            bind(dataset, name, holder)


def bind(dataset: TrackedDataset, name: str, holder: run_dataset.RunDataset) -> None:
    """Connect an MLflow dataset with its name, the project and, once it is open, the run."""
    uri = holder.run.uri if holder.run is not None else holder.config.tracking.uri
    run = holder.run.of_output(name) if holder.run is not None else None
    dataset.bind(name, holder.root, uri, run, logs=holder.config.enabled)


def _runtime_keys(context: KedroContext) -> list[Mapping[str, Any]]:
    given = (context.config_loader.runtime_params or {}).get(RUNTIME_SECTION)
    return [given] if isinstance(given, Mapping) else []


def _credentials_name(context: KedroContext, name: str | None) -> dict[str, str]:
    # The name alone: Kedro replaces it by the content when it creates the dataset.
    return {"credentials": name} if name and credentials_of(context, name) else {}


def _show_messages() -> None:
    # Kedro's default logging shows INFO of Kedro and of the project's own package only.
    logger = logging.getLogger("mlflow_on_kedro")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    log_lines.keep_words_whole()
