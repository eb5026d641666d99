"""Doing something when a library is imported, instead of importing it, which takes a second."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def is_imported() -> bool:
    """Whether this process has imported MLflow."""
    return sys.modules.get("mlflow") is not None


def when_imported(callback: Callable[[], None], *names: str) -> None:
    """Call a function once a library that is not imported yet is, in the thread that imports it.

    To ask for it twice is to ask for it once.

    Args:
        callback: What to call; it may use the library.
        names: The library, or a module of it; default: MLflow. Of several, the one whose import
            begins first decides: those that it imports in its turn are whole when it is.

    Example:
        >>> when_imported(lambda: print("now it takes memory"))
    """
    watches = [finder for finder in sys.meta_path if isinstance(finder, _Watch)]
    if all(watch.callback is not callback for watch in watches):
        sys.meta_path.insert(0, _Watch(callback, names or ("mlflow",)))


def forget(callback: Callable[[], None]) -> None:
    """Call a function no more, if it has not been called."""
    for finder in list(sys.meta_path):
        if isinstance(finder, _Watch) and finder.callback is callback:
            sys.meta_path.remove(finder)


class _Watch(MetaPathFinder):
    def __init__(self, callback: Callable[[], None], names: tuple[str, ...]) -> None:
        self.callback = callback
        self.names = names
        self._thread = threading.local()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - as importlib calls it
        target: ModuleType | None = None,  # noqa: ARG002 - as above
    ) -> ModuleSpec | None:
        if fullname not in self.names or getattr(self._thread, "is_looking", False):
            return None
        self._thread.is_looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._thread.is_looking = False
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            # Libraries also look whether another is there without importing it.
            def exec_module(module: ModuleType) -> None:
                is_first = self in sys.meta_path
                forget(self.callback)
                try:
                    execute(module)
                except BaseException:
                    if is_first:
                        sys.meta_path.insert(0, self)
                    raise
                if is_first:
                    self.callback()

            loader.exec_module = exec_module
        return spec
