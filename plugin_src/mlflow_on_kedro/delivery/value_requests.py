"""The requests that send values to MLflow: several entries each."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..journal.entries import CallSpan, Entry, Input, Metric, Param, Tag, of_kind
from ..mlflow_internals import trace_client
from ..mlflow_internals.tags import DATASET_CONTEXT
from ..tracking import capabilities, own_calls, tables
from ..tracking.capabilities import Feature

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModelInput

ValueRequest: TypeAlias = "Callable[[MlflowClient, str, Sequence[Entry]], None]"
"""Sends entries to a run, which is given by its id."""


def log_batch(client: MlflowClient, run_id: str, entries: Sequence[Entry]) -> None:
    """Log parameters, metrics and tags."""
    from mlflow.entities import Metric as MlflowMetric
    from mlflow.entities import Param as MlflowParam
    from mlflow.entities import RunTag

    # MLflow refuses a key that is twice in a batch, even with the same value.
    params = dict.fromkeys(of_kind(entries, Param))
    tags = {tag.key: tag.value for tag in of_kind(entries, Tag)}
    if tables.TAG in tags:
        listings = [tag.value for tag in of_kind(entries, Tag) if tag.key == tables.TAG]
        earlier = client.get_run(run_id).data.tags.get(tables.TAG)
        tags[tables.TAG] = tables.merge(earlier, *listings)
    client.log_batch(
        run_id,
        metrics=[
            MlflowMetric(metric.key, metric.value, metric.timestamp, metric.step)
            for metric in of_kind(entries, Metric)
        ],
        params=[MlflowParam(param.key, param.value) for param in params],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )


def log_inputs(client: MlflowClient, run_id: str, entries: Sequence[Entry]) -> None:
    """Log datasets; MLflow stores each only once, however often it is sent."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = of_kind(entries, Input)
    used = [
        DatasetInput(
            Dataset(x.name, x.digest, x.source_type, x.source, x.schema or None, x.profile or None),
            [InputTag(DATASET_CONTEXT, x.context)] if x.context else [],
        )
        for x in inputs
    ]
    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.INPUTS):
        return
    instead = "the datasets that a run has read are left out"
    with capabilities.pass_over_lack(uri, Feature.INPUTS, instead, lambda: client.get_run(run_id)):
        client.log_inputs(run_id, used, _models(inputs) or None)


def log_spans(client: MlflowClient, run_id: str, entries: Sequence[Entry]) -> None:
    """Log what nodes have called; a store that takes whole traces only gets them at the end."""
    from ..observability import call_spans

    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.TRACES):
        return
    spans = [call_spans.to_span(entry) for entry in of_kind(entries, CallSpan)]
    instead = "the run's trace is left out"
    with (
        capabilities.pass_over_lack(uri, Feature.TRACES, instead, lambda: client.get_run(run_id)),
        own_calls.bypassed(),
    ):
        trace_client.log_spans(uri, _experiment_id(client, run_id), spans)


@functools.lru_cache(maxsize=16)  # a run that calls models has spans every few seconds
def _experiment_id(client: MlflowClient, run_id: str) -> str:
    return str(client.get_run(run_id).info.experiment_id)


def _models(inputs: Iterable[Input]) -> list[LoggedModelInput]:
    """Return the logged models among datasets used, which MLflow links to the run as well."""
    from mlflow.entities import LoggedModelInput

    sources = [json.loads(entry.source) for entry in inputs if '"model_id"' in entry.source]
    return [LoggedModelInput(x["model_id"]) for x in sources if "tracking_uri" not in x]
