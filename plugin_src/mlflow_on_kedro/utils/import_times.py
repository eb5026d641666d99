"""Measure how long threads spend importing modules for the first time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def start() -> None:
    """Measure from now on, in all threads of this process. Doing it again has no effect."""
    if _clock() is None:
        sys.meta_path.insert(0, _Clock())


def stop() -> None:
    """Undo :func:`start`."""
    clock = _clock()
    if clock is not None:
        sys.meta_path.remove(clock)


def seconds() -> float:
    """Return how long this thread has imported since the beginning; take the difference of two.

    Example:
        >>> start()
        >>> before = seconds()
        >>> import this_is_not_installed
        Traceback (most recent call last):
            ...
        ModuleNotFoundError: No module named 'this_is_not_installed'
        >>> seconds() > before
        True
        >>> stop()
    """
    clock = _clock()
    return 0.0 if clock is None else clock.total


def _clock() -> _Clock | None:
    for finder in sys.meta_path:  # not `next(...)` of a generator: this is called for each load
        if isinstance(finder, _Clock):
            return finder
    return None


class _Clock(MetaPathFinder, threading.local):
    """Finds nothing itself; measures what the other finders and the module's execution take.

    Only the outermost import of a thread is measured, which contains those within it. A module that
    is imported already costs nothing, because Python asks no finder.
    """

    def __init__(self) -> None:
        self.total = 0.0
        self._is_importing = False
        self._missing: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # A module that is not there is looked for again by Python itself. MLflow does so whenever
        # it makes a client, for each `mlflow.log_metric`: twice would be a millisecond more.
        if self._is_importing or fullname in self._missing:
            return None
        with self._measured():
            spec = self._find(fullname, path, target)
        if spec is None:
            self._missing.add(fullname)
        loader: Any = spec.loader if spec is not None else None
        if isinstance(getattr(loader, "__dict__", None), dict):  # an object of its own
            self._measure(loader)
        return spec

    def _find(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                return spec
        return None

    def _measure(self, loader: Any) -> None:
        """Measure the loader's next execution of a module, and leave it as it was then."""
        own = loader.__dict__.get("exec_module")
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            if own is None:
                loader.__dict__.pop("exec_module", None)
            else:
                loader.exec_module = own
            with self._measured():
                execute(module)

        loader.exec_module = exec_module

    @contextmanager
    def _measured(self) -> Iterator[None]:
        if self._is_importing:
            yield
            return
        self._is_importing, begin = True, time.perf_counter()
        try:
            yield
        finally:
            self._is_importing = False
            self.total += time.perf_counter() - begin
