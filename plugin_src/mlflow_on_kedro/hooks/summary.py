"""What a run's description is made of: the pipeline, what was chosen of it, and its datasets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..datasets.artifact_places import artifact_path
from ..datasets.formats import AnyDataset
from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.tracked import TrackedDataset
from ..datasets.value_kinds import VALUE_KINDS
from ..inputs.source import place_of
from ..runs.kedro_command import option_value
from ..tracking.summary import RunSummary, UsedDataset
from ..tracking.tracked_run import TrackedRun
from ..utils import kedro_internals
from ..utils.pipeline_info import is_parameter, pipeline_names, untranscoded
from ..utils.secrets import mask_urls
from .base import PipelineRun

_CHOICES = (
    "tags",
    "node_names",
    "from_nodes",
    "to_nodes",
    "from_inputs",
    "to_outputs",
    "namespaces",
)
"""Kedro's run params that choose nodes of a pipeline."""
_PLACES = 100
"""How many datasets are described with their places: a description has room for far fewer."""


def summary_of(pipeline_run: PipelineRun, command: str) -> RunSummary:
    """Summarize a run before its first node runs.

    Args:
        pipeline_run: The pipeline and its run.
        command: The command that repeats the run.
    """
    pipeline, params = pipeline_run.pipeline, pipeline_run.run_params
    writers = {name: node.name for node in pipeline.nodes for name in node.outputs}
    return RunSummary(
        ", ".join(pipeline_names(params)),
        _chosen(params),
        command,
        [node.name for node in pipeline.nodes],
        [
            *_used(sorted(pipeline.inputs()), pipeline_run, {}),
            *_used(writers, pipeline_run, writers),
        ],
    )


def _chosen(params: Mapping[str, Any]) -> dict[str, str]:
    given = {name.replace("_", " "): option_value(params.get(name)) for name in _CHOICES}
    if params.get("only_missing_outputs"):
        given["only"] = "missing outputs"
    return {what: value for what, value in given.items() if value}


def _used(
    names: Iterable[str], pipeline_run: PipelineRun, writers: Mapping[str, str]
) -> Iterator[UsedDataset]:
    """Yield the datasets among some names that are neither parameters nor in memory."""
    described = 0
    for name in names:
        if is_parameter(name) or name in pipeline_run.run.pipeline_info.unlisted:
            continue
        dataset = pipeline_run.catalog.get(name)
        if dataset is None or kedro_internals.is_in_memory(dataset):
            continue
        writer = writers.get(name, "")
        described += 1
        if described > _PLACES:
            yield UsedDataset(name, node=writer)
            continue
        with contextlib.suppress(Exception):  # of any class; the node that needs it raises
            yield _described(name, dataset, pipeline_run, writer)


def _described(
    name: str, dataset: AnyDataset, pipeline_run: PipelineRun, writer: str
) -> UsedDataset:
    run = pipeline_run.run
    if isinstance(dataset, MLflowDataset) and dataset.dataset in list(VALUE_KINDS):
        return UsedDataset(name, VALUE_KINDS[str(dataset.dataset)].name, node=writer)
    chosen = None
    if isinstance(dataset, TrackedDataset) and not writer:
        chosen = dataset.chosen_source()
    place = mask_urls(chosen) if chosen is not None else place_of(dataset, run.root)
    return UsedDataset(name, place, _artifact(name, dataset, run) if writer else "", writer)


def _artifact(name: str, dataset: AnyDataset, run: TrackedRun) -> str:
    """Return the path of a dataset among the run's own artifacts; "" if it is not certain."""
    info, plain = run.pipeline_info, untranscoded(name)
    if plain in info.own_folders or plain in info.makers:  # makers: it is in a child run
        return ""
    settings = run.config.artifacts
    is_logged = settings.enabled and name in settings.after_node_run
    return artifact_path(dataset, is_logged=is_logged) or ""
