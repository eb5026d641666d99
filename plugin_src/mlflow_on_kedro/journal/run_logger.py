"""The logging methods of a run: values become entries, within MLflow's limits."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..config.sections import Config, Params
from ..utils import mlflow_limits, nested
from ..utils.clock import now_ms
from ..utils.secret_items import leave_out
from ..utils.secrets import mask_secrets, mask_urls
from . import long_values, values
from .changed_params import changed_tag, warn_changed
from .entries import Entry, File, Page, Param, SpanRecord, Tag, Text, Unlogged
from .outbox import Outbox
from .snapshot import Snapshot

logger = logging.getLogger(__name__)


class RunLogger:
    """The logging methods of a run; any of them may be called from any thread.

    Attributes:
        config: The whole configuration.
        secret_params: Keys of parameters from the command line that look like secrets.
        unlogged: What automatic logging has skipped in this process.
        unlogged_reported: Whether that was logged.
        not_logged: What of it the message at the end of the run is to name; "" if nothing.
    """

    config: Config
    secret_params: frozenset[str]

    def _start_logging(self) -> None:
        self._params: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._warned_keys: set[str] = set()
        self.unlogged: list[Unlogged] = []
        self.unlogged_reported = False
        self.not_logged = ""

    @property
    def outbox(self) -> Outbox:
        """Where this process puts its entries."""
        raise NotImplementedError

    def log_values(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log a value by its type: see :func:`mlflow_on_kedro.journal.values.by_type`."""
        value, lists = self._without_secrets(key, value), self.config.params.flatten_lists
        self._log_by_type(values.by_type(key, value, lists=lists), limits)

    def log_params_by_type(self, key: str, value: Any) -> None:
        """Log parameters of the project by their type, dicts as configured in ``params``."""
        value, lists = self._without_secrets(key, value), self.config.params.flatten_lists
        self._log_by_type(values.by_type(key, value, *self._shape(key), lists=lists), None)

    def _log_by_type(self, leaves: Iterable[tuple[str, Any, str]], limits: Params | None) -> None:
        for name, leaf, kind in leaves:
            if name in self.secret_params:
                continue
            if kind == "metric":
                self.log_metric(name, leaf)
            else:
                self.log_param(name, leaf, limits)

    def log_params(self, key: str, value: Any) -> None:
        """Log a value as parameters, dicts as configured in ``params``."""
        value, lists = self._without_secrets(key, value), self.config.params.flatten_lists
        for name, leaf in nested.flatten(key, value, *self._shape(key), lists=lists):
            if name not in self.secret_params:
                self.log_param(name, leaf)

    def _shape(self, key: str) -> tuple[str, int | None]:
        """Return the separator and levels for flattening; without a key, one level more."""
        params = self.config.params
        extra = 0 if key else 1
        return params.separator, params.levels + extra if params.levels is not None else None

    def _without_secrets(self, key: str, value: Any) -> Any:
        """Leave out parameters from the command line that look like secrets."""
        if not self.secret_params:
            return value
        return leave_out(key, value, lambda name, _: name in self.secret_params)

    def log_param(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log one parameter; a later other value is logged as a tag, with a warning.

        Raises:
            ValueTooLongError: The value is too long, and ``too_long`` is ``error``.
        """
        limits = limits or self.config.params
        legal = self._key(key)
        for entry in long_values.param(legal, value, limits.too_long, limits.max_length):
            if isinstance(entry, Param):
                first = self._params.setdefault(entry.key, entry.value)
                if first != entry.value:
                    warn_changed(entry.key, first, entry.value)
                    entry = Tag(changed_tag(entry.key), entry.value)  # noqa: PLW2901
            self.log_entry(entry)

    def log_metric(
        self,
        key: str,
        value: Any,
        *,
        step: int = 0,
        timestamp: int | None = None,
        is_own_key: bool = False,
    ) -> None:
        """Log one point of a metric.

        Args:
            key: The metric's name; characters that MLflow does not allow are replaced.
            value: A real number.
            step: The point's place in the series.
            timestamp: Milliseconds since the epoch. Default: now.
            is_own_key: The plugin has chosen the name: no warning if characters are replaced.
        """
        legal = self._key(key, warns=not is_own_key)
        self.log_entry(values.metric(legal, value, timestamp or now_ms(), step))

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag."""
        self.log_entry(values.tag(self._key(key), value))

    def log_text(self, content: str, path: str) -> None:
        """Log a text as an artifact; passwords in it are masked."""
        self.log_entry(Text(path, mask_secrets(content)))

    def log_error(self, error: BaseException) -> None:
        """Log why the run has failed: a tag with the message, and the traceback as an artifact."""
        self.set_tag("error", mask_secrets(f"{type(error).__name__}: {error}"))
        self.log_text("".join(traceback.format_exception(error)), "error/traceback.txt")

    def log_span(self, span: SpanRecord) -> None:
        """Log a timed step of a node, for the run's timeline and trace."""
        if span.error:
            error, trace = mask_secrets(span.error), mask_secrets(span.trace)
            span = replace(span, error=error, trace=trace)
        if span.metric:
            metric = self._key(span.metric, warns=False)
            span = span if metric == span.metric else replace(span, metric=metric)
        self.log_entry(span)

    def log_page(self, content: str, path: str) -> None:
        """Log a page of the plugin as an artifact; plotly.js is added when it is sent."""
        self.log_entry(Page(path, content))

    def log_artifact(
        self, path: str | os.PathLike[str], folder: str = "", snapshot: Snapshot | None = None
    ) -> None:
        """Log a local file or folder.

        Args:
            path: The file or folder.
            folder: The folder among the run's artifacts.
            snapshot: The files' state and later path, if no process writes to them again.
        """
        self.log_entry(File(os.fspath(path), folder, snapshot=snapshot))

    def log_entry(self, entry: Entry) -> None:
        """Log an entry."""
        self.outbox.put(entry)

    def _key(self, key: str, *, warns: bool = True) -> str:
        key = mask_urls(key)
        name = self.name_in_run(key)
        legal = mlflow_limits.legal_key(name)
        if self._originals.setdefault(legal, key) != key:  # two keys would become one
            legal = mlflow_limits.with_digest(legal, key)
        if legal != name and warns and key not in self._warned_keys:
            self._warned_keys.add(key)
            logger.warning("MLflow allows no key %r; it is logged as '%s'.", name, legal)
        return legal

    def name_in_run(self, key: str) -> str:
        """Return the name under which this run has a value."""
        return key
