"""Importing MLflow faster in the process that delivers, which needs only its client.

MLflow imports pandas and its kin when they are there, which takes as long as all the rest, and does
without where they are not: it is published without them as ``mlflow-skinny``
(https://pypi.org/project/mlflow-skinny/). No call of delivery needs them.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence

from ..tracking import store

logger = logging.getLogger(__name__)

UNNEEDED = ("pandas", "polars", "pyarrow", "scipy")


def open_store(uri: str, *, lean: bool) -> None:
    """Import MLflow, and open a store that is a local database; what fails is met again later.

    Args:
        uri: The tracking URI.
        lean: Import it as if the packages in :data:`UNNEEDED` were not installed.
    """
    try:
        with _absent(UNNEEDED if lean else ()):
            store.prepare()
            if store.sqlite_path(uri) is not None:
                store.connect(uri)
    except ImportError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
            del sys.modules[name]  # imported by half
    except Exception as error:
        logger.debug("The store could not be opened at once: %s", error)


@contextlib.contextmanager
def _absent(packages: Sequence[str]) -> Iterator[None]:
    """Have packages that are not imported yet appear as not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # so importlib wants it
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
