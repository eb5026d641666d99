"""What can go wrong with MLflow, and what its error codes and HTTP statuses mean."""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from enum import Enum

from kedro.io import DatasetError

from ..errors import MLflowOnKedroError
from ..journal.entries import Artifact, File
from ..utils.secrets import mask_secrets


class Kind(Enum):
    """The kinds of failure of a request to MLflow or to an artifact store."""

    SILENT = "no answer came: refused, timed out, cut off"
    BUSY = "the server asks for a later retry (429)"
    SERVER = "the server failed (5xx), for this request or for all"
    DENIED = "the server does not accept the credentials (401)"
    FORBIDDEN = "the server does not allow it (403)"
    MISSING = "the server has no such endpoint: it is older, or implements only a part of MLflow"
    GONE = "the run, or whatever the request is about, does not exist (any more)"
    REFUSED = "the server refuses this request"
    MISTAKE = "the client raises it: a value, a file or a package is wrong"


_BY_CODE = {
    "UNAUTHENTICATED": Kind.DENIED,
    "CUSTOMER_UNAUTHORIZED": Kind.DENIED,
    "PERMISSION_DENIED": Kind.FORBIDDEN,
    "ENDPOINT_NOT_FOUND": Kind.MISSING,
    "NOT_IMPLEMENTED": Kind.MISSING,
    "RESOURCE_DOES_NOT_EXIST": Kind.GONE,
    "NOT_FOUND": Kind.GONE,
    "INVALID_PARAMETER_VALUE": Kind.REFUSED,
    "BAD_REQUEST": Kind.REFUSED,
    "RESOURCE_ALREADY_EXISTS": Kind.REFUSED,
    "ALREADY_EXISTS": Kind.REFUSED,
    "RESOURCE_CONFLICT": Kind.REFUSED,
    "REQUEST_LIMIT_EXCEEDED": Kind.BUSY,
    "RESOURCE_EXHAUSTED": Kind.BUSY,
}
_BY_STATUS = {
    401: Kind.DENIED,
    403: Kind.FORBIDDEN,
    404: Kind.MISSING,
    405: Kind.MISSING,
    408: Kind.SERVER,
    425: Kind.BUSY,
    429: Kind.BUSY,
    501: Kind.MISSING,
}
# MLflow has no attribute for the status of an answer that is not its own JSON, as a proxy's is not:
# `mlflow.utils.rest_utils.verify_rest_response`, and urllib3 once its retries are used up.
_STATUS_IN_TEXT = re.compile(r"failed with error code (\d{3}) |too many (\d{3}) error responses")
# https://fastapi.tiangolo.com/, Azure's and Kong's answers to what they do not know
_BY_WORDS = {"notfound": 404, "noroute": 404, "methodnotallowed": 405, "notimplemented": 501}
_MISTAKES = (
    MLflowOnKedroError,
    DatasetError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
_NETWORK_ERRORS = {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH}
_HTTP_LIBRARIES = ("requests.", "urllib3.")
_SILENT_NAMES = {"ConnectTimeoutError", "EndpointConnectionError", "ReadTimeoutError"}
"""Classes of botocore and urllib3, which may not be installed, and are no ``OSError``."""


def kind_of(error: BaseException) -> Kind:
    """Find the kind of a failure.

    The HTTP status counts before MLflow's error code, and that before the exception's class.
    Whatever is not known is taken for the server's failure.
    """
    status = http_status(error)
    if status is not None:
        return _BY_STATUS.get(status) or (Kind.SERVER if status >= 500 else Kind.REFUSED)  # noqa: PLR2004
    code = _code_of(error)
    if code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error, ImportError):  # MLflow itself, or what a store of it needs
        return Kind.MISTAKE
    if isinstance(error, _MISTAKES) and not code and not isinstance(error, OSError):
        return Kind.MISTAKE
    return Kind.SILENT if _is_silent(error) else Kind.SERVER


def http_status(error: BaseException) -> int | None:
    """Find the HTTP status of the answer; None if no answer came or its status is unknown."""
    for each in _chain(error):
        response = getattr(each, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(response, dict):  # botocore's
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if isinstance(status, int):
            return status
        foreign = _status_in_json(getattr(each, "json", None))
        if foreign is not None:
            return foreign
        found = _STATUS_IN_TEXT.search(str(each)[:2000])
        if found:
            return int(found[1] or found[2])
    return None


def _status_in_json(content: object) -> int | None:
    """Find the status in an answer in JSON that is not MLflow's: of a gateway, or of FastAPI."""
    if not isinstance(content, dict) or "error_code" in content:
        return None
    nested = content.get("error")
    for each in (content, nested if isinstance(nested, dict) else {}):
        for name in ("status", "statusCode", "code"):
            if str(each.get(name)).isdecimal():
                return int(each[name])
        for name in ("detail", "title", "message", "error", "code"):
            words = str(each.get(name, "")).lower().replace(" ", "")
            status = next((_BY_WORDS[key] for key in _BY_WORDS if words.startswith(key)), None)
            if status is not None:
                return status
    return None


def is_refusal(error: BaseException) -> bool:
    """Whether the server refuses this request."""
    return kind_of(error) is Kind.REFUSED


def is_invalid(error: BaseException) -> bool:
    """Whether MLflow itself, and not a proxy or an artifact store, calls a value invalid."""
    return _code_of(error) == "INVALID_PARAMETER_VALUE" and http_status(error) is None


def is_unknown_alias(error: BaseException) -> bool:
    """Whether a model has no such alias, which MLflow reports as an invalid parameter."""
    return _code_of(error) == "INVALID_PARAMETER_VALUE" and "not found" in str(error)


def exists_already(error: BaseException) -> bool:
    """Whether what was to be created is there already."""
    return _code_of(error) in {"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"}


def is_by_mlflow(error: BaseException) -> bool:
    """Whether an answer is MLflow's own, and not a proxy's, for which MLflow has no code of use."""
    return _code_of(error) not in {"", "INTERNAL_ERROR"}


def _code_of(error: BaseException) -> str:
    return str(getattr(error, "error_code", ""))


def is_gone(error: BaseException) -> bool:
    """Whether MLflow does not have (any more) what the request is about."""
    return kind_of(error) is Kind.GONE


def is_mistake(error: BaseException) -> bool:
    """Whether a value, a file or a package is wrong, whatever the server does."""
    return kind_of(error) is Kind.MISTAKE


@contextlib.contextmanager
def pass_over_refusals(logger: logging.Logger, message: str) -> Iterator[None]:
    """Log that MLflow does not take something that a run can do without; other failures are raised.

    Args:
        logger: The caller's logger.
        message: The message, with ``%s`` for MLflow's answer.
    """
    try:
        yield
    except Exception as error:
        if not (is_refusal(error) or is_mistake(error)):
            raise
        logger.info(message, error)


def is_silent(error: BaseException) -> bool:
    """Whether no answer came at all."""
    return kind_of(error) is Kind.SILENT


def is_untrusted_certificate(error: BaseException) -> bool:
    """Whether this machine does not trust the server's TLS certificate."""
    return any(
        isinstance(each, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(each)
        for each in _chain(error)
    )


def is_unknown_uri(error: BaseException) -> bool:
    """Whether MLflow does not know the scheme of the tracking URI."""
    return type(error).__name__.startswith("Unsupported") and type(error).__name__.endswith(
        "StoreURIException"
    )


def is_of_this_file(entry: Artifact, error: BaseException) -> bool:
    """Whether this artifact alone fails: its file cannot be read, or its name is not allowed."""
    if not isinstance(error, OSError):
        return "Invalid artifact path" in str(error)  # MLflow calls it an internal error
    source = entry.source
    is_missing = isinstance(entry, File) and not source.exists()
    # This user may also lack access to the store's own folder, which concerns all files.
    is_closed = isinstance(error, PermissionError) and str(error.filename).startswith(str(source))
    return is_missing or is_closed or error.errno == errno.ENAMETOOLONG


def reason(error: BaseException) -> str:
    """Describe an error in one line, in the operating system's words if there are any."""
    shown = connection_error(error) or error
    used_up = re.search(r"too many (\d{3}) error responses", str(shown))
    if used_up:  # what urllib3 makes of an answer
        return f"HTTP {used_up[1]} from the server"
    lines = mask_secrets(str(shown)).strip().splitlines() or [""]
    return f"{type(shown).__name__}: {lines[0][:300]}"


def connection_error(error: BaseException | None) -> OSError | None:
    """Find the operating system's error, which HTTP libraries wrap several times."""
    found = None
    for each in _chain(error):
        if isinstance(each, OSError):
            found = each
    return found


def _is_silent(error: BaseException) -> bool:
    """Whether an error is the network's; errors of files have the same classes."""
    return any(
        isinstance(each, ConnectionError | TimeoutError | socket.gaierror | ssl.SSLError)
        or (isinstance(each, OSError) and each.errno in _NETWORK_ERRORS)
        or (isinstance(each, OSError) and type(each).__module__.startswith(_HTTP_LIBRARIES))
        or type(each).__name__ in _SILENT_NAMES
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Iterate over an error and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
