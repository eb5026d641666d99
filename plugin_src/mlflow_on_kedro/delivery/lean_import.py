"""Importing MLflow faster in the process that delivers, which needs only its client.

MLflow imports NumPy, pandas, Polars, PyArrow and SciPy if they are installed, and works without
them: it is published without them as ``mlflow-skinny`` (https://pypi.org/project/mlflow-skinny/).
Delivery needs none of them. The import of MLflow then takes about 60 % of the CPU time (MLflow
3.17.2, Python 3.11), which each run saves that starts such a process.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence

from ..tracking import store

logger = logging.getLogger(__name__)

UNNEEDED = ("numpy", "pandas", "polars", "pyarrow", "scipy")


def import_mlflow() -> None:
    """Import MLflow without the packages that it does not need, or, if it needs them, later."""
    with _lean():
        store.prepare()


def open_store(uri: str) -> None:
    """Open a store that is a local database, which takes MLflow some time.

    Args:
        uri: The tracking URI.
    """
    if store.sqlite_path(uri) is not None:
        with _lean():
            store.connect(uri)


@contextlib.contextmanager
def _lean() -> Iterator[None]:
    """In a block, hide what MLflow does not need; delivery meets errors again, and handles them."""
    try:
        with _absent(UNNEEDED):
            yield
    except ImportError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
            del sys.modules[name]  # partly imported: import it again, with all packages
    except Exception as error:
        logger.debug("The store could not be opened at once: %s", error)


@contextlib.contextmanager
def _absent(packages: Sequence[str]) -> Iterator[None]:
    """Make packages that are not imported yet appear as not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # so importlib wants it
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
