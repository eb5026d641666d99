"""The registry of hooks: every hook in this package by its name, and ``mlflow_hooks()``.

The hooks are found in the package's modules, so that a new one is a new module and nothing else.
The modules are imported when the first hook is needed: most ``kedro`` commands read settings.py,
and call no hook.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, overload

from ..utils import command_line

if TYPE_CHECKING:
    from .base import TrackingHook


@functools.cache
def hook_classes() -> dict[str, type[TrackingHook]]:
    """Import the modules of this package, and return the classes of hooks in them by their names.

    Example:
        >>> hook_classes()["MLflowTimeLoggerHook"].section
        'time'
    """
    from .base import TrackingHook

    package = str(__package__)
    found: dict[str, type[TrackingHook]] = {}
    for item in pkgutil.iter_modules(sys.modules[package].__path__):
        module = importlib.import_module(f"{package}.{item.name}")
        for name, value in vars(module).items():
            is_own = getattr(value, "__module__", None) == module.__name__
            if is_own and isinstance(value, type) and issubclass(value, TrackingHook):
                found[name] = value
    return found


def default_hooks() -> list[type[TrackingHook]]:
    """Return the classes whose hooks ``mlflow_hooks()`` has, in the order of their sections."""
    from ..config.sections import Config

    order = [section.name for section in fields(Config)]
    chosen = {hook for hook in hook_classes().values() if hook.section and hook.by_default}
    return sorted(chosen, key=lambda hook: (order.index(hook.section), hook.__name__))


class HookSequence(Sequence["TrackingHook"]):
    """One hook of each default class; they are created when the first of them is used.

    For a command that runs no pipeline there is only one, which completes the catalog.
    """

    @functools.cached_property
    def _hooks(self) -> tuple[TrackingHook, ...]:
        if command_line.runs_no_pipeline():
            from .base import TrackingHook

            return (TrackingHook(),)  # to import the modules of all takes a tenth of a second
        return tuple(hook() for hook in default_hooks())

    @overload
    def __getitem__(self, index: int) -> TrackingHook: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TrackingHook, ...]: ...

    def __getitem__(self, index: int | slice) -> TrackingHook | tuple[TrackingHook, ...]:
        return self._hooks[index]

    def __len__(self) -> int:
        return len(self._hooks)

    def __bool__(self) -> bool:  # Kedro asks whenever it reads settings.py
        return True

    def __iter__(self) -> Iterator[TrackingHook]:
        return iter(self._hooks)

    def __add__(self, others: Iterable[Any]) -> tuple[Any, ...]:
        return (*self, *others)

    def __radd__(self, others: Iterable[Any]) -> tuple[Any, ...]:
        return (*others, *self)


def mlflow_hooks() -> HookSequence:
    """Return all hooks that mlflow.yml configures, for ``HOOKS`` in a project's settings.py.

    For ``kedro run``, the process that delivers starts at once: importing MLflow takes long.

    Example:
        >>> HOOKS = mlflow_hooks()
        >>> [type(hook).__name__ for hook in HOOKS][:2]
        ['MLflowBasicLoggerHook', 'MLflowCatalogLoggerHook']
    """
    if command_line.is_kedro_run():
        from ..delivery import early_start, sender_process
        from ..utils import environment

        if sender_process.is_faster() and environment.mode() != "offline":
            early_start.start()
    return HookSequence()
