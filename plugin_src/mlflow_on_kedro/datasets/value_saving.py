"""Saves a value that MLflow itself stores: to the run, and to a local file."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..config.parsing import override
from ..journal import values
from ..journal.entries import Unlogged
from ..journal.snapshot import state_of
from ..utils import nested
from ..utils.secrets import mask_urls
from . import metrics
from .value_kinds import VALUE_KINDS, ValueKind

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun
    from .local_backend import LocalBackend
    from .tracked import TrackedDataset

logger = logging.getLogger(__name__)


class ValueSaver:
    """Saves a parameter, a metric, or a value that becomes one of both by its type.

    Args:
        owner: The MLflow dataset.
        backend: The dataset's backend.
        limits: The dataset's own settings for long values; None where mlflow.yml decides.
        has_prefix: Whether the names of metrics begin with a prefix (not ``prefix: ""``).
    """

    def __init__(
        self,
        owner: TrackedDataset,
        backend: LocalBackend,
        limits: Mapping[str, Any],
        *,
        has_prefix: bool,
    ) -> None:
        self._owner = owner
        self._backend = backend
        self._limits = limits
        self._has_prefix = has_prefix

    @property
    def _kind(self) -> ValueKind:
        return VALUE_KINDS[self._backend.extension]

    def prepare(self, data: Any) -> Any:
        """Check a value, and log it if it extends the history of a metric.

        Returns:
            The value to keep; for a history all of its points.

        Raises:
            DatasetError: MLflow cannot store such a value, or a metric has no name.
        """
        name = self._owner.dataset_name
        self._kind.check(name or "the value", data)
        if not self._has_prefix and not metrics.has_names(data):
            raise DatasetError(
                f"'{name}' is one metric and has no name with `prefix: \"\"`. Save a dict of names "
                "and numbers, or leave `prefix` out."
            )
        history = self._backend.history
        if history is None:
            return data
        with self._owner.saving_run() as run:
            return history.log(run, self._owner.key_in_run() if run is not None else "", data)

    def save(self, data: Any) -> None:
        """Save a value that was prepared."""
        self._save_to_file(data)
        if self._backend.history is not None:  # it is logged already
            return
        with self._owner.saving_run() as run:
            if run is not None:
                limits = override(run.config.params, **self._limits)
                self._kind.log(run, self._owner.key_in_run(), data, limits)
                if self._kind is VALUE_KINDS["a"]:
                    run.note_unlogged(list(self._skipped(run, data)))

    def _skipped(self, run: TrackedRun, data: Any) -> Iterator[Unlogged]:
        """Yield what has no type for MLflow, such as an array within a dict."""
        name, lists = self._owner.key(), run.config.params.flatten_lists
        for key, leaf in nested.flatten(self._owner.key_in_run(), data, lists=lists):
            if leaf is not None and values.kind_of(leaf) is None:
                what, why = type(leaf).__name__, "it is no number, text, list or dict"
                how = "save it as a dataset of its own, or all of this one with `dataset: pkl`"
                yield Unlogged(mask_urls(name), mask_urls(key), what, why, how)

    def _save_to_file(self, data: Any) -> None:
        """Save to the local file, from which nodes in other processes load."""
        if not self._backend.has_file:
            return
        path = self._backend.path(saving=True)
        try:
            state = self._backend.file().save(data)
            if state is None and path is not None:
                state = state_of(path)
        except (DatasetError, OSError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            logger.info("'%s' has no local file: %s.", self._owner.dataset_name, cause)
        else:
            self._owner.record_save(path, state)
