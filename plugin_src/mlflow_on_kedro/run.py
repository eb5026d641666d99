"""One pipeline run in MLflow; travels with the catalog to wherever its nodes run."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import fluent, store, values
from .config import Config, Params, tracking_uri_from_environment
from .entries import Entry, File, Param, Tag, Text
from .errors import ConfigError, MLflowOnKedroError
from .outbox import Outbox, changed_tag, failure_message, say_changed
from .plan import Plan
from .secrets import mask_urls

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .timeline import Span

logger = logging.getLogger(__name__)

PARENT_TAG = "mlflow.parentRunId"
KEDRO_RUN_TAG = "kedro.run_id"

# What a copy of a run in another process starts anew.
_LOCAL_STATE = frozenset(
    {
        "_params",
        "_originals",
        "_said",
        "_participants",
        "_ended",
        "_failed",
        "_uri_before",
        "_restores_uri",
        "spans",
    }
)


@dataclass(frozen=True)
class RunRequest:
    """What is asked of MLflow when a run is opened.

    Attributes:
        config: The whole configuration.
        root: The project's root.
        package: The project's package, None outside of a project.
        kedro_run_id: Kedro's own id of the run.
        tags: Tags to set at once.
        plan: What is known of the pipeline.
        secret_params: Keys of parameters that came with the command and look like secrets.
    """

    config: Config
    root: Path
    package: str | None = None
    kedro_run_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    secret_params: frozenset[str] = frozenset()


class TrackedRun:
    """One run in MLflow, which any process that has it can log to.

    It is made by :meth:`open` (a pipeline's run) or :meth:`join` (a run that exists), and it can
    be pickled: a copy in another process logs to the same MLflow run with a client of its own. All
    its methods may be called from any thread. None of them raises because of MLflow, unless
    ``tracking.on_failure`` is ``raise``.
    """

    def __init__(
        self,
        *,
        uri: str,
        run_id: str,
        experiment_id: str,
        artifact_uri: str = "",
        name: str = "",
        start_ms: int = 0,
        config: Config | None = None,
        root: Path | None = None,
        kedro_run_id: str | None = None,
        plan: Plan | None = None,
        secret_params: frozenset[str] = frozenset(),
        owned: bool = False,
    ) -> None:
        self.uri = uri
        self.run_id = run_id
        self.experiment_id = experiment_id
        self.artifact_uri = artifact_uri
        self.name = name
        self.start_ms = start_ms or now_ms()
        self.config = config or Config()
        self.root = root or Path.cwd()
        self.kedro_run_id = kedro_run_id
        self.plan = plan or Plan()
        self.secret_params = secret_params
        self.owned = owned
        self._opener_pid = os.getpid()
        self._outbox = Outbox(
            uri, run_id, raising=self.config.tracking.on_failure == "raise"
        )
        self._start_local_state()

    def _start_local_state(self) -> None:
        self._params: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._said: set[str] = set()
        self._participants = 0
        self._ended = False
        self._failed = False
        self._uri_before: str | None = None
        self._restores_uri = False
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
        """Open a pipeline's run in MLflow.

        A run that is already active in this thread is used and left open, or, with
        ``run.nested``, becomes the parent of a new one. ``run.id`` continues that run.

        Returns:
            The run; None when MLflow could not be reached, which is said.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
        """
        config = request.config
        uri = store.resolve_uri(config.tracking.uri, request.root)
        try:
            return cls._open(uri, request)
        except ConfigError:
            raise
        except Exception as error:
            if config.tracking.on_failure == "raise":
                raise
            logger.warning("%s", failure_message(uri, error))
            return None

    @classmethod
    def _open(cls, uri: str, request: RunRequest) -> TrackedRun:
        config = request.config
        active = fluent.active_run_id()
        if active is not None and not config.run.nested and config.run.id is None:
            import mlflow

            uri, owned = mlflow.get_tracking_uri(), False
            client = store.connect(uri)
            found = client.get_run(active)
        else:
            client, owned = store.connect(uri), True
            parent = active if config.run.nested else None
            found = _start(client, uri, request, parent)
        run = cls._of(found, uri, request, owned=owned)
        run._outbox.adopt(client)
        for key, value in {**request.tags, **config.run.tags}.items():
            run.set_tag(key, value)
        if request.kedro_run_id:
            run.set_tag(KEDRO_RUN_TAG, request.kedro_run_id)
        if config.run.description:
            run.set_tag("mlflow.note.content", config.run.description)
        run._uri_before, run._restores_uri = tracking_uri_from_environment(), True
        atexit.register(run._end_at_exit)
        return run

    @classmethod
    def _of(cls, found: Any, uri: str, request: RunRequest, *, owned: bool) -> TrackedRun:
        return cls(
            uri=uri,
            run_id=found.info.run_id,
            experiment_id=found.info.experiment_id,
            artifact_uri=found.info.artifact_uri,
            name=found.info.run_name or "",
            start_ms=now_ms(),
            config=request.config,
            root=request.root,
            kedro_run_id=request.kedro_run_id,
            plan=request.plan,
            secret_params=request.secret_params,
            owned=owned,
        )

    @classmethod
    def join(cls, uri: str, run_id: str, config: Config | None = None) -> TrackedRun:
        """Log to a run that exists, without ending it.

        Raises:
            mlflow.exceptions.MlflowException: The store has no such run.
        """
        client = store.connect(uri)
        found = client.get_run(run_id)
        run = cls._of(found, uri, RunRequest(config or Config(), Path.cwd()), owned=False)
        run._outbox.adopt(client)
        return run

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
            self.end("FAILED" if error is not None or self._failed else "FINISHED")

    def mark_failed(self) -> None:
        """Let the run end as FAILED."""
        self._failed = True

    def end(self, status: str) -> None:
        """Deliver everything and end the run, once, with MLflow's status of that name."""
        if self._ended or os.getpid() != self._opener_pid:
            return
        self._ended = True
        atexit.unregister(self._end_at_exit)
        self._outbox.flush(last=True)
        if self.owned:
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
        self._restore_tracking_uri()

    def _end_at_exit(self) -> None:
        # Ctrl-C and sys.exit pass Kedro's hooks by.
        self.end("KILLED")

    def _restore_tracking_uri(self) -> None:
        # Nodes were given the run's URI through MLflow's global; the next session decides anew.
        if self._restores_uri:
            with self.guard():
                fluent.set_tracking_uri(self._uri_before)

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
        self._put(values.tag(values.legal_key(key), value))

    def log_text(self, content: str, path: str) -> None:
        """Log a text as an artifact; credentials inside its URLs are masked."""
        self._put(Text(path, mask_urls(content)))

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


def _start(client: MlflowClient, uri: str, request: RunRequest, parent: str | None) -> Any:
    config = request.config
    if config.run.id is not None:
        return _continue(client, uri, config.run.id)
    experiment = store.resolve_experiment(config.experiment.name, request.package)
    location = store.resolve_artifact_location(
        config.experiment.artifact_location, uri, experiment, request.root
    )
    return client.create_run(
        store.experiment_id(client, experiment, location),
        run_name=config.run.name,
        tags={PARENT_TAG: parent} if parent else None,
    )


def _continue(client: MlflowClient, uri: str, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise ConfigError(
            f"`run.id` in mlflow.yml is {run_id!r}, but MLflow at {mask_urls(uri)} has no such "
            "run. Correct the id, or leave it out for a new run."
        ) from None
    if found.info.lifecycle_stage == "deleted":
        client.restore_run(run_id)
    client.update_run(run_id, status="RUNNING")
    return found
