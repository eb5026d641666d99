"""What can go wrong with MLflow: telling one kind from another, and saying it."""

from __future__ import annotations

import errno
from pathlib import Path

from kedro.io import DatasetError

from ..journal.entries import File, Text
from ..secrets import mask_secrets, mask_urls

INCOMPLETE = "so tracking is incomplete; the pipeline runs on"
"""What a failure means where nothing is kept for later."""

_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS"}
_CLIENT_ERRORS = (400, 500)
# Denied; asked too slowly or too often.
_NOT_OF_THE_ENTRY = {401, 403, 408, 425, 429}
_DENIALS = {"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"}


def is_refusal(error: BaseException) -> bool:
    """Tell an entry that MLflow refuses from a store that cannot be reached."""
    status = _status(error)
    refused = status is not None and _CLIENT_ERRORS[0] <= status < _CLIENT_ERRORS[1]
    return _code(error) in _REFUSALS or (refused and status not in _NOT_OF_THE_ENTRY)


def is_denial(error: BaseException) -> bool:
    """Tell wrong credentials (HTTP 401 and 403), which no later try mends."""
    return _code(error) in _DENIALS or _status(error) in {401, 403}


def is_gone(error: BaseException) -> bool:
    """Tell a run that MLflow has no more."""
    return _code(error) == "RESOURCE_DOES_NOT_EXIST"


def is_mistake(error: BaseException) -> bool:
    """Tell a value or function that does not fit from a store that cannot be reached."""
    if isinstance(error, ImportError):  # MLflow itself, or what a store of it needs
        return True
    from mlflow.exceptions import MlflowException

    mistakes = (DatasetError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
    return isinstance(error, mistakes) and not isinstance(error, OSError | MlflowException)


def is_unknown_uri(error: BaseException) -> bool:
    """Tell a tracking URI of which MLflow does not know the scheme."""
    return type(error).__name__.startswith("Unsupported") and type(error).__name__.endswith(
        "StoreURIException"
    )


def is_of_this_file(entry: Text | File, error: BaseException) -> bool:
    """Tell a file that cannot be read or named so from a store that cannot be reached."""
    if not isinstance(error, OSError):
        return "Invalid artifact path" in str(error)  # MLflow calls it an internal error
    is_missing = isinstance(entry, File) and not Path(entry.path).exists()
    return is_missing or isinstance(error, PermissionError) or error.errno == errno.ENAMETOOLONG


def reason(error: BaseException) -> str:
    """One line that says what happened: the operating system's own word where there is one."""
    shown = connection_error(error) or error
    lines = mask_secrets(str(shown)).strip().splitlines() or [""]
    return f"{type(shown).__name__}: {lines[0][:300]}"


def failure_message(uri: str, error: BaseException, effect: str) -> str:
    """Say what went wrong with a store, what it means and what to do; credentials are masked.

    Args:
        uri: The tracking URI.
        error: What MLflow raised.
        effect: What that means for the user.
    """
    if is_denial(error):
        what = "does not accept the credentials"
        advice = (
            " Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN, or `tracking.credentials` and `tracking.request_headers` in "
            "mlflow.yml."
        )
    elif connection_error(error) is not None:
        what = "cannot be reached"
        advice = " Check `tracking.uri` in mlflow.yml, and the server."
    elif is_unknown_uri(error):
        what = "is nothing that MLflow knows"
        advice = " Correct `tracking.uri` in mlflow.yml; `kedro mlflow sync --uri URI` delivers it."
    else:
        what, advice = "failed", ""
    return f"MLflow at {mask_urls(uri)} {what}, {effect}.{advice} ({reason(error)})"


def connection_error(error: BaseException | None) -> OSError | None:
    """The operating system's own word in what HTTP libraries have wrapped several times."""
    found = None
    while error is not None:
        if isinstance(error, OSError):
            found = error
        error = error.__cause__ or error.__context__
    return found


def _code(error: BaseException) -> str:
    return str(getattr(error, "error_code", ""))


def _status(error: BaseException) -> int | None:
    """The HTTP status of an upload that a server did not take."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
