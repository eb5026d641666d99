"""``kedro mlflow ui``: open MLflow's UI for this project's store."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ..errors import ConfigError, MLflowOnKedroError
from ..utils import environment

START_SECONDS = 180
ANSWER_SECONDS = 30
STOP_SECONDS = 15
SERVERS = ("http://", "https://")
PROXY_ERRORS = (502, 503, 504)  # a proxy's answers if its server is not running
# The query of MLflow's UI, after the hash. Without it a new browser opens the GenAI view, which
# hides runs.
VIEW = "workflowType=machine_learning"


@click.command()
@click.option("--env", "-e", default=None, help="The Kedro environment whose mlflow.yml is read.")
@click.option("--host", default=None, help="Where to listen. Default: ui.host in mlflow.yml.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=None,
    help="Default: ui.port in mlflow.yml, else a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, open no browser.")
@click.pass_obj
def ui(
    metadata: Any, env: str | None, host: str | None, port: int | None, no_browser: bool
) -> None:
    """Open the MLflow UI for the store that this project tracks to.

    The store is `tracking.uri` in mlflow.yml, else MLFLOW_TRACKING_URI, else mlflow.db in the
    project. A tracking server has its own UI, whose address is printed if it answers. For any other
    store MLflow's UI is started here, until Ctrl-C. A browser is opened, unless you give
    --no-browser, as on a remote machine.
    """
    from ..tracking.experiments import from_environment
    from ..tracking.store import connect, resolve_experiment
    from ..tracking.uris import check_registry_variable, resolve_uri
    from ..utils.secrets import mask_urls
    from .project import project_settings

    root = Path(metadata.project_path)
    settings = project_settings(root, env)
    uri = resolve_uri(settings.tracking.uri, root)
    if uri.startswith(SERVERS):
        base = mask_urls(uri).rstrip("/")
        _require_answer(uri, base)
        _show(f"{base}/#/experiments?{VIEW}", open_browser=not no_browser)
        return
    check_registry_variable()
    host = host or settings.ui.host
    port = port or settings.ui.port or _free_port(host)
    _require_free(host, port)
    client = connect(uri)  # creates a missing store under its lock, before the server opens it
    experiment = from_environment(settings, root)
    if experiment is None:
        name = resolve_experiment(settings.experiment.name, metadata.package_name)
        found = client.get_experiment_by_name(name)
        experiment = found.experiment_id if found is not None else None
    page = _page(experiment)
    click.echo("Starting the MLflow UI ...")
    # So that `finally` stops the server when this command is terminated.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    server = subprocess.Popen(
        _server_command(root, host, port),
        env={**os.environ, **_stores(uri)},
        start_new_session=True,  # the server's workers end with it
    )
    try:
        _wait(server, host, port)
        _show(f"http://{host}:{port}{page}", open_browser=not no_browser)
        click.echo("Press Ctrl-C to stop.")
        while server.poll() is None:  # Ctrl-C does not interrupt `wait` if Polars is imported
            time.sleep(0.2)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(server)


def _stores(uri: str) -> dict[str, str]:
    """Return the server's stores as environment variables, as others can see command lines."""
    models = environment.registry_uri()
    # MLflow's server reads models from a database only; another server has its own UI.
    if models is None or models.startswith(SERVERS):
        return {"MLFLOW_BACKEND_STORE_URI": uri}
    return {"MLFLOW_BACKEND_STORE_URI": uri, "MLFLOW_REGISTRY_STORE_URI": models}


def _page(experiment: str | None) -> str:
    """Return the page of the project's runs, or of all experiments if it has no runs yet."""
    if experiment is None:
        return f"/#/experiments?{VIEW}"
    return f"/#/experiments/{experiment}/runs?{VIEW}"


def _stop(server: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        server.terminate()
    else:
        _signal_group(server, signal.SIGTERM)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:  # a server that is still starting ignores the signal
        server.kill()
        server.wait()
    if sys.platform != "win32":
        _signal_group(server, signal.SIGKILL)  # for workers that are still running


def _signal_group(server: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, number)


def _server_command(root: Path, host: str, port: int) -> list[str]:
    return [
        sys.executable,
        *("-m", "mlflow", "server"),
        *("--default-artifact-root", (root / "mlruns").as_uri()),
        *("--host", host),
        *("--port", str(port)),
        *("--workers", "1"),
    ]


def _show(url: str, *, open_browser: bool) -> None:
    click.echo(f"MLflow UI: {url}")
    if open_browser:
        webbrowser.open(url)


def _require_answer(uri: str, shown: str) -> None:
    parts = urlsplit(uri)
    # Without credentials, which urllib does not accept in a URL; a refusal is an answer, too.
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        urllib.request.urlopen(url, timeout=ANSWER_SECONDS).close()  # noqa: S310 - it is http(s)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        if refusal.code not in PROXY_ERRORS:
            return
        reason: Any = refusal
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLError):  # the browser decides which certificates to trust
            return
    else:
        return
    raise MLflowOnKedroError(
        f"The MLflow server at {shown} does not answer: {reason}. Start it, or correct "
        "`tracking.uri` in mlflow.yml (without it, MLFLOW_TRACKING_URI)."
    )


def _free_port(host: str) -> int:
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def _require_free(host: str, port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"The MLflow UI cannot listen at {host}:{port}: {error.strerror}. "
                "Choose another --port, or leave it out for a free one."
            ) from None


def _wait(server: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise MLflowOnKedroError(
                f"MLflow's server ended with status {server.returncode}; its output is above."
            )
        try:
            with socket.create_connection((host, port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise MLflowOnKedroError(f"MLflow's server did not start within {START_SECONDS} s.")
