"""Datasets of a run whose artifacts have the same path, so that each needs a folder of its own.

They are found before the run starts, so that all its processes use the same paths, in whatever
order the nodes run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils import environment
from ..utils.pipeline_info import pipeline_names, untranscoded
from .local_files import unversioned_path
from .tracked import TrackedDataset

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..config.sections import Config
    from .formats import AnyDataset


def own_folders(
    config: Config,
    run_params: Mapping[str, Any],
    catalog: CatalogProtocol[Any, Any],
    tracked: Mapping[str, TrackedDataset],
    saved: AbstractSet[str],
) -> frozenset[str]:
    """Return the names of the datasets whose artifacts would replace each other.

    Args:
        config: The whole configuration.
        run_params: Kedro's parameters of the run, such as the pipeline's name.
        catalog: The run's catalog.
        tracked: The MLflow datasets of the pipeline, bound to their names.
        saved: The names of all datasets that the pipeline saves.

    Returns:
        The names; of a transcoded dataset (``name@pandas``) the part before ``@``.
    """
    logged = frozenset(config.artifacts.after_node_run if config.artifacts.enabled else ())
    known = saved | _saved_elsewhere(config, run_params)
    datasets: dict[str, AnyDataset] = dict(tracked)
    for name in (known & logged) | (known - saved):
        with suppress(Exception):  # the process that saves this dataset raises the error
            dataset = catalog.get(name) if name in catalog and name not in tracked else None
            if dataset is not None:
                datasets[name] = dataset
    datasets = {name: dataset for name, dataset in datasets.items() if name in known}
    return with_same_path(datasets, logged)


def with_same_path(datasets: Mapping[str, AnyDataset], logged: AbstractSet[str]) -> frozenset[str]:
    """Return the names of datasets with the same artifact path and different local files.

    Args:
        datasets: The datasets that are saved in a run.
        logged: The names of other datasets than MLflow datasets whose files are logged.
    """
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for name, dataset in datasets.items():
        with suppress(Exception):  # it has no path: its node raises the error
            path = artifact_path(dataset, is_logged=name in logged)
            if path is not None:
                by_path[path].append(name)
    return frozenset(
        untranscoded(name)
        for names in by_path.values()
        if len(names) > 1 and len(_files(names, datasets)) > 1  # not one file under two names
        for name in names
    )


def _saved_elsewhere(config: Config, run_params: Mapping[str, Any]) -> set[str]:
    """The datasets that other processes save to the same run, or this one when it is resumed."""
    is_shared = config.run.key or config.run.id or environment.run_key()
    if not (is_shared or config.run.resume):
        return set()
    from kedro.framework.project import pipelines

    names: Iterable[str] = pipelines if is_shared else pipeline_names(run_params)
    found = [pipelines[name] for name in names if name in pipelines]
    return {output for pipeline in found for output in pipeline.all_outputs()}


def artifact_path(dataset: AnyDataset, *, is_logged: bool) -> str | None:
    """Return the usual path of a dataset among the artifacts of the run that saves it.

    Args:
        dataset: Any dataset.
        is_logged: Whether the files of a dataset that is no MLflow dataset are logged.
    """
    if isinstance(dataset, TrackedDataset):
        return dataset.artifact_path()
    path = _local_path(dataset) if is_logged else None
    return path.name if path is not None else None


def _local_path(dataset: AnyDataset) -> Path | None:
    if isinstance(dataset, TrackedDataset):
        return dataset.unversioned_path()
    return unversioned_path(dataset)


def _files(names: Iterable[str], datasets: Mapping[str, AnyDataset]) -> set[Path]:
    paths = (_local_path(datasets[name]) for name in names)
    return {path.absolute() for path in paths if path is not None}
