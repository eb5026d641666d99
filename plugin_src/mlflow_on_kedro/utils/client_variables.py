"""MLflow's environment variables that decide how its client works: defaults and retries."""

from __future__ import annotations

import math
import os

_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_POOL_SIZES = {"MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"}


def set_mlflow_defaults() -> None:
    """Set variables that MLflow reads, unless the user has set them.

    Telemetry is off (a network call). MLflow's client retries once only, because delivery has its
    own retries; with MLflow's default the first call to a dead server blocks for 4 to 20 minutes.
    SQLite connections are not pooled, because a connection must not be used after a fork
    (https://www.sqlite.org/howtocorrupt.html), unless the user has chosen a pool's size, which
    SQLAlchemy refuses without a pool. Progress bars for artifacts are off, as they would appear
    in the middle of the pipeline's log. MLflow's message with a run's address is off, because it
    costs a request, and shows the credentials in a URI.
    """
    if "DO_NOT_TRACK" not in os.environ:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault(_RETRIES, "1")
    os.environ.setdefault(_TIMEOUT, "60")
    if not _POOL_SIZES & os.environ.keys():
        os.environ.setdefault("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def disable_retries(timeout: float) -> None:
    """Make MLflow's client return each answer at once, in a process that only delivers.

    Delivery has its own retries. A retry inside MLflow's client hides that the server has answered,
    and a request that hangs hides that the server is back.

    Args:
        timeout: ``tracking.timeout``: seconds without an answer after which a server is away.
    """
    os.environ[_RETRIES] = "0"
    os.environ[_TIMEOUT] = str(max(1, math.ceil(timeout)))


class _Suspended:
    """The values of the variables before :func:`send_once`, to be restored."""

    is_on = False
    retries: str | None = None
    timeout: str | None = None


def send_once(timeout: int | None) -> None:
    """Make MLflow's client send each request only once, until :func:`restore_retries`.

    Args:
        timeout: The least seconds to wait for an answer; None: do not change the timeout.
    """
    if not _Suspended.is_on:
        _Suspended.is_on = True
        _Suspended.retries = os.environ.get(_RETRIES)
        _Suspended.timeout = os.environ.get(_TIMEOUT)
        os.environ[_RETRIES] = "0"
    if timeout is not None and int(os.environ.get(_TIMEOUT) or 0) < timeout:
        os.environ[_TIMEOUT] = str(timeout)


def restore_retries() -> None:
    """Make MLflow's client retry as before :func:`send_once`."""
    _Suspended.is_on = False
    for name, given in ((_RETRIES, _Suspended.retries), (_TIMEOUT, _Suspended.timeout)):
        if given is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = given
