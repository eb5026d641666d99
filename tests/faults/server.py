"""A real MLflow server on loopback, with a store and artifacts of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

STARTUP_SECONDS = 120
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """An MLflow server that runs.

    Attributes:
        uri: Its URL.
        artifacts: The folder in which it keeps artifacts.
    """

    uri: str
    artifacts: Path


@contextlib.contextmanager
def mlflow_server(database: Path, folder: Path, workers: int = 1) -> Iterator[Server]:
    """Run ``mlflow server`` until the block ends.

    Args:
        database: The SQLite file of its store.
        folder: Where it keeps artifacts and its log.
        workers: How many processes answer; MLflow's default is 4, which takes seconds to start.
    """
    artifacts = folder / "artifacts"
    options = ["--backend-store-uri", f"sqlite:///{database.as_posix()}"]
    options += ["--artifacts-destination", artifacts.as_uri()]
    environment = {name: os.environ[name] for name in os.environ if "MLFLOW" not in name}
    environment["DO_NOT_TRACK"] = "true"
    with served(options, environment, folder, workers=workers) as uri:
        yield Server(uri, artifacts)


@contextlib.contextmanager
def served(
    options: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    python: str = sys.executable,
    workers: int = 1,
) -> Iterator[str]:
    """Run ``mlflow server`` with the given options on a free port until the block ends.

    Args:
        options: Beside host, port and workers.
        environment: The server's environment variables.
        folder: Its current folder, and where it keeps its log.
        python: The interpreter of the environment that has the server's MLflow.
        workers: How many processes answer.

    Returns:
        Its URL.
    """
    port = _free_port()
    uri = f"http://{HOST}:{port}"
    command = [python, "-m", "mlflow", "server", *options]
    command += ["--host", HOST, "--port", str(port), "--workers", str(workers)]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = folder / "server.log"
    with log.open("wb") as output:
        # A session of its own, so that the server's workers end with it.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, **quiet},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_healthy(uri, process, log)
            yield uri
        finally:
            _stop(process)


def _wait_until_healthy(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _is_healthy(uri):
            return
        time.sleep(0.1)
    words = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise RuntimeError(f"the MLflow server did not start:\n{words}")


def _is_healthy(uri: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(uri).netloc, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
