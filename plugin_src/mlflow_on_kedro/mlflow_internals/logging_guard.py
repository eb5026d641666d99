"""Keeping MLflow's database migrations from changing the project's logging."""

from __future__ import annotations

import logging.config
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any


class _Guard:
    """Python's ``logging.config.fileConfig``, while it is replaced for the whole process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.original: Any = None

    def filtered(self, fname: Any, *args: Any, **kwargs: Any) -> None:
        """Configure logging from any file but that of MLflow's migrations."""
        if PurePath(str(fname)).parts[-2:] != ("db_migrations", "alembic.ini"):
            self.original(fname, *args, **kwargs)


_guard = _Guard()


@contextmanager
def kept_logging() -> Iterator[None]:
    """Keep the handlers of the project's logging.yml while MLflow opens a SQLite store.

    In older releases (in 3.1 whenever a store is opened) MLflow's migrations configure logging for
    the whole process: the rest of the pipeline's log would have another format and go to no file.
    """
    with _guard.lock:
        if _guard.count == 0:
            _guard.original = logging.config.fileConfig
            logging.config.fileConfig = _guard.filtered
        _guard.count += 1
    try:
        yield
    finally:
        with _guard.lock:
            _guard.count -= 1
            if _guard.count == 0:
                logging.config.fileConfig = _guard.original
