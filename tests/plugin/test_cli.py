"""``kedro mlflow ui``: where it looks, what it prints, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""


def _invoke(project: Any, *words: str) -> Result:
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "ui", *words], obj=metadata)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were opened in a browser."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    monkeypatch.setattr("mlflow_on_kedro.commands.ui._is_terminal", lambda: True)
    return addresses


class Server(BaseHTTPRequestHandler):
    """A tracking server that lets nobody in."""

    status: ClassVar[int] = 401

    def do_GET(self) -> None:
        """Ask for a password."""
        self.send_error(self.status)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The host and port of a tracking server that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_server_has_its_own_ui(
    make_project: Callable[..., Any], opened: list[str], server: str
) -> None:
    """For a tracking server its own address is opened, in the view that shows runs."""
    project = make_project(NODES, mlflow={"tracking": {"uri": f"http://{server}/"}})
    result = _invoke(project)
    assert result.exit_code == 0, result.output
    assert opened == [f"http://{server}/#/experiments?workflowType=machine_learning"]
    assert opened[0] in result.output


def test_credentials_of_a_server_are_not_printed(
    make_project: Callable[..., Any], opened: list[str], server: str
) -> None:
    """A URL with a password is printed without it."""
    project = make_project(NODES, mlflow={"tracking": {"uri": f"http://me:hunter2@{server}"}})
    result = _invoke(project, "--no-browser")
    assert f"MLflow UI: http://***@{server}/#/" in result.output
    assert "hunter2" not in result.output
    assert opened == []


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://me:hunter2@127.0.0.1:9", "http://***@127.0.0.1:9"),
        ("http://no.such.host.invalid:5000/", "http://no.such.host.invalid:5000"),
    ],
)
def test_a_server_that_does_not_answer_is_said(
    make_project: Callable[..., Any],
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    uri: str,
    shown: str,
) -> None:
    """Its address is not opened as if all were well; the message says which one it is."""
    monkeypatch.setenv("no_proxy", "*")
    result = _invoke(make_project(NODES, mlflow={"tracking": {"uri": uri}}))
    assert result.exit_code == 1
    assert f"The MLflow server at {shown} does not answer: " in result.output
    assert "`tracking.uri`" in result.output
    assert "hunter2" not in result.output
    assert opened == []


def test_a_proxy_without_its_server_is_no_answer(
    make_project: Callable[..., Any],
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    server: str,
) -> None:
    """What a proxy says in place of the server is given as the reason."""
    monkeypatch.setattr(Server, "status", 502)
    result = _invoke(make_project(NODES, mlflow={"tracking": {"uri": f"http://{server}"}}))
    assert result.exit_code == 1
    assert f"at http://{server} does not answer: HTTP Error 502: Bad Gateway" in result.output
    assert opened == []


def test_a_server_with_a_certificate_of_its_own_answers(
    make_project: Callable[..., Any], opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether to trust a certificate is the browser's to decide."""

    def distrust(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError(ssl.SSLCertVerificationError("self-signed certificate"))

    monkeypatch.setattr("urllib.request.urlopen", distrust)
    result = _invoke(make_project(NODES, mlflow={"tracking": {"uri": "https://inside"}}))
    assert result.exit_code == 0, result.output
    assert opened == ["https://inside/#/experiments?workflowType=machine_learning"]


def test_an_argument_of_a_hook_wins(
    make_project: Callable[..., Any], opened: list[str], server: str
) -> None:
    """The store is the one that settings.py names, as for runs."""
    settings = f"""
    from mlflow_on_kedro import MLflowBasicLoggerHook

    HOOKS = (MLflowBasicLoggerHook(uri="http://{server}"),)
    """
    project = make_project(NODES, settings=textwrap.dedent(settings))
    _invoke(project)
    assert opened == [f"http://{server}/#/experiments?workflowType=machine_learning"]


def test_the_environments_file_is_read(
    make_project: Callable[..., Any], opened: list[str], server: str
) -> None:
    """``--env`` takes that environment's mlflow.yml."""
    project = make_project(NODES)
    project.write("conf/prod/mlflow.yml", f"tracking: {{uri: 'http://{server}'}}")
    result = _invoke(project, "--env", "prod")
    assert result.exit_code == 0, result.output
    assert opened == [f"http://{server}/#/experiments?workflowType=machine_learning"]


def test_another_store_is_opened(
    make_project: Callable[..., Any], opened: list[str], server: str
) -> None:
    """``--uri`` comes before mlflow.yml, and a script opens no browser."""
    project = make_project(NODES)
    result = _invoke(project, "--uri", f"http://{server}")
    assert opened == [f"http://{server}/#/experiments?workflowType=machine_learning"]
    wrong = _invoke(project, "--uri", "htp://x")
    assert wrong.exit_code == 1
    assert "--uri" in wrong.output
    assert result.exit_code == 0


def test_a_script_opens_no_browser(
    make_project: Callable[..., Any],
    opened: list[str],
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the output is no terminal, the address is only printed."""
    monkeypatch.setattr("mlflow_on_kedro.commands.ui._is_terminal", lambda: False)
    result = _invoke(make_project(NODES), "--uri", f"http://{server}")
    assert f"MLflow UI: http://{server}/" in result.output
    assert opened == []


def test_the_next_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a wish it is the first port, or the next one that is free."""
    from mlflow_on_kedro.commands import ui_server

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        first = taken.getsockname()[1]
        monkeypatch.setattr(ui_server, "FIRST_PORT", first)
        monkeypatch.setattr(ui_server, "_LAST_PORT", first + 20)
        assert first < ui_server.choose_port("127.0.0.1", None) <= first + 20
    assert ui_server.choose_port("127.0.0.1", None) == first


def test_the_newest_run_is_shown(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--last`` opens the page of the newest run; without one the message says how to make one."""

    class Server:
        """A server that is ready at once, and is stopped then."""

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def wait_until_ready(self) -> None:
            """Be ready."""

        def wait(self) -> None:
            """Be stopped by the user."""
            raise KeyboardInterrupt

        def stop(self) -> None:
            """Stop."""

    monkeypatch.setattr("mlflow_on_kedro.commands.ui.UIServer", Server)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    project = make_project(NODES)
    none = _invoke(project, "--last")
    assert none.exit_code == 1
    assert "has no run yet: `kedro run` makes the first" in none.output
    project.session_run()
    result = _invoke(project, "--last")
    addresses = re.findall(r"MLflow UI: (\S+)", result.output)
    info = project.run.info
    assert [address.partition("/#/")[2] for address in addresses] == [
        f"experiments/{info.experiment_id}/runs/{info.run_id}?workflowType=machine_learning"
    ]
    assert result.exit_code == 0, result.output


def test_a_port_in_use_is_said(make_project: Callable[..., Any]) -> None:
    """One line says which port, why, and what to do; no server is started."""
    project = make_project(NODES)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = _invoke(project, "--port", str(port))
    assert result.exit_code == 1
    assert f"cannot listen at 127.0.0.1:{port}" in result.output
    assert "Choose another --port" in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_nohup(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started with `nohup` keeps running when the terminal is closed."""
    from mlflow_on_kedro.commands.ui import _exit_on_signals

    handled: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", handled.__setitem__)
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    _exit_on_signals()
    assert set(handled) == {signal.SIGTERM, signal.SIGHUP}
    handled.clear()
    ignored = {signal.SIGHUP: signal.SIG_IGN}
    monkeypatch.setattr(signal, "getsignal", ignored.get)
    _exit_on_signals()
    assert set(handled) == {signal.SIGTERM}


def test_any_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that listens everywhere is asked at the loopback address, as Windows needs it."""
    from mlflow_on_kedro.commands import ui_server

    asked: list[Any] = []

    def connect(address: Any, **_: Any) -> Any:
        asked.append(address)
        return socket.socket()

    monkeypatch.setattr(
        ui_server, "_command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    monkeypatch.setattr(ui_server.socket, "create_connection", connect)
    server = ui_server.UIServer(Path(), "0.0.0.0", 5000, {}, verbose=False)  # noqa: S104
    try:
        server.wait_until_ready()
    finally:
        server.stop()
    assert asked == [("127.0.0.1", 5000)]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize(
    "how",
    ["Ctrl-C", *(pytest.param(name, marks=pytest.mark.slow) for name in ("SIGTERM", "SIGHUP"))],
)
def test_a_sqlite_store_is_served_until_it_is_stopped(
    make_project: Callable[..., Any], how: str
) -> None:
    """The project's store is served at a free or a given port, and no server is left behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = [] if how == "Ctrl-C" else ["--port", str(port)]
    project = make_project(NODES)
    project.write(f"src/{project.package}/cli.py", "from mlflow_on_kedro.cli import cli\n")
    below = project.root / "conf" / "base"
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", "mlflow", "ui", "--no-browser", *given],
        cwd=below,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        address = _address(process)
        assert address.endswith("/#/experiments?workflowType=machine_learning")
        assert (f":{port}/" in address) == bool(given)
        with urllib.request.urlopen(address, timeout=60) as page:
            assert page.status == 200
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(60) == 0
        else:
            process.send_signal(signal.Signals[how])
            assert process.wait(60) == 128 + signal.Signals[how]
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address, timeout=5)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert not (below / "mlflow.db").exists()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + 200
    for line in process.stdout:
        found = re.search(r"MLflow UI: (http\S+)", line)
        if found:
            return found[1]
        assert time.monotonic() < deadline
    pytest.fail("kedro mlflow ui ended without an address")


def test_the_store_is_not_on_the_command_line(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database's password goes to the server by its environment: all users see command lines."""
    seen: dict[str, Any] = {}

    real = subprocess.Popen

    def popen(command: list[str], *words: Any, **options: Any) -> Any:
        if "mlflow" not in command:  # Kedro asks git
            return real(command, *words, **options)
        seen.update(options, command=command)
        program = "import sys; print('2026/01/02 INFO no table'); sys.exit(7)"
        return real([sys.executable, "-c", program], stdout=options["stdout"])

    uri = "postgresql://me:hunter2@127.0.0.1/db"
    store = SimpleNamespace(get_experiment_by_name=lambda _: None)
    monkeypatch.setattr("mlflow_on_kedro.tracking.store.connect", lambda _: store)
    monkeypatch.setattr("subprocess.Popen", popen)
    result = _invoke(make_project(NODES, mlflow={"tracking": {"uri": uri}}), "--no-browser")
    assert "INFO no table" in result.output
    assert "MLflow's server ended with status 7" in result.output
    assert "hunter2" not in " ".join(seen["command"])
    assert seen["env"]["MLFLOW_BACKEND_STORE_URI"] == uri


def test_the_projects_own_experiment_is_opened() -> None:
    """With runs there, the address is that of the project's own list of them."""
    from mlflow_on_kedro.commands.ui import _page

    page = _page("7")
    assert page == "/#/experiments/7/runs?workflowType=machine_learning"


@pytest.mark.parametrize(
    ("registry", "shown"),
    [
        (
            "sqlite:////project/models.db",
            {"MLFLOW_REGISTRY_STORE_URI": "sqlite:////project/models.db"},
        ),
        ("http://models:5000", {}),
        (None, {}),
    ],
)
def test_models_of_another_database_are_shown(
    monkeypatch: pytest.MonkeyPatch, registry: str | None, shown: dict[str, str]
) -> None:
    """The UI has the models of the registry's database; another server has its own UI."""
    from mlflow_on_kedro.commands.ui import _stores

    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry or "")
    assert _stores("sqlite:///a.db") == {"MLFLOW_BACKEND_STORE_URI": "sqlite:///a.db", **shown}


COMMANDS = [
    "init",
    "migrate",
    "ui",
    "runs",
    "show",
    "diff",
    "rerun",
    "gantt",
    "sweep",
    "modelify",
    "status",
    "sync",
    "discard",
    "import",
]
FOR_COPIES = ["upgrade", "vendor", "unvendor"]


def test_commands_are_listed_in_the_order_of_their_use() -> None:
    """First what sets a project up, then what looks at runs, then what repairs."""
    from mlflow_on_kedro.cli import cli

    listed = CliRunner().invoke(cli, ["mlflow", "--help"]).output.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line] == COMMANDS + FOR_COPIES


@pytest.mark.parametrize("command", ["ui", "runs", "show", "gantt", "modelify", "status", "sync"])
def test_options_of_several_commands(command: str) -> None:
    """``--env`` and ``--uri`` are the same wherever MLflow is meant."""
    from mlflow_on_kedro.cli import cli

    told = " ".join(CliRunner().invoke(cli, ["mlflow", command, "--help"]).output.split())
    assert "-e, --env TEXT The Kedro environment whose mlflow.yml is read." in told
    assert "--uri TEXT Use the MLflow at this tracking URI, not the one in mlflow.yml." in told


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    """Each command says whole what it does, in the list of commands and in its own help."""
    from mlflow_on_kedro.cli import cli

    listed = CliRunner().invoke(cli, ["mlflow", "--help"], terminal_width=80).output
    (line,) = [line for line in listed.splitlines() if line.split()[:1] == [command]]
    assert line.endswith(".")
    assert not line.endswith("...")
    told = CliRunner().invoke(cli, ["mlflow", command, "--help"], terminal_width=80).output
    assert len(told.splitlines()) > 8
