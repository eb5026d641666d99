"""Every environment variable that the plugin reads or sets, but for those of orchestrators."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from .session_variables import SessionVariables

HOME = "MLFLOW_ON_KEDRO_HOME"
RUN_KEY = "MLFLOW_ON_KEDRO_RUN_KEY"
MODE = "MLFLOW_ON_KEDRO_MODE"

_RUN_CONTEXT = "MLFLOW_RUN_CONTEXT"
_OF_RUNS = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    _RUN_CONTEXT,
)
"""What tells MLflow in other processes where a run belongs."""
_REGISTRY = "MLFLOW_REGISTRY_URI"
_RUN_ID = "MLFLOW_RUN_ID"
_INTERVAL = "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_CREDENTIALS = {
    "username": "MLFLOW_TRACKING_USERNAME",
    "password": "MLFLOW_TRACKING_PASSWORD",
    "token": "MLFLOW_TRACKING_TOKEN",
}
_POOL_SIZES = {"MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_credentials = SessionVariables()
_registry = SessionVariables()
_OF_SESSIONS = (_credentials, _registry)


def tracking_uri() -> str | None:
    """``MLFLOW_TRACKING_URI``, MLflow's own variable."""
    return os.environ.get("MLFLOW_TRACKING_URI") or None


class _TrackingUri:
    """What this plugin has set it to, over what was there before."""

    ours: str | None = None
    users: str | None = None


def tracking_uri_is_ours(uri: str | None, users: str | None) -> None:
    """Note that this plugin has set MLflow's tracking URI for the whole process.

    Args:
        uri: What it has set; None: nothing.
        users: What the user had set before.
    """
    _TrackingUri.ours, _TrackingUri.users = uri, users


def users_tracking_uri() -> str | None:
    """``MLFLOW_TRACKING_URI`` as the user has set it, whatever this plugin has put there."""
    present = tracking_uri()
    return _TrackingUri.users if present == _TrackingUri.ours else present


def registry_uri() -> str | None:
    """``MLFLOW_REGISTRY_URI``, MLflow's own variable."""
    return os.environ.get(_REGISTRY) or None


def experiment_name() -> str | None:
    """``MLFLOW_EXPERIMENT_NAME``, MLflow's own variable, as the user has it."""
    return _given_by_user("MLFLOW_EXPERIMENT_NAME")


def experiment_id() -> str | None:
    """``MLFLOW_EXPERIMENT_ID``, MLflow's own variable, as the user has it."""
    return _given_by_user("MLFLOW_EXPERIMENT_ID")


def run_id() -> str | None:
    """``MLFLOW_RUN_ID``, MLflow's own variable."""
    return os.environ.get(_RUN_ID) or None


def use_up_run_id() -> None:
    """Remove ``MLFLOW_RUN_ID``, so that it stands for one run of this process and no other."""
    os.environ.pop(_RUN_ID, None)


def run_name() -> str | None:
    """``MLFLOW_RUN_NAME``, which platforms set for the code that starts a run."""
    return os.environ.get("MLFLOW_RUN_NAME") or None


def logs_system_metrics() -> bool:
    """``MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING``, MLflow's own."""
    return os.environ.get("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "").lower() in {"true", "1"}


def system_metrics_interval() -> float | None:
    """``MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL``, MLflow's own, in seconds.

    Raises:
        ConfigError: It is no positive number.
    """
    given = os.environ.get(_INTERVAL)
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ConfigError(
            f"The environment variable {_INTERVAL} must be a number of seconds: {given!r}"
        )
    return seconds


class _Before:
    """The variables that tell MLflow where a run belongs, as the user has them."""

    variables: Mapping[str, str | None] | None = None
    """None: no run is open, and they are as they are."""


def _given_by_user(name: str) -> str | None:
    return (os.environ if _Before.variables is None else _Before.variables).get(name) or None


def hold_of_runs() -> None:
    """Remember the variables that tell MLflow where a run belongs, for :func:`put_back_of_runs`."""
    _Before.variables = {name: os.environ.get(name) for name in _OF_RUNS}


def put_back_of_runs() -> None:
    """Set the variables that tell MLflow where a run belongs to what they were."""
    before, _Before.variables = _Before.variables or {}, None
    for name, given in before.items():
        if given is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = given


def set_tracking_uri(uri: str) -> None:
    """Set ``MLFLOW_TRACKING_URI``, as MLflow's function does where it is imported."""
    os.environ["MLFLOW_TRACKING_URI"] = uri


def have_below(tag: str, run_id: str, experiment: str | None) -> None:
    """Have the runs that other processes start, with this environment, lie below a run.

    ``MLFLOW_RUN_ID`` would have them log to the run itself: then the first of them to end would end
    it, two of them could not log one parameter, and ``mlflow.set_experiment`` would fail. So would
    another tracking URI with ``MLFLOW_EXPERIMENT_ID``, where a name is looked for in that store.

    Args:
        tag: MLflow's tag for a run's parent.
        run_id: The run.
        experiment: The name of its experiment, in which they are unless they choose another one.
    """
    try:
        given = json.loads(os.environ.get(_RUN_CONTEXT) or "{}")
    except ValueError:  # MLflow fails with it
        return
    os.environ[_RUN_CONTEXT] = json.dumps({**given, tag: run_id})
    if experiment is not None:
        os.environ["MLFLOW_EXPERIMENT_NAME"] = experiment
        os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # MLflow refuses both, if they differ


def forget_experiment_name() -> None:
    """Unset ``MLFLOW_EXPERIMENT_NAME``, where another experiment is chosen by its id."""
    os.environ.pop("MLFLOW_EXPERIMENT_NAME", None)


def mode() -> str | None:
    """``MLFLOW_ON_KEDRO_MODE``: ``online`` or ``offline``, over mlflow.yml."""
    return os.environ.get(MODE) or None


def home() -> str | None:
    """``MLFLOW_ON_KEDRO_HOME``: where projects' working folders are, instead of in the projects."""
    return os.environ.get(HOME) or None


def run_key() -> str | None:
    """``MLFLOW_ON_KEDRO_RUN_KEY``: what all processes of one run share."""
    return os.environ.get(RUN_KEY) or None


def switches_autolog_on() -> bool:
    """Whether this is a platform that calls ``mlflow.autolog()`` by itself: Databricks.

    It does so when a notebook is attached to a cluster
    (https://docs.databricks.com/mlflow/databricks-autologging.html), and sets this variable there.
    """
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def set_mlflow_defaults() -> None:
    """Set what MLflow reads from the environment, where the user has not set it.

    Telemetry is off (a network call). A dead server is given up soon, because delivery has its own
    retries; with MLflow's the first call blocks for 4 to 20 minutes. SQLite connections are not
    pooled, because a connection must not be carried across a fork
    (https://www.sqlite.org/howtocorrupt.html), unless the user has chosen a pool's size, which
    SQLAlchemy refuses without a pool. Progress bars for artifacts are off: they would
    appear amid the pipeline's log. MLflow's own word on a run's address is off: it costs a request,
    and shows the credentials in a URI.
    """
    if "DO_NOT_TRACK" not in os.environ:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault(_RETRIES, "1")
    os.environ.setdefault(_TIMEOUT, "60")
    if not _POOL_SIZES & os.environ.keys():
        os.environ.setdefault("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def leave_retries_to_delivery(timeout: float) -> None:
    """Have MLflow's client give each answer at once, in a process that only delivers.

    Delivery retries by itself. A retry inside MLflow's client hides that the server has answered,
    and a request that hangs keeps it from noticing that the server is back.

    Args:
        timeout: ``tracking.timeout``: seconds without an answer after which a server is away.
    """
    os.environ[_RETRIES] = "0"
    os.environ[_TIMEOUT] = str(max(1, math.ceil(timeout)))


class _Suspended:
    """What MLflow's client does with a request that is not answered, while it is kept from it."""

    is_on = False
    retries: str | None = None
    timeout: str | None = None


def send_once(timeout: int | None) -> None:
    """Have MLflow's client send each request once, until :func:`send_again`.

    Args:
        timeout: Seconds that an answer is waited for at least; None: as otherwise.
    """
    if not _Suspended.is_on:
        _Suspended.is_on = True
        _Suspended.retries = os.environ.get(_RETRIES)
        _Suspended.timeout = os.environ.get(_TIMEOUT)
        os.environ[_RETRIES] = "0"
    if timeout is not None and int(os.environ.get(_TIMEOUT) or 0) < timeout:
        os.environ[_TIMEOUT] = str(timeout)


def send_again() -> None:
    """Have MLflow's client do as before :func:`send_once`."""
    _Suspended.is_on = False
    for name, given in ((_RETRIES, _Suspended.retries), (_TIMEOUT, _Suspended.timeout)):
        if given is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = given


def mlflow_variables(credentials: Mapping[str, Any]) -> dict[str, str]:
    """Name the environment variables for an entry of credentials.yml.

    Args:
        credentials: ``username``, ``password`` and ``token``, or any variable by its own name, such
            as ``MLFLOW_S3_ENDPOINT_URL`` or ``AWS_ACCESS_KEY_ID``.

    Raises:
        ConfigError: A name is neither; its value is not shown.

    Example:
        >>> mlflow_variables({"username": "me"})
        {'MLFLOW_TRACKING_USERNAME': 'me'}
    """
    for name in credentials:
        if name not in _CREDENTIALS and not _VARIABLE.fullmatch(str(name)):
            raise ConfigError(
                f"credentials.yml: '{name}' is nothing that MLflow needs. Valid are "
                f"{', '.join(_CREDENTIALS)}, request_headers, and names of environment variables "
                "such as AWS_ACCESS_KEY_ID."
            )
    given = {name: value for name, value in credentials.items() if value is not None}
    return {_CREDENTIALS.get(name, name): str(value) for name, value in given.items()}


def set_credentials(variables: Mapping[str, str]) -> None:
    """Set what MLflow, and the stores of its artifacts, read their credentials from.

    Args:
        variables: The variables; those of before are what the user has set, if anything.
    """
    _credentials.set(variables)


def set_registry_uri(uri: str | None) -> None:
    """Set where models are registered, for this process and those that it starts.

    Args:
        uri: The URI; None: what the user has set, if anything.
    """
    _registry.set({_REGISTRY: uri} if uri else {})


def session_variables() -> list[dict[str, str]]:
    """What credentials and registry are set, for :func:`keep_for_end`."""
    return [variables.present() for variables in _OF_SESSIONS]


def keep_for_end(present: list[dict[str, str]]) -> None:
    """Have these be set when the run that begins next has ended."""
    for variables, values in zip(_OF_SESSIONS, present, strict=True):
        variables.keep_for_end(values)


def begin_run() -> None:
    """Keep what is set until :func:`end_run`; other sessions may add to it."""
    for variables in _OF_SESSIONS:
        variables.begin_run()


def end_run() -> None:
    """Put back what was set before the sessions of the runs, once none is open any more."""
    for variables in _OF_SESSIONS:
        variables.end_run()


def allows_pickle() -> bool:
    """``MLFLOW_ALLOW_PICKLE_DESERIALIZATION``, MLflow's own: false forbids pickled models."""
    given = os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    return given.lower() not in {"false", "0"}


def allows_file_store() -> bool:
    """``MLFLOW_ALLOW_FILE_STORE``, MLflow's own: true has it track to folders, as before 3.13."""
    return os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() in {"true", "1"}


def logs_asynchronously() -> bool:
    """``MLFLOW_ENABLE_ASYNC_LOGGING``, MLflow's own: nodes' calls of MLflow return at once."""
    return os.environ.get("MLFLOW_ENABLE_ASYNC_LOGGING", "").lower() in {"true", "1"}


def value(name: str) -> str | None:
    """The value of any environment variable."""
    return os.environ.get(name)


def names() -> list[str]:
    """The names of all environment variables."""
    return sorted(os.environ)
