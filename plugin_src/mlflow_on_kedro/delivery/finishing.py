"""What is sent once a run has ended: the chart of a shared run, registered models."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..journal import values
from ..journal.entries import End, Entry, Register, SpanRecord, Text
from ..journal.records import Opened
from ..models import model_metrics, registry
from ..models.pending_registrations import pending_registrations
from ..prompts import links
from ..tracking import capabilities
from ..tracking.capabilities import Feature
from ..tracking.failures import Kind, kind_of, pass_over_refusals
from ..tracking.timing_metrics import INTERRUPTED_TAG
from .artifact_writer import ArtifactWriter
from .entry_queue import EntryQueue

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def send_shared_chart(client: MlflowClient, run_id: str, writer: ArtifactWriter) -> None:
    """Upload the chart of a run to which several pipelines logged."""
    from ..timeline import shared_chart

    page = shared_chart.draw(client, client.get_run(run_id))
    if page is not None:
        writer.send([Text(shared_chart.GANTT_ARTIFACT, page)])


def interrupted_nodes(spans: Iterable[SpanRecord], end: End) -> list[Entry]:
    """Return the tag with the nodes that were at work when a run was killed.

    Args:
        spans: The timings of the run.
        end: Its end.
    """
    if end.status != "KILLED":
        return []
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    for span in spans:
        if span.what in {"run", "save"}:
            times, time = (ended, span.end) if span.end else (began, span.start)
            times[span.node] = max(time, times.get(span.node, 0.0))
    names = [node for node in began if began[node] > ended.get(node, 0.0)]
    names.sort(key=lambda node: began[node])
    return [values.tag(INTERRUPTED_TAG, ", ".join(names))] if names else []


def link_metrics(client: MlflowClient, run_id: str) -> None:
    """Link the run's metrics to its model; a refusal leaves them with the run alone.

    Raises:
        Exception: MLflow cannot be reached.
    """
    with pass_over_refusals(logger, "MLflow did not link the run's metrics to its model: %s"):
        model_metrics.link(client, run_id)


def link_prompts_to_traces(client: MlflowClient, uri: str, opened: Opened) -> None:
    """Link the prompts of a run to its traces; a refusal leaves them with the run alone.

    Raises:
        Exception: MLflow cannot be reached.
    """
    instead = "prompts are not linked to traces"
    with (
        pass_over_refusals(logger, "MLflow did not link the run's prompts to its traces: %s"),
        capabilities.pass_over_lack(
            uri, Feature.TRACES, instead, lambda: client.get_run(opened.run_id)
        ),
    ):
        links.link_to_traces(client, uri, opened.run_id, opened.experiment_id)


def register_models(
    client: MlflowClient, uri: str, run_id: str, queue: EntryQueue, *, again: bool
) -> list[str]:
    """Register the run's models; a registration that is refused is set aside.

    Args:
        client: A client of the run's store.
        uri: The tracking URI.
        run_id: The run.
        queue: The run's entries.
        again: Another process may have registered them before.

    Returns:
        A message for each model that was registered.

    Raises:
        Exception: MLflow cannot be reached.
    """
    registered = []
    for pending in pending_registrations(client, run_id):
        try:
            registered.append(registry.register(client, uri, pending, again=again))
        except Exception as error:
            if kind_of(error) in (Kind.SILENT, Kind.BUSY, Kind.SERVER):
                raise
            place = f"MLflow's registered model '{pending.registered_name}'"
            queue.set_aside(Register(pending.name), error, 1, place=place)
    return registered
