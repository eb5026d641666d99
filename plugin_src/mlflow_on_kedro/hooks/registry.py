"""``mlflow_hooks``: all hooks at once, configured by mlflow.yml."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from .base import TrackingHook

_NAMES = (
    "MLflowBasicLoggerHook",
    "MLflowCatalogLoggerHook",
    "MLflowInputsLoggerHook",
    "MLflowArtifactsLoggerHook",
    "MLflowEnvVarsLoggerHook",
    "MLflowTimeLoggerHook",
    "MLflowPipelineModelLoggerHook",
)


class HookSuite(Sequence["TrackingHook"]):
    """The hooks, which are imported when the first of them is asked for.

    Each ``kedro`` command reads settings.py, and most of them call no hook.
    """

    @functools.cached_property
    def _hooks(self) -> tuple[TrackingHook, ...]:
        hooks = importlib.import_module(__package__)
        return tuple(getattr(hooks, name)() for name in _NAMES)

    @overload
    def __getitem__(self, index: int) -> TrackingHook: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TrackingHook, ...]: ...

    def __getitem__(self, index: int | slice) -> TrackingHook | tuple[TrackingHook, ...]:
        return self._hooks[index]

    def __len__(self) -> int:
        return len(_NAMES)

    def __iter__(self) -> Iterator[TrackingHook]:
        return iter(self._hooks)

    def __add__(self, others: Iterable[Any]) -> tuple[Any, ...]:
        return (*self, *others)

    def __radd__(self, others: Iterable[Any]) -> tuple[Any, ...]:
        return (*others, *self)


def mlflow_hooks() -> HookSuite:
    """Give all hooks, for ``HOOKS`` in a project's settings.py.

    Example:
        >>> HOOKS = mlflow_hooks()
        >>> len(HOOKS)
        7
    """
    return HookSuite()
