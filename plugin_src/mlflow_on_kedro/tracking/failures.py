"""What can go wrong with MLflow: one kind told from another, and what to say of it."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from enum import Enum

from kedro.io import DatasetError

from ..errors import MLflowOnKedroError
from ..journal.entries import Artifact, File
from ..utils.secrets import mask_secrets, mask_urls

INCOMPLETE = "so tracking is incomplete; the pipeline runs on"
"""What a failure means where nothing is kept for later."""


class Kind(Enum):
    """What became of a request to MLflow or to an artifact store that failed."""

    SILENT = "no answer came: refused, timed out, cut off"
    BUSY = "the server asks to come again later (429)"
    SERVER = "the server failed (5xx), for this request or for all"
    DENIED = "the server knows nobody by these credentials (401)"
    FORBIDDEN = "the server does not allow it (403)"
    MISSING = "the server has no such endpoint: it is older, or has a part of MLflow only"
    GONE = "the run or another thing that is asked for is not there (any more)"
    REFUSED = "the server refuses this request"
    MISTAKE = "the client refuses it: a value, a file or a package that does not fit"


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
"""Of botocore and urllib3, which need not be installed and are no errors of the system."""


def kind_of(error: BaseException) -> Kind:
    """Say what kind of failure it is.

    An answer counts before the text around it, and whatever is not known is the server's.
    """
    status = http_status(error)
    if status is not None:
        return _BY_STATUS.get(status) or (Kind.SERVER if status >= 500 else Kind.REFUSED)  # noqa: PLR2004
    code = str(getattr(error, "error_code", ""))
    if code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error, ImportError):  # MLflow itself, or what a store of it needs
        return Kind.MISTAKE
    if isinstance(error, _MISTAKES) and not code and not isinstance(error, OSError):
        return Kind.MISTAKE
    return Kind.SILENT if _is_silent(error) else Kind.SERVER


def http_status(error: BaseException) -> int | None:
    """The HTTP status of the answer, where the error has one; None: none came, or none is known."""
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
    """The status in an answer in JSON that is not MLflow's own: of a gateway, or of FastAPI."""
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
    """Tell a request that MLflow refuses from a store that cannot be reached."""
    return kind_of(error) is Kind.REFUSED


def is_invalid(error: BaseException) -> bool:
    """Tell a value that MLflow itself finds not valid from what a proxy or a store refuses."""
    code = str(getattr(error, "error_code", ""))
    return code == "INVALID_PARAMETER_VALUE" and http_status(error) is None


def is_gone(error: BaseException) -> bool:
    """Tell a run that MLflow has no more."""
    return kind_of(error) is Kind.GONE


def is_mistake(error: BaseException) -> bool:
    """Tell a value, function or package that does not fit from a store that cannot be reached."""
    return kind_of(error) is Kind.MISTAKE


def is_silent(error: BaseException) -> bool:
    """Tell a store that does not answer at all from one that answers, whatever it answers."""
    return kind_of(error) is Kind.SILENT


def is_untrusted_certificate(error: BaseException) -> bool:
    """Tell a server whose TLS certificate this machine does not trust from one that is away."""
    return any(
        isinstance(each, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(each)
        for each in _chain(error)
    )


def is_unknown_uri(error: BaseException) -> bool:
    """Tell a tracking URI of which MLflow does not know the scheme."""
    return type(error).__name__.startswith("Unsupported") and type(error).__name__.endswith(
        "StoreURIException"
    )


def is_of_this_file(entry: Artifact, error: BaseException) -> bool:
    """Tell a file that cannot be read or named so from a store that cannot be reached."""
    if not isinstance(error, OSError):
        return "Invalid artifact path" in str(error)  # MLflow calls it an internal error
    source = entry.source
    is_missing = isinstance(entry, File) and not source.exists()
    # The store's own folder may be closed to us, too; that is no fault of the file's.
    is_closed = isinstance(error, PermissionError) and str(error.filename).startswith(str(source))
    return is_missing or is_closed or error.errno == errno.ENAMETOOLONG


def reason(error: BaseException) -> str:
    """One line that says what happened: the operating system's own word where there is one."""
    shown = connection_error(error) or error
    used_up = re.search(r"too many (\d{3}) error responses", str(shown))
    if used_up:  # what urllib3 makes of an answer
        return f"HTTP {used_up[1]} from the server"
    lines = mask_secrets(str(shown)).strip().splitlines() or [""]
    return f"{type(shown).__name__}: {lines[0][:300]}"


def failure_message(uri: str, error: BaseException, effect: str, store: str = "MLflow") -> str:
    """Say what went wrong with a store, what it means and what to do; credentials are masked.

    Args:
        uri: The tracking URI, or that of the run's artifacts.
        error: What MLflow raised.
        effect: What that means for the user.
        store: What is at this URI.
    """
    what, advice = explained(error)
    if store == SERVERS_STORE:
        advice = " The server's log says why: it writes the files (`--artifacts-destination`)."
    elif store != "MLflow":  # where the tracking server is does not matter then
        advice = _ARTIFACT_ADVICE
    return f"{store} at {mask_urls(uri)} {what}, {effect}.{advice} ({reason(error)})"


_REFUSES = ("answers, but refuses this", "")
_EXPLAINED = {
    Kind.DENIED: (
        "does not accept the credentials",
        " Check MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN, or "  # noqa: ISC004
        "`tracking.credentials` and `tracking.request_headers` in mlflow.yml.",
    ),
    Kind.FORBIDDEN: (
        "does not allow this user what was asked for",
        " Ask for permission to write there, use other credentials or another `experiment.name`.",
    ),
    Kind.BUSY: ("is busy", ""),
    Kind.REFUSED: _REFUSES,
    Kind.MISSING: (
        "answers, but not as an MLflow server does",
        " Check `tracking.uri` in mlflow.yml: host, port and path.",
    ),
    Kind.GONE: _REFUSES,
    Kind.SILENT: ("cannot be reached", " Check `tracking.uri` in mlflow.yml, and the server."),
}
_UNKNOWN_URI = (
    "is nothing that MLflow knows",
    " Correct `tracking.uri` in mlflow.yml; `kedro mlflow sync --uri URI` delivers it.",
)
_UNTRUSTED = (
    "has a TLS certificate that this machine does not trust",
    " Set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of the certificate authority.",
)
_UNKNOWN_HOST = (
    "does not accept the name by which it is called (Invalid Host header)",
    " Start the server with `--allowed-hosts` and the host of `tracking.uri`.",
)
SERVERS_STORE = "The artifact store of MLflow's server"
_ARTIFACT_ADVICE = (
    " Check that this machine can write there: its address, the credentials and the packages that "
    "MLflow needs for it (https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store)."
)


def explained(error: BaseException) -> tuple[str, str]:
    """Say what a store does, and what the user can do about it, if anything."""
    special = (
        (is_unknown_uri(error), _UNKNOWN_URI),
        (is_untrusted_certificate(error), _UNTRUSTED),
        ("Invalid Host header" in str(error), _UNKNOWN_HOST),
    )
    for applies, words in special:
        if applies:
            return words
    return _EXPLAINED.get(kind_of(error), ("failed", ""))


def connection_error(error: BaseException | None) -> OSError | None:
    """The operating system's own word in what HTTP libraries have wrapped several times."""
    found = None
    for each in _chain(error):
        if isinstance(each, OSError):
            found = each
    return found


def _is_silent(error: BaseException) -> bool:
    """Tell the network's errors from those of files, which are of the same classes."""
    return any(
        isinstance(each, ConnectionError | TimeoutError | socket.gaierror | ssl.SSLError)
        or (isinstance(each, OSError) and each.errno in _NETWORK_ERRORS)
        or (isinstance(each, OSError) and type(each).__module__.startswith(_HTTP_LIBRARIES))
        or type(each).__name__ in _SILENT_NAMES
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it was raised for."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
