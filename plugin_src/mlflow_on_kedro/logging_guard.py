"""What MLflow must not do to the project's logging when it opens a store."""

from __future__ import annotations

import logging.config
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

_patching = threading.RLock()


@contextmanager
def kept_logging() -> Iterator[None]:
    """Keep the handlers of the project's logging.yml while MLflow opens a SQLite store.

    MLflow's migrations set logging up anew for the whole process in older releases (3.1 does so
    at each opening): what follows in the pipeline's log would be in another form, and in no file.
    """
    with _patching:  # one at a time: the function is the whole process's
        set_up = logging.config.fileConfig

        def unless_mlflows_own(fname: Any, *words: Any, **named: Any) -> None:
            if PurePath(str(fname)).parts[-2:] != ("db_migrations", "alembic.ini"):
                set_up(fname, *words, **named)

        logging.config.fileConfig = unless_mlflows_own
        try:
            yield
        finally:
            logging.config.fileConfig = set_up
