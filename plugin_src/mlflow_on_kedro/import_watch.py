"""Doing something when MLflow is imported, instead of importing it, which takes a second."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def is_imported() -> bool:
    """Whether this process has imported MLflow."""
    return "mlflow" in sys.modules


def when_imported(callback: Callable[[], None]) -> None:
    """Call a function once MLflow is imported, in the thread that imports it.

    To ask for it twice is to ask for it once.

    Args:
        callback: What to call; it may use MLflow.

    Example:
        >>> when_imported(lambda: print("now it takes memory"))
    """
    watches = [finder for finder in sys.meta_path if isinstance(finder, _Watch)]
    if all(watch.callback is not callback for watch in watches):
        sys.meta_path.insert(0, _Watch(callback))


class _Watch(MetaPathFinder):
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - as importlib calls it
        target: ModuleType | None = None,  # noqa: ARG002 - as above
    ) -> ModuleSpec | None:
        if fullname != "mlflow":
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.callback()

            loader.exec_module = exec_module
        return spec
