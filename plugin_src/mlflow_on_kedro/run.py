"""One pipeline run in MLflow; travels with the catalog to wherever its nodes run."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import fluent, store, values
from .config import Config, Params
from .entries import Entry, File, Param, Tag, Text
from .errors import ConfigError, MLflowOnKedroError
from .opening import MlflowRun, RunRequest, find_run, open_run
from .outbox import Outbox, changed_tag, failure_message, say_changed
from .secrets import mask_urls

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .timeline import Span

logger = logging.getLogger(__name__)

# What a copy of a run in another process starts anew.
_LOCAL_STATE = frozenset(
    {
        "_params",
        "_originals",
        "_said",
        "_participants",
        "_ended",
        "_holds_globals",
        "spans",
    }
)


class TrackedRun:
    """One run in MLflow, which any process that has it can log to.

    It is made by :meth:`open` (a pipeline's run) or :meth:`join` (a run that exists), and it can
    be pickled: a copy in another process logs to the same MLflow run with a client of its own. All
    its methods may be called from any thread. None of them raises because of MLflow, unless
    ``tracking.on_failure`` is ``raise``.
    """

    def __init__(self, found: MlflowRun, request: RunRequest) -> None:
        info = found.info
        self.uri = found.uri
        self.owned = found.owned
        self.run_id: str = info.run_id
        self.experiment_id: str = info.experiment_id
        self.artifact_uri: str = info.artifact_uri
        self.name: str = info.run_name or ""
        self.start_ms = now_ms()
        self.config = request.config
        self.root = request.root
        self.plan = request.plan
        self.secret_params = request.secret_params
        self._opener_pid = os.getpid()
        raising = self.config.tracking.on_failure == "raise"
        self._outbox = Outbox(found.uri, self.run_id, client=found.client, raising=raising)
        self._start_local_state()

    def _start_local_state(self) -> None:
        self._params: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._said: set[str] = set()
        self._participants = 0
        self._ended = False
        self._holds_globals = False
        self.spans: list[Span] = []

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _LOCAL_STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_local_state()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(run_id={self.run_id!r}, uri={mask_urls(self.uri)!r})"

    # -- beginning and end ---------------------------------------------------------------------

    @classmethod
    def open(cls, request: RunRequest) -> TrackedRun | None:
        """Open a pipeline's run in MLflow: see :func:`mlflow_on_kedro.opening.open_run`.

        Returns:
            The run; None when MLflow could not be reached, which is said.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
            MLflowOnKedroError: MLflow could not be reached, and the user chose
                ``tracking.on_failure: raise``.
        """
        try:
            run = cls(open_run(request), request)
            run.begin(request.all_tags)
        except ConfigError:
            raise
        except Exception as error:
            if request.config.tracking.on_failure == "raise":
                raise MLflowOnKedroError(failure_message(request.uri, error, stops=True)) from error
            logger.warning("%s", failure_message(request.uri, error))
            return None
        return run

    @classmethod
    def join(cls, uri: str, run_id: str, config: Config | None = None) -> TrackedRun:
        """Log to a run that exists, without ending it.

        Raises:
            mlflow.exceptions.MlflowException: The store has no such run.
        """
        return cls(find_run(uri, run_id), RunRequest(config or Config()))

    def begin(self, tags: Mapping[str, Any]) -> None:
        """Set the first tags, and see to it that the run ends with the process at the latest."""
        for key, value in tags.items():
            self.set_tag(key, value)
        fluent.hold_globals()
        self._holds_globals = True
        atexit.register(self._end_at_exit)

    def take_over(self) -> TrackedRun:
        """Let :meth:`end` also end the run in MLflow, though another call has started it."""
        self.owned = True
        return self

    def enter(self) -> None:
        """Count a hook that works on this run; the run ends when the last of them leaves."""
        self._participants += 1

    def leave(self, error: BaseException | None = None) -> None:
        """Take leave of the run; the last hook to do so ends it."""
        self._participants -= 1
        if self._participants <= 0:
            self.end("FAILED" if error is not None else "FINISHED")

    def end(self, status: str) -> None:
        """Deliver everything and end the run, once, with MLflow's status of that name."""
        if self._ended or os.getpid() != self._opener_pid:
            return
        self._ended = True
        atexit.unregister(self._end_at_exit)
        try:
            self._outbox.flush(last=True)
        except Exception:  # the user chose `on_failure: raise`
            status = "FAILED" if status == "FINISHED" else status
            raise
        finally:
            try:
                self._terminate(status)
            finally:
                self._restore_globals()

    def _terminate(self, status: str) -> None:
        if not self.owned:
            return
        with self.guard():
            self.client.set_terminated(self.run_id, status=status)
            url = store.run_url(self.uri, self.experiment_id, self.run_id)
            logger.info(
                "MLflow run %s (%s): %s. Look at it: %s",
                self.name,
                self.run_id,
                status,
                url or "kedro mlflow ui",
            )

    def _end_at_exit(self) -> None:
        # Ctrl-C and sys.exit pass Kedro's hooks by. MLflow's own exit handler comes after this one,
        # and would end a run that is still on the thread as FINISHED.
        if self.owned:
            fluent.detach(self)
        self.end("KILLED")

    def _restore_globals(self) -> None:
        # Nodes were given the run's URI and experiment through them; the next session decides anew.
        if self._holds_globals:
            with self.guard():
                fluent.release_globals()

    # -- what a run can be told ----------------------------------------------------------------

    @property
    def client(self) -> MlflowClient:
        """The MLflow client of this process."""
        return self._outbox.client

    @property
    def in_worker(self) -> bool:
        """Whether this process is another one than that which opened the run."""
        return os.getpid() != self._opener_pid

    def log_values(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log a value by its type: see :func:`mlflow_on_kedro.values.by_type`."""
        for name, leaf, kind in values.by_type(key, value):
            if name in self.secret_params:
                continue
            if kind == "metric":
                self.log_metric(name, leaf)
            else:
                self.log_param(name, leaf, limits)

    def log_params(self, key: str, value: Any) -> None:
        """Log a value as parameters: a dict is flattened, anything else is one parameter.

        What came with the command under a name that looks like a secret is left out.
        """
        for name, leaf in values.flatten(key, value):
            if name not in self.secret_params:
                self.log_param(name, leaf)

    def log_param(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log one parameter.

        The first value stays; a later other one is kept as a tag, and said.

        Raises:
            ValueTooLongError: The value is too long, and ``too_long`` is ``error``.
        """
        limits = limits or self.config.params
        legal = self._key(key)
        for entry in values.param(legal, value, limits.too_long, limits.max_length):
            if isinstance(entry, Param):
                first = self._params.setdefault(entry.key, entry.value)
                if first != entry.value:
                    say_changed(entry.key, first, entry.value)
                    entry = Tag(changed_tag(entry.key), entry.value)  # noqa: PLW2901
            self._put(entry)

    def log_metric(
        self, key: str, value: Any, *, step: int = 0, timestamp: int | None = None
    ) -> None:
        """Log one point of a metric; the timestamp is in milliseconds since the epoch."""
        self._put(values.metric(self._key(key), value, timestamp or now_ms(), step))

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag."""
        self._put(values.tag(self._key(key), value))

    def log_text(self, content: str, path: str) -> None:
        """Log a text as an artifact; credentials inside its URLs are masked."""
        self._put(Text(path, mask_urls(content)))

    def log_error(self, error: BaseException) -> None:
        """Log what made the run fail: a tag with the message, and the traceback as an artifact."""
        self.set_tag("error", f"{type(error).__name__}: {error}")
        self.log_text("".join(traceback.format_exception(error)), "error/traceback.txt")

    def log_page(self, content: str, path: str) -> None:
        """Log a page of the plugin's own making as an artifact, as it is."""
        self._put(Text(path, content))

    def log_artifact(self, path: str | os.PathLike[str], folder: str = "") -> None:
        """Log a local file, or a folder with all that is in it."""
        self._put(File(os.fspath(path), folder))

    def settle(self) -> None:
        """Deliver now if this is a worker process, which may end without a word."""
        if self.in_worker:
            self.flush()

    def flush(self) -> None:
        """Deliver all that has gathered in this process."""
        self._outbox.flush()

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Keep a failure of tracking from failing the pipeline: warn instead."""
        try:
            yield
        except MLflowOnKedroError:
            raise
        except Exception as error:
            self._outbox.failed(error)

    def _put(self, entry: Entry) -> None:
        self._outbox.put(entry)

    def _key(self, key: str) -> str:
        key = mask_urls(key)
        legal = values.legal_key(key)
        if self._originals.setdefault(legal, key) != key:  # two keys become one: keep both
            legal = values.with_digest(legal, key)
        if legal != key and key not in self._said:
            self._said.add(key)
            logger.warning("MLflow allows no key %r; it is logged as '%s'.", key, legal)
        return legal


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
