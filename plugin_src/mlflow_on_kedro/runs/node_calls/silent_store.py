"""A tracking store for MLflow that has nothing; importing this module imports MLflow."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ...mlflow_internals.store_classes import AbstractStore
from . import unanswered

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

# Calls that write: a node can go on without their answer.
_WRITES = ("delete_", "link_", "log_", "record_", "rename_", "restore_", "set_", "unlink_")
# MLflow's base class implements these by `log_batch` and `log_batch_async`.
_INHERITED = {
    f"{name}{end}" for name in ("log_metric", "log_param", "set_tag") for end in ("", "_async")
}


class SilentStore(AbstractStore):
    """Ignores each call that writes, with a warning, and raises for each that asks for something.

    Args:
        run: The pipeline's run, for which to warn once.
    """

    @property
    def _run(self) -> TrackedRun:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        """Return a method that only some of MLflow's stores have."""
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(_unanswered(name), self)


def _unanswered(name: str) -> Any:
    def call(self: SilentStore, *_: Any, **__: Any) -> None:
        if not name.startswith(_WRITES):
            raise unanswered.no_answer(name)
        unanswered.warn_ignored(self._run, name)

    return call


for _name in dir(AbstractStore):
    _is_call = callable(getattr(AbstractStore, _name)) and not _name.startswith("__")
    if _is_call and _name not in _INHERITED:
        setattr(SilentStore, _name, _unanswered(_name))
