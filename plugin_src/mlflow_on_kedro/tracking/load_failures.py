"""What to say of a value that cannot be loaded from MLflow."""

from __future__ import annotations

from .failures import Kind, failure_message, kind_of

_OF_THE_SERVER = frozenset({Kind.SILENT, Kind.DENIED, Kind.FORBIDDEN, Kind.BUSY})


def load_message(uri: str, error: BaseException, what: str, otherwise: str) -> str:
    """Say why a value cannot be loaded; credentials are masked.

    Args:
        uri: The URI of who was asked.
        error: What MLflow raised.
        what: What was to be loaded.
        otherwise: The message for a server that answers, where the fault is the value's.

    Example:
        >>> load_message("http://mlflow:5000", ConnectionRefusedError(111, "refused"), "'m'", "")
        "MLflow at http://mlflow:5000 cannot be reached, so 'm' cannot be loaded. Check \
`tracking.uri` in mlflow.yml, and the server. (ConnectionRefusedError: [Errno 111] refused)"
    """
    if kind_of(error) in _OF_THE_SERVER:
        return failure_message(uri, error, f"so {what} cannot be loaded")
    return otherwise
