"""What MLflow must not do to the project's logging when it opens a store."""

from __future__ import annotations

import logging.config
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any


class _Guard:
    """Python's own function to set up logging, while it is replaced for the whole process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.real: Any = None

    def filtered(self, fname: Any, *words: Any, **named: Any) -> None:
        """Set up logging from any file but that of MLflow's migrations."""
        if PurePath(str(fname)).parts[-2:] != ("db_migrations", "alembic.ini"):
            self.real(fname, *words, **named)


_guard = _Guard()


@contextmanager
def kept_logging() -> Iterator[None]:
    """Keep the handlers of the project's logging.yml while MLflow opens a SQLite store.

    MLflow's migrations set logging up anew for the whole process in older releases (3.1 does so
    at each opening): what follows in the pipeline's log would be in another form, and in no file.
    """
    with _guard.lock:
        if _guard.count == 0:
            _guard.real = logging.config.fileConfig
            logging.config.fileConfig = _guard.filtered
        _guard.count += 1
    try:
        yield
    finally:
        with _guard.lock:
            _guard.count -= 1
            if _guard.count == 0:
                logging.config.fileConfig = _guard.real
