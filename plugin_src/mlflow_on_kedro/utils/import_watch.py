"""Call a function when a library is imported by others, without importing it here."""

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
    """Call a function once, when a library is imported, in the thread that imports it.

    Registering the same function twice has no further effect.

    Args:
        callback: The function; it may use the library.
        names: The library, or a module of it; default: MLflow. If there are several, the function
            is called when the one whose import begins first is complete, together with those that
            it imports.

    Example:
        >>> when_imported(lambda: print("now it takes memory"))
    """
    watches = [finder for finder in sys.meta_path if isinstance(finder, _Watch)]
    if all(watch.callback is not callback for watch in watches):
        sys.meta_path.insert(0, _Watch(callback, names or ("mlflow",)))


def forget(callback: Callable[[], None]) -> None:
    """Undo :func:`when_imported`, if the function has not been called yet."""
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

            # The callback waits for this, because libraries also look for others without importing.
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
