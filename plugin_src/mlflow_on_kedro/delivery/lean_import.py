"""Importing MLflow faster in the process that delivers, which needs only its client.

MLflow imports pandas, polars, pyarrow and scipy if they are installed, and works without them: it
is published without them as ``mlflow-skinny`` (https://pypi.org/project/mlflow-skinny/). Delivery
needs none of them. The import of MLflow then takes 1.3 s of CPU time instead of 1.9 s (medians of
three, MLflow 3.17.2, Python 3.11), which each run saves that starts such a process.
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
    """Import MLflow, and open a store that is a local database.

    Errors are only logged: delivery meets them again, and handles them.

    Args:
        uri: The tracking URI.
        lean: Import MLflow as if the packages in :data:`UNNEEDED` were not installed.
    """
    try:
        with _absent(UNNEEDED if lean else ()):
            store.prepare()
            if store.sqlite_path(uri) is not None:
                store.connect(uri)
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
