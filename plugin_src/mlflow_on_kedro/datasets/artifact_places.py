"""Which datasets of a run have artifacts of the same place, so that each needs a folder of its own.

It is known before the run, so that all its processes do the same, in whatever order nodes run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils import environment
from ..utils.pipeline_info import pipeline_names
from .local_files import local_place
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
    """Find the datasets whose artifacts would replace each other.

    Args:
        config: The whole configuration.
        run_params: What Kedro was asked to run.
        catalog: The run's catalog.
        tracked: The MLflow datasets of the pipeline, which know their names.
        saved: The names of all datasets that the pipeline saves.

    Returns:
        Their names, without the form of a transcoded one.
    """
    logged = frozenset(config.artifacts.after_node_run if config.artifacts.enabled else ())
    known = saved | _saved_elsewhere(config, run_params)
    datasets: dict[str, AnyDataset] = dict(tracked)
    for name in (known & logged) | (known - saved):
        with suppress(Exception):  # it cannot be made: the process that saves it will say so
            dataset = catalog.get(name) if name in catalog and name not in tracked else None
            if dataset is not None:
                datasets[name] = dataset
    datasets = {name: dataset for name, dataset in datasets.items() if name in known}
    return in_each_others_way(datasets, logged)


def in_each_others_way(
    datasets: Mapping[str, AnyDataset], logged: AbstractSet[str]
) -> frozenset[str]:
    """Find the names of datasets that have one place among the artifacts and several local files.

    Args:
        datasets: What is saved in a run.
        logged: The names of those that are no MLflow datasets and are logged all the same.
    """
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, dataset in datasets.items():
        with suppress(Exception):  # it has none: its node will say why
            place = _place(dataset, is_logged=name in logged)
            if place is not None:
                places[place].append(name)
    return frozenset(
        name.partition("@")[0]
        for names in places.values()
        if len(names) > 1 and len(_files(names, datasets)) > 1  # not one file under two names
        for name in names
    )


def _saved_elsewhere(config: Config, run_params: Mapping[str, Any]) -> set[str]:
    """What other processes may save to the same run, or this one once it is resumed."""
    shares = config.run.key or config.run.id or environment.run_key()
    if not (shares or config.run.resume):
        return set()
    from kedro.framework.project import pipelines

    names: Iterable[str] = pipelines if shares else pipeline_names(run_params)
    found = [pipelines[name] for name in names if name in pipelines]
    return {output for pipeline in found for output in pipeline.all_outputs()}


def _place(dataset: AnyDataset, *, is_logged: bool) -> str | None:
    if isinstance(dataset, TrackedDataset):
        return dataset.artifact_place()
    path = local_place(dataset) if is_logged else None
    return path.name if path is not None else None


def _files(names: Iterable[str], datasets: Mapping[str, AnyDataset]) -> set[Path]:
    found: set[Path] = set()
    for name in names:
        dataset = datasets[name]
        if isinstance(dataset, TrackedDataset):
            path = dataset.local_place()
        else:
            path = local_place(dataset)
        if path is not None:
            found.add(path.absolute())
    return found
