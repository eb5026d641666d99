"""Messages for failures of MLflow and of artifact stores: what failed, and what to do about it."""

from __future__ import annotations

from ..utils.secrets import mask_urls
from .failures import Kind, is_unknown_uri, is_untrusted_certificate, kind_of, reason

INCOMPLETE = "so tracking is incomplete; the pipeline runs on"
"""The effect of a failure where nothing is kept for later."""
SETTING = "`tracking.uri` in mlflow.yml"
"""Where the tracking URI is given, as a rule."""


def failure_message(
    uri: str, error: BaseException, effect: str, store: str = "MLflow", setting: str = SETTING
) -> str:
    """Write the message for a failure: what failed, what that means, what to do about it.

    Credentials are masked.

    Args:
        uri: The tracking URI, or that of the run's artifacts.
        error: What MLflow raised.
        effect: What the failure means for the user.
        store: What is at this URI.
        setting: Where the URI was given.
    """
    what, advice = explain(error)
    advice = advice.replace(SETTING, setting)
    if store == SERVERS_STORE:
        advice = " The server's log says why: it writes the files (`--artifacts-destination`)."
    elif store != "MLflow":  # the advice on the tracking server does not apply
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
        "denies permission to this user",
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
    "is not an address that MLflow knows",
    " Correct `tracking.uri` in mlflow.yml; `kedro mlflow sync --uri URI` delivers it.",
)
_UNTRUSTED = (
    "has a TLS certificate that this machine does not trust",
    " Set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of the certificate authority.",
)
_UNKNOWN_HOST = (
    "does not accept this host name (Invalid Host header)",
    " Start the server with `--allowed-hosts` and the host of `tracking.uri`.",
)
SERVERS_STORE = "The artifact store of MLflow's server"
_ARTIFACT_ADVICE = (
    " Check that this machine can write there: its address, the credentials and the packages that "
    "MLflow needs for it (https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store)."
)


def explain(error: BaseException) -> tuple[str, str]:
    """Explain a failure in two texts: what the store does, and what the user can do."""
    special = (
        (is_unknown_uri(error), _UNKNOWN_URI),
        (is_untrusted_certificate(error), _UNTRUSTED),
        ("Invalid Host header" in str(error), _UNKNOWN_HOST),
    )
    for applies, words in special:
        if applies:
            return words
    return _EXPLAINED.get(kind_of(error), ("failed", ""))


_OF_THE_SERVER = frozenset({Kind.SILENT, Kind.DENIED, Kind.FORBIDDEN, Kind.BUSY})
"""Failures that say nothing of the value that was to be loaded."""


def load_message(uri: str, error: BaseException, what: str, otherwise: str) -> str:
    """Write the message for a value that cannot be loaded; credentials are masked.

    Args:
        uri: The URI of the server or the registry.
        error: The exception of MLflow.
        what: The value's name in the message.
        otherwise: The message if the server answers, and only the value is missing or wrong.

    Example:
        >>> load_message("http://mlflow:5000", ConnectionRefusedError(111, "refused"), "'m'", "")
        "MLflow at http://mlflow:5000 cannot be reached, so 'm' cannot be loaded. Check \
`tracking.uri` in mlflow.yml, and the server. (ConnectionRefusedError: [Errno 111] refused)"
    """
    if kind_of(error) in _OF_THE_SERVER:
        return failure_message(uri, error, f"so {what} cannot be loaded")
    return otherwise
