"""What a run has to say, gathered and then delivered to MLflow in batches.

The rest of the plugin only calls :meth:`Outbox.put` and :meth:`Outbox.flush`; how and when an
entry reaches the store is this module's business alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from .entries import Entry, File, Metric, Param, Tag, Text
from .secrets import mask_urls
from .store import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

FLUSH_SIZE = 500
FLUSH_SECONDS = 5.0
RETRY_SECONDS = 30.0


class Outbox:
    """Gathers the entries of one run in one process and delivers them.

    A store that cannot be reached is said once, and what was gathered is kept for the next try. An
    entry that MLflow refuses is said and left out; it never takes others with it.

    Args:
        uri: The tracking URI.
        run_id: The MLflow run.
        client: A client of this process, if there is one already.
        raising: Raise what goes wrong instead of warning (``tracking.on_failure: raise``).
    """

    _client: MlflowClient | None

    def __init__(
        self, uri: str, run_id: str, *, client: MlflowClient | None = None, raising: bool = False
    ) -> None:
        self._uri = uri
        self._run_id = run_id
        self._raising = raising
        self._reset()
        if client is not None:
            self._client = client

    def _reset(self) -> None:
        self._waiting: list[Entry] = []
        self._lock = threading.RLock()
        self._client = None
        self._warned = False
        self._next_try = 0.0
        self._flushed_at = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        return {"_uri": self._uri, "_run_id": self._run_id, "_raising": self._raising}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Another process has its own client, and says only what it has gathered itself.
        self.__dict__.update(state)
        self._reset()

    @property
    def client(self) -> MlflowClient:
        """The client of this process."""
        if self._client is None:
            self._client = connect(self._uri)
        return self._client

    def put(self, entry: Entry) -> None:
        """Take an entry; deliver when enough has gathered, or files, which may change later."""
        with self._lock:
            self._waiting.append(entry)
            waited = time.monotonic() - self._flushed_at
            if (
                isinstance(entry, File)
                or len(self._waiting) >= FLUSH_SIZE
                or waited >= FLUSH_SECONDS
            ):
                self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Deliver all that has gathered.

        Args:
            last: There is no later try, so do not hold back after a failure.
        """
        with self._lock:
            if not self._waiting or (time.monotonic() < self._next_try and not last):
                return
            self._flushed_at = time.monotonic()
            entries, self._waiting = self._waiting, []
            try:
                self._deliver(entries)
            except Exception as error:
                self._waiting = entries + self._waiting
                self._next_try = time.monotonic() + RETRY_SECONDS
                self.failed(error)

    def failed(self, error: Exception) -> None:
        """Say what went wrong; that the store cannot be reached is said once.

        Raises:
            Exception: The error itself, if the user chose ``tracking.on_failure: raise``.
        """
        if self._raising:
            raise error
        if _is_mistake(error):
            reason = " ".join(mask_urls(str(error)).split())
            logger.warning(
                "Not all of this run is in MLflow; the pipeline runs on. (%s: %s)",
                type(error).__name__,
                reason[:500],
            )
        elif not self._warned:
            self._warned = True
            logger.warning("%s", failure_message(self._uri, error))

    def _deliver(self, entries: list[Entry]) -> None:
        params = [entry for entry in entries if isinstance(entry, Param)]
        metrics = [entry for entry in entries if isinstance(entry, Metric)]
        tags = list({entry.key: entry for entry in entries if isinstance(entry, Tag)}.values())
        if params or metrics or tags:
            self._log_batch(params, metrics, tags)
        for entry in entries:
            if isinstance(entry, Text):
                self._log_text(entry)
            elif isinstance(entry, File):
                self._log_file(entry)

    def _log_batch(
        self, params: Iterable[Param], metrics: Iterable[Metric], tags: Iterable[Tag]
    ) -> None:
        entities = [_entity(entry) for group in (metrics, params, tags) for entry in group]
        try:
            self._send(entities)
        except Exception as error:
            if not _is_refusal(error):
                raise
            for entity in entities:  # one bad entry refuses its whole batch: send them singly
                self._send_alone(entity)

    def _send(self, entities: list[Any]) -> None:
        from mlflow.entities import Metric as MlflowMetric
        from mlflow.entities import Param as MlflowParam
        from mlflow.entities import RunTag

        self.client.log_batch(
            self._run_id,
            metrics=[entity for entity in entities if isinstance(entity, MlflowMetric)],
            params=[entity for entity in entities if isinstance(entity, MlflowParam)],
            tags=[entity for entity in entities if isinstance(entity, RunTag)],
        )

    def _send_alone(self, entity: Any) -> None:
        from mlflow.entities import Param as MlflowParam

        try:
            self._send([entity])
        except Exception as error:
            if not _is_refusal(error):
                raise
            known = self.client.get_run(self._run_id).data.params
            if isinstance(entity, MlflowParam) and entity.key in known:
                say_changed(entity.key, known[entity.key], entity.value)
                self.client.set_tag(self._run_id, changed_tag(entity.key), entity.value)
            else:
                self._refused(f"'{entity.key}'", error)

    def _log_text(self, entry: Text) -> None:
        self._artifact(
            entry.path, lambda: self.client.log_text(self._run_id, entry.content, entry.path)
        )

    def _log_file(self, entry: File) -> None:
        folder = entry.folder or None
        if Path(entry.path).is_dir():
            self._artifact(
                entry.path, lambda: self.client.log_artifacts(self._run_id, entry.path, folder)
            )
        else:
            self._artifact(
                entry.path, lambda: self.client.log_artifact(self._run_id, entry.path, folder)
            )

    def _artifact(self, name: str, log: Callable[[], None]) -> None:
        try:
            log()
        except OSError as error:
            if not Path(name).exists() or isinstance(error, PermissionError):
                self._refused(f"the artifact {name}", error)
            else:
                raise

    def _refused(self, what: str, error: Exception) -> None:
        if self._raising:
            raise error
        reason = mask_urls(str(error)).splitlines()[0]
        logger.warning("MLflow did not take %s, which is left out: %s", what, reason)


def failure_message(uri: str, error: Exception) -> str:
    """Say what went wrong with a store, what it means and what to do; credentials are masked."""
    reason = mask_urls(str(error)).strip().splitlines() or [""]
    return (
        f"MLflow at {mask_urls(uri)} cannot be reached, so tracking is incomplete; the pipeline "
        f"runs on. Check `tracking.uri` in mlflow.yml and that the server is up. "
        f"({type(error).__name__}: {reason[0][:300]})"
    )


def changed_tag(key: str) -> str:
    """The tag that holds the later value of a parameter that was logged with two values."""
    return f"param_changed.{key}"[:250]


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


def _entity(entry: Param | Metric | Tag) -> Any:
    from mlflow.entities import Metric as MlflowMetric
    from mlflow.entities import Param as MlflowParam
    from mlflow.entities import RunTag

    if isinstance(entry, Metric):
        return MlflowMetric(entry.key, entry.value, entry.timestamp, entry.step)
    if isinstance(entry, Param):
        return MlflowParam(entry.key, entry.value)
    return RunTag(entry.key, entry.value)


def _is_mistake(error: Exception) -> bool:
    """Tell a value or function that does not fit from a store that cannot be reached."""
    from mlflow.exceptions import MlflowException

    mistakes = (DatasetError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
    return isinstance(error, mistakes) and not isinstance(error, OSError | MlflowException)


def _is_refusal(error: Exception) -> bool:
    """Tell an entry that MLflow refuses from a store that cannot be reached."""
    from mlflow.exceptions import MlflowException

    return isinstance(error, MlflowException) and error.error_code in {
        "INVALID_PARAMETER_VALUE",
        "BAD_REQUEST",
        "RESOURCE_ALREADY_EXISTS",
    }
