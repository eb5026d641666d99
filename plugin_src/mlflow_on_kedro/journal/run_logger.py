"""What a run can be told: values become entries, within MLflow's limits."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..config.sections import Config, Params
from ..journal import long_values, values
from ..journal.entries import Entry, File, Input, Model, Page, Param, Part, Tag, Text, Unlogged
from ..journal.outbox import Outbox
from ..journal.snapshot import Snapshot
from ..utils import mlflow_limits
from ..utils.clock import now_ms
from ..utils.secret_items import leave_out
from ..utils.secrets import mask_secrets, mask_urls
from .changed_params import changed_tag, warn_changed

logger = logging.getLogger(__name__)


class RunLogger:
    """The logging methods of a run; any of them may be called from any thread.

    Attributes:
        config: The whole configuration.
        secret_params: Keys of parameters that came with the command and look like secrets.
        unlogged: What automatic logging has left out in this process.
        unlogged_said: Whether that was said.
    """

    config: Config
    secret_params: frozenset[str]

    def _start_telling(self) -> None:
        self._params: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._said: set[str] = set()
        self.unlogged: list[Unlogged] = []
        self.unlogged_said = False

    @property
    def outbox(self) -> Outbox:
        """What takes this process's entries."""
        raise NotImplementedError

    def log_values(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log a value by its type: see :func:`mlflow_on_kedro.journal.values.by_type`."""
        told, lists = self._told(key, value), self.config.params.flatten_lists
        self._log_by_type(values.by_type(key, told, lists=lists), limits)

    def log_params_by_type(self, key: str, value: Any) -> None:
        """Log parameters of the project by their type, dicts as ``params`` of mlflow.yml says."""
        told, lists = self._told(key, value), self.config.params.flatten_lists
        self._log_by_type(values.by_type(key, told, *self._shape(key), lists=lists), None)

    def _log_by_type(self, leaves: Iterable[tuple[str, Any, str]], limits: Params | None) -> None:
        for name, leaf, kind in leaves:
            if name in self.secret_params:
                continue
            if kind == "metric":
                self.log_metric(name, leaf)
            else:
                self.log_param(name, leaf, limits)

    def log_params(self, key: str, value: Any) -> None:
        """Log a value as parameters, dicts as ``params`` of mlflow.yml says."""
        told, lists = self._told(key, value), self.config.params.flatten_lists
        for name, leaf in values.flatten(key, told, *self._shape(key), lists=lists):
            if name not in self.secret_params:
                self.log_param(name, leaf)

    def _shape(self, key: str) -> tuple[str, int | None]:
        """How a dict is flattened; one without a name is that of all parameters."""
        params = self.config.params
        extra = 0 if key else 1
        return params.separator, params.levels + extra if params.levels is not None else None

    def _told(self, key: str, value: Any) -> Any:
        """Leave out what came with the command under a name that looks like a secret."""
        if not self.secret_params:
            return value
        return leave_out(key, value, lambda name, _: name in self.secret_params)

    def log_param(self, key: str, value: Any, limits: Params | None = None) -> None:
        """Log one parameter.

        The first value stays; a later other one is kept as a tag, and said.

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
            self._put(entry)

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
            key: Its name; characters that MLflow does not allow are replaced.
            value: A real number.
            step: The point's place in the series.
            timestamp: Milliseconds since the epoch. Default: now.
            is_own_key: The plugin has made the name: no warning if it is changed.
        """
        legal = self._key(key, warns=not is_own_key)
        self._put(values.metric(legal, value, timestamp or now_ms(), step))

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag."""
        self._put(values.tag(self._key(key), value))

    def log_text(self, content: str, path: str) -> None:
        """Log a text as an artifact; passwords in it are masked."""
        self._put(Text(path, mask_secrets(content)))

    def log_error(self, error: BaseException) -> None:
        """Log what made the run fail: a tag with the message, and the traceback as an artifact."""
        self.set_tag("error", mask_secrets(f"{type(error).__name__}: {error}"))
        told = mask_secrets("".join(traceback.format_exception(error)))
        self.log_text(told, "error/traceback.txt")

    def log_part(self, part: Part) -> None:
        """Log something that a node has done, for the run's trace."""
        self._put(replace(part, error=mask_secrets(part.error), trace=mask_secrets(part.trace)))

    def log_page(self, content: str, path: str) -> None:
        """Log a page of the plugin's own making as an artifact; plotly.js is put into it."""
        self._put(Page(path, content))

    def log_artifact(
        self, path: str | os.PathLike[str], folder: str = "", snapshot: Snapshot | None = None
    ) -> None:
        """Log a local file, or a folder with all that is in it.

        Args:
            path: The file or folder.
            folder: The place among the run's artifacts.
            snapshot: Where it will lie, if this is a place of its own that nobody else writes to.
        """
        self._put(File(os.fspath(path), folder, snapshot=snapshot))

    def log_input(self, entry: Input) -> None:
        """Log a dataset that the run uses."""
        self._put(entry)

    def log_model(self, entry: Model) -> None:
        """Log a model that is saved in a local folder."""
        self._put(entry)

    def log_entry(self, entry: Entry) -> None:
        """Log what is an entry already."""
        self._put(entry)

    def _put(self, entry: Entry) -> None:
        self.outbox.put(entry)

    def _key(self, key: str, *, warns: bool = True) -> str:
        key = mask_urls(key)
        name = self.name_in_run(key)
        legal = mlflow_limits.legal_key(name)
        if self._originals.setdefault(legal, key) != key:  # two keys become one: keep both
            legal = mlflow_limits.with_digest(legal, key)
        if legal != name and warns and key not in self._said:
            self._said.add(key)
            logger.warning("MLflow allows no key %r; it is logged as '%s'.", name, legal)
        return legal

    def name_in_run(self, key: str) -> str:
        """The name under which this run has a value."""
        return key
