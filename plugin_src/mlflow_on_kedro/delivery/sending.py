"""Bringing entries to a run in MLflow: in few calls, and none takes others with it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..datasets import tables
from ..journal.entries import Entry, File, Input, Metric, Model, Param, Tag, Text, Trace
from ..keys import legal_key
from ..models import logged_models, registry
from ..secrets import mask_urls
from ..tracking import store
from ..tracking.failures import is_mistake, is_of_this_file, is_refusal, reason

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


class Delivery:
    """Sends entries to one run.

    An entry that MLflow refuses is said and left out; it never takes others with it.

    Args:
        client: A client of the run's store.
        run_id: The run.
        raising: Raise what MLflow refuses instead of warning (``tracking.on_failure: raise``).
        uri: The client's tracking URI.
    """

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        *,
        raising: bool = False,
        uri: str | None = None,
    ) -> None:
        self._client = client
        self._uri = uri
        self._run_id = run_id
        self._raising = raising
        # Of a call to :meth:`send` that failed half-way: places of what need not be sent again.
        self._sent: set[int] = set()

    def send(self, entries: Sequence[Entry]) -> None:
        """Send entries; after a failure the same call goes on where that one stopped.

        Args:
            entries: After a failure the same ones, and possibly more behind them.

        Raises:
            Exception: The store cannot be reached.
        """
        waiting = {n: entry for n, entry in enumerate(entries) if n not in self._sent}
        batch = {n: e for n, e in waiting.items() if isinstance(e, Param | Metric | Tag)}
        if batch:
            self._log_batch(list(batch.values()))
            self._sent.update(batch)
        used = {n: entry for n, entry in waiting.items() if isinstance(entry, Input)}
        if used:
            self._log_inputs(list(used.values()))
            self._sent.update(used)
        self._send_artifacts({n: e for n, e in waiting.items() if isinstance(e, Text | File)})
        self._sent.clear()

    def _send_artifacts(self, entries: Mapping[int, Text | File]) -> None:
        failure: Exception | None = None
        in_a_row = 0
        for place, entry in entries.items():
            try:
                self._log_artifact(entry)
            except Exception as error:
                failure = failure or error
                in_a_row += 1
                if in_a_row > 1:  # it is not this one artifact
                    break
            else:
                in_a_row = 0
                self._sent.add(place)
        if failure is not None:
            raise failure

    # -- params, metrics and tags --------------------------------------------------------------

    def _log_batch(self, entries: Sequence[Entry]) -> None:
        try:
            self._send_batch(entries)
        except Exception as error:
            # A number that is too large for MLflow's protocol is a ValueError before it is sent.
            if not is_refusal(error) and not is_mistake(error):
                raise
            self._log_refused(entries, error)

    def _log_refused(self, entries: Sequence[Entry], error: Exception) -> None:
        """Log a batch without what makes MLflow refuse all of it, which is found by halves."""
        told = self._with_changes(entries)
        if told != list(entries):
            self._log_batch(told)
        elif len(entries) == 1:
            self._refused(f"'{getattr(entries[0], 'key', '')}'", error)
        else:
            middle = len(entries) // 2
            self._log_batch(entries[:middle])
            self._log_batch(entries[middle:])

    def _with_changes(self, entries: Iterable[Entry]) -> list[Entry]:
        """Make tags of parameters that MLflow has, or gets here, with another value."""
        run = self._client.get_run(self._run_id)
        if run.info.lifecycle_stage == "deleted":  # or each entry would be said to be refused
            raise _deleted(self._run_id)
        known = dict(run.data.params)
        found: list[Entry] = []
        for entry in entries:
            if isinstance(entry, Param) and known.setdefault(entry.key, entry.value) != entry.value:
                say_changed(entry.key, known[entry.key], entry.value)
                found.append(Tag(changed_tag(entry.key), entry.value))
            else:
                found.append(entry)
        return found

    def _send_batch(self, entries: Iterable[Entry]) -> None:
        from mlflow.entities import Metric as MlflowMetric
        from mlflow.entities import Param as MlflowParam
        from mlflow.entities import RunTag

        # MLflow refuses a key that is twice in a batch, also with the same value.
        params = dict.fromkeys(entry for entry in entries if isinstance(entry, Param))
        tags = {entry.key: entry.value for entry in entries if isinstance(entry, Tag)}
        if tables.TAG in tags:
            listings = [
                entry.value
                for entry in entries
                if isinstance(entry, Tag) and entry.key == tables.TAG
            ]
            there = self._client.get_run(self._run_id).data.tags.get(tables.TAG)
            tags[tables.TAG] = tables.joined(there, *listings)
        metrics = [entry for entry in entries if isinstance(entry, Metric)]
        self._client.log_batch(
            self._run_id,
            metrics=[MlflowMetric(x.key, x.value, x.timestamp, x.step) for x in metrics],
            params=[MlflowParam(entry.key, entry.value) for entry in params],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )

    # -- datasets used -------------------------------------------------------------------------

    def _log_inputs(self, entries: Sequence[Input]) -> None:
        """Log datasets; MLflow has each only once, however often it is sent."""
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

        used = [
            DatasetInput(
                Dataset(
                    x.name, x.digest, x.source_type, x.source, x.schema or None, x.profile or None
                ),
                [InputTag(MLFLOW_DATASET_CONTEXT, x.context)] if x.context else [],
            )
            for x in entries
        ]
        try:
            self._client.log_inputs(self._run_id, used)
        except Exception as error:
            if not is_refusal(error) and not is_mistake(error):
                raise
            if len(entries) == 1:
                self._refused(f"the dataset '{entries[0].name}' as used", error)
                return
            middle = len(entries) // 2
            self._log_inputs(entries[:middle])
            self._log_inputs(entries[middle:])

    # -- artifacts -----------------------------------------------------------------------------

    def _log_artifact(self, entry: Text | File) -> None:
        try:
            with store.artifacts_at(self._uri):
                if isinstance(entry, Text):
                    self._client.log_text(self._run_id, entry.content, entry.path)
                elif isinstance(entry, Model):
                    self._log_model(entry)
                elif isinstance(entry, Trace):
                    self._send_trace(entry)
                else:
                    self._log_files(Path(entry.path), entry.folder)
        except Exception as error:
            if not is_refusal(error) and not is_of_this_file(entry, error):
                raise
            self._refused(f"the artifact {mask_urls(Path(entry.path).name)}", error)

    def _log_model(self, entry: Model) -> None:
        try:
            logged_models.log(self._client, self._run_id, entry)
            if json.loads(entry.about).get("register_at_once"):  # a node has done so itself
                uri = self._uri or self._client.tracking_uri
                registry.register_models(
                    self._client, self._run_id, uri, only=entry.folder, raising=self._raising
                )
        except Exception as error:
            if self._raising or not (is_refusal(error) or is_mistake(error)):
                raise
            logger.warning(
                "MLflow did not take '%s' as a model, so its files are plain artifacts of the run, "
                "below %s: %s",
                entry.folder,
                entry.folder,
                reason(error),
            )
            self._log_files(Path(entry.path), entry.folder)

    def _send_trace(self, entry: Trace) -> None:
        from ..observing import llm_traces

        uri = self._uri or self._client.tracking_uri
        llm_traces.send(self._client, uri, self._run_id, entry)

    def _log_files(self, path: Path, folder: str) -> None:
        if not path.is_dir():
            self._client.log_artifact(self._run_id, str(path), folder or None)
            return
        # One by one: MLflow would use threads, for which a process waits that wants to end.
        for file in sorted(item for item in path.rglob("*") if item.is_file()):
            below = file.parent.relative_to(path).as_posix()
            place = str(PurePosixPath(folder, below))
            self._client.log_artifact(self._run_id, str(file), None if place == "." else place)

    def _refused(self, what: str, error: Exception) -> None:
        if self._raising:
            raise error
        reason = mask_urls(str(error)).strip().splitlines() or [type(error).__name__]
        logger.warning("MLflow did not take %s, which is left out: %s", what, reason[0])


def _deleted(run_id: str) -> Exception:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    return MlflowException(f"Run {run_id} was deleted. Restore it.", RESOURCE_DOES_NOT_EXIST)


def changed_tag(key: str) -> str:
    """The tag that holds the later value of a parameter that was logged with two values."""
    return legal_key(f"param_changed.{key}")


def say_changed(key: str, first: str, later: str) -> None:
    """Warn that a parameter was logged with two values."""
    logger.warning(
        "Parameter '%s' was logged as %.80r and now as %.80r; MLflow keeps the first, and the "
        "later value is in the tag '%s'.",
        key,
        first,
        later,
        changed_tag(key),
    )
