"""What a run has to say, gathered and then delivered to MLflow in batches.

The rest of the plugin only calls :meth:`Outbox.put` and :meth:`Outbox.flush`; how and when an
entry reaches the store is this module's business alone.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from .entries import Entry, File, Metric, Param, Tag, Text
from .secrets import mask_urls
from .store import connect
from .values import legal_key

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
                self._deliver(entries, last=last)
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

    def _deliver(self, entries: list[Entry], *, last: bool) -> None:
        """Deliver entries, and take out of the list what needs no other try."""
        batch: list[Entry] = [item for item in entries if not isinstance(item, Text | File)]
        if batch:
            self._log_batch(batch)
        artifacts = [entry for entry in entries if isinstance(entry, Text | File)]
        entries[:] = artifacts
        failure: Exception | None = None
        for artifact in artifacts:
            entries.remove(artifact)
            try:
                self._log_artifact(artifact)
            except Exception as error:
                entries.append(artifact)  # the next try begins with the others
                failure = error
                if not last:
                    break
        if failure is not None:
            raise failure

    def _log_batch(self, entries: list[Entry]) -> None:
        try:
            self._send(entries)
        except Exception as error:
            if not _is_refusal(error):
                raise
            self._log_refused(entries, error)

    def _log_refused(self, entries: list[Entry], error: Exception) -> None:
        """Log a batch without what makes MLflow refuse all of it, which is found by halves."""
        told = self._with_changes(entries)
        if told != entries:
            self._log_batch(told)
        elif len(entries) == 1:
            self._refused(f"'{getattr(entries[0], 'key', '')}'", error)
        else:
            middle = len(entries) // 2
            self._log_batch(entries[:middle])
            self._log_batch(entries[middle:])

    def _with_changes(self, entries: Iterable[Entry]) -> list[Entry]:
        """Make tags of parameters that MLflow has, or gets here, with another value."""
        known = dict(self.client.get_run(self._run_id).data.params)
        found: list[Entry] = []
        for entry in entries:
            if isinstance(entry, Param) and known.setdefault(entry.key, entry.value) != entry.value:
                say_changed(entry.key, known[entry.key], entry.value)
                found.append(Tag(changed_tag(entry.key), entry.value))
            else:
                found.append(entry)
        return found

    def _send(self, entries: Iterable[Entry]) -> None:
        from mlflow.entities import Metric as MlflowMetric
        from mlflow.entities import Param as MlflowParam
        from mlflow.entities import RunTag

        # MLflow refuses a key that is twice in a batch, also with the same value.
        params = dict.fromkeys(entry for entry in entries if isinstance(entry, Param))
        tags = {entry.key: entry.value for entry in entries if isinstance(entry, Tag)}
        metrics = [entry for entry in entries if isinstance(entry, Metric)]
        self.client.log_batch(
            self._run_id,
            metrics=[MlflowMetric(x.key, x.value, x.timestamp, x.step) for x in metrics],
            params=[MlflowParam(entry.key, entry.value) for entry in params],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )

    def _log_artifact(self, entry: Text | File) -> None:
        try:
            if isinstance(entry, Text):
                self.client.log_text(self._run_id, entry.content, entry.path)
            elif Path(entry.path).is_dir():
                self.client.log_artifacts(self._run_id, entry.path, entry.folder or None)
            else:
                self.client.log_artifact(self._run_id, entry.path, entry.folder or None)
        except Exception as error:
            if not _is_refusal(error) and not _is_of_this_file(entry, error):
                raise
            self._refused(f"the artifact {mask_urls(entry.path)}", error)

    def _refused(self, what: str, error: Exception) -> None:
        if self._raising:
            raise error
        reason = mask_urls(str(error)).strip().splitlines() or [type(error).__name__]
        logger.warning("MLflow did not take %s, which is left out: %s", what, reason[0])


def failure_message(uri: str, error: Exception, *, stops: bool = False) -> str:
    """Say what went wrong with a store, what it means and what to do; credentials are masked.

    Args:
        uri: The tracking URI.
        error: What MLflow raised.
        stops: Whether the pipeline stops for it.
    """
    effect = (
        "and `tracking.on_failure` is raise, so the pipeline stops"
        if stops
        else "so tracking is incomplete; the pipeline runs on"
    )
    cause = _connection_error(error)
    what = "failed" if cause is None else "cannot be reached"
    advice = "" if cause is None else " Check `tracking.uri` in mlflow.yml, and the server."
    shown = error if cause is None else cause
    reason = mask_urls(str(shown)).strip().splitlines() or [""]
    return (
        f"MLflow at {mask_urls(uri)} {what}, {effect}.{advice} "
        f"({type(shown).__name__}: {reason[0][:300]})"
    )


def _connection_error(error: BaseException | None) -> OSError | None:
    """The operating system's own word in what HTTP libraries have wrapped several times."""
    found = None
    while error is not None:
        if isinstance(error, OSError):
            found = error
        error = error.__cause__ or error.__context__
    return found


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


def _is_of_this_file(entry: Text | File, error: Exception) -> bool:
    """Tell a file that cannot be read or named so from a store that cannot be reached."""
    if not isinstance(error, OSError):
        return "Invalid artifact path" in str(error)  # MLflow calls it an internal error
    is_missing = isinstance(entry, File) and not Path(entry.path).exists()
    return is_missing or isinstance(error, PermissionError) or error.errno == errno.ENAMETOOLONG
