"""``kedro mlflow ui``: open MLflow's UI for this project's store."""

from __future__ import annotations

import http.client
import signal
import ssl
import sys
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ..errors import MLflowOnKedroError
from ..tracking.ui_pages import VIEW, run_page
from ..utils import environment
from .options import env_option, uri_option
from .ui_server import FIRST_PORT, UIServer, choose_port

ANSWER_SECONDS = 30
SERVERS = ("http://", "https://")
PROXY_ERRORS = (502, 503, 504)  # a proxy's answers if its server is not running


@click.command(short_help="Open the MLflow UI with this project's runs.")
@click.option("--last", is_flag=True, help="Show the newest run.")
@click.option("--host", default=None, help="Where to listen. Default: ui.host in mlflow.yml.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=None,
    help="Default: ui.port in mlflow.yml, else 5000 or the next free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, open no browser.")
@click.option("--verbose", "-v", is_flag=True, help="Show all that MLflow's server prints.")
@env_option
@uri_option
@click.pass_obj
def ui(
    metadata: Any,
    *,
    last: bool,
    host: str | None,
    port: int | None,
    no_browser: bool,
    verbose: bool,
    env: str | None,
    uri: str | None,
) -> None:
    """Open the MLflow UI for the store that this project tracks to.

    The store is `tracking.uri` in mlflow.yml, else MLFLOW_TRACKING_URI, else mlflow.db in the
    project. A tracking server has its own UI, whose address is printed if it answers. For any other
    store MLflow's server is started here, until you press Ctrl-C; of what it prints you see only
    errors, or all with --verbose. In a terminal a browser is opened, too.
    """
    from ..tracking.experiments import from_environment
    from ..tracking.finding import Runs
    from ..tracking.run_names import LATEST, find_run
    from ..tracking.store import connect, resolve_experiment
    from ..tracking.uris import check_registry_variable, resolve_uri
    from ..utils.secrets import mask_urls
    from .project import project_settings

    root = Path(metadata.project_path)
    settings = project_settings(root, env, uri)
    origin = "--uri" if uri else "`tracking.uri` in mlflow.yml (without it, MLFLOW_TRACKING_URI)"
    uri = resolve_uri(settings.tracking.uri, root)
    opens = not no_browser and _is_terminal()
    name = resolve_experiment(settings.experiment.name, metadata.package_name)
    experiment = from_environment(settings, root)
    runs = Runs(uri, name, experiment)
    if uri.startswith(SERVERS):
        base = mask_urls(uri).rstrip("/")
        _require_answer(uri, base, origin)
        page = _run_page(find_run(runs, LATEST)) if last else f"/#/experiments?{VIEW}"
        _show(f"{base}{page}", opens=opens)
        return
    check_registry_variable()
    host, wanted = host or settings.ui.host, port or settings.ui.port
    port = choose_port(host, wanted)
    click.echo("Starting the MLflow UI ...")
    client = connect(uri)  # creates a missing store under its lock, before the server opens it
    if last:
        page = _run_page(find_run(runs, LATEST))
    else:
        if experiment is None:
            found = client.get_experiment_by_name(name)
            experiment = found.experiment_id if found is not None else None
        page = _page(experiment)
    _exit_on_signals()
    server = UIServer(root, host, port, _stores(uri), verbose=verbose)
    try:
        server.wait_until_ready()
        taken = wanted is None and port != FIRST_PORT
        note = f" (port {FIRST_PORT} is in use)" if taken else ""
        _show(f"http://{host}:{port}{page}", note, opens=opens)
        click.echo("Press Ctrl-C to stop.")
        server.wait()
    except KeyboardInterrupt:
        click.echo()  # after the terminal's ^C
    finally:
        server.stop()


def _exit_on_signals() -> None:
    """End by an exception, so that the server is stopped, when this command is terminated.

    Closing the terminal sends SIGHUP; `nohup` has it ignored.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda received, _: sys.exit(128 + received))


def _is_terminal() -> bool:
    return sys.stdout.isatty()


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


def _run_page(run: Any) -> str:
    return run_page(run.info.experiment_id, run.info.run_id)


def _show(url: str, note: str = "", *, opens: bool) -> None:
    click.echo(f"MLflow UI: {url}{note}")
    if opens:
        webbrowser.open(url)


def _require_answer(uri: str, shown: str, origin: str) -> None:
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
        f"The MLflow server at {shown} does not answer: {reason}. Start it, or correct {origin}."
    )
