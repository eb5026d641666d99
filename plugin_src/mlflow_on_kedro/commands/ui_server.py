"""MLflow's own server, as ``kedro mlflow ui`` starts it: its port, its output and its end."""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ..errors import ConfigError, MLflowOnKedroError

START_SECONDS = 180
STOP_SECONDS = 15
FIRST_PORT = 5000
"""MLflow's own default."""
_LAST_PORT = 5099
_KEPT_LINES = 200
_ANY_IPV4 = "0.0.0.0"  # noqa: S104 - the user's choice

_TIME = r"(\[?\d{4}[/-]\d\d[/-]\d\d[^A-Z]*)?"
_ERROR = re.compile(_TIME + r"\[?(ERROR|CRITICAL)\b|Traceback \(|Error: ")
_LOG_LINE = re.compile(_TIME + r"\[?(DEBUG|INFO|WARNING)\b")


def choose_port(host: str, wanted: int | None) -> int:
    """Choose where to listen.

    Args:
        host: The host.
        wanted: The port that the user wants; None: 5000, or the next one that is free.

    Raises:
        ConfigError: It is not possible to listen there.
    """
    if wanted is not None:
        error = _try(host, wanted)
        if error is not None:
            raise ConfigError(
                f"The MLflow UI cannot listen at {host}:{wanted}: {error.strerror}. "
                "Choose another --port, or leave it out for a free one."
            )
        return wanted
    free = (port for port in range(FIRST_PORT, _LAST_PORT + 1) if _try(host, port) is None)
    return next(free, None) or _any_port(host)


def _try(host: str, port: int) -> OSError | None:
    with socket.socket() as listener:
        if sys.platform != "win32":  # there it would allow a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error
    return None


def _any_port(host: str) -> int:
    with socket.socket() as listener:
        try:
            listener.bind((host, 0))
        except OSError as error:
            raise ConfigError(
                f"The MLflow UI cannot listen at {host}: {error.strerror}. Choose another --host."
            ) from None
        return int(listener.getsockname()[1])


class UIServer:
    """A process of MLflow's server.

    Args:
        root: The project's root.
        host: Where it listens.
        port: Likewise.
        variables: Its environment variables beside those of this process.
        verbose: Whether all that it prints is shown, and not its errors only.
    """

    def __init__(
        self, root: Path, host: str, port: int, variables: Mapping[str, str], *, verbose: bool
    ) -> None:
        self._host, self._port = host, port
        self._is_stopping = False
        self._last_lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._process = subprocess.Popen(
            _command(root, host, port),
            env={**os.environ, **variables},
            start_new_session=True,  # its workers end with it
            stdout=None if verbose else subprocess.PIPE,
            stderr=None if verbose else subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._show_errors, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            MLflowOnKedroError: It has ended, or does not answer in time.
        """
        # Windows refuses to connect to the address that means "all of this machine's".
        host = "127.0.0.1" if self._host == _ANY_IPV4 else self._host
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._check()
            try:
                with socket.create_connection((host, self._port), timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        raise MLflowOnKedroError(f"MLflow's server did not start within {START_SECONDS} s.")

    def wait(self) -> None:
        """Wait until the user presses Ctrl-C.

        Raises:
            MLflowOnKedroError: The server has ended by itself.
        """
        while True:  # Ctrl-C does not interrupt `Popen.wait` if Polars is imported
            self._check()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it, and the processes that it has started."""
        self._is_stopping = True
        if sys.platform == "win32":
            self._process.terminate()
        else:
            self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:  # a server that is still starting ignores the signal
            self._process.kill()
            self._process.wait()
        if sys.platform != "win32":
            self._signal_group(signal.SIGKILL)  # for workers that are still running
        self._reader.join(1)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()

    def _check(self) -> None:
        status = self._process.poll()
        if status is None:
            return
        self._reader.join(1)
        for line in self._last_lines:
            click.echo(line, err=True)
        raise MLflowOnKedroError(
            f"MLflow's server ended with status {status}; its output is above."
        )

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _show_errors(self) -> None:
        """Print the errors among what the server prints, and keep the rest until it has ended."""
        is_error = False
        for content in self._process.stdout or ():
            line = content.decode(errors="replace").rstrip()
            is_error = _is_error(line, after_error=is_error)
            if is_error and not self._is_stopping:
                click.echo(line, err=True)
            else:
                self._last_lines.append(line)


def _is_error(line: str, *, after_error: bool) -> bool:
    """Return whether a line of the server's output belongs to an error.

    Example:
        >>> _is_error("2026/11/27 01:09:41 ERROR mlflow.server: no", after_error=False)
        True
        >>> _is_error("ValueError: no", after_error=True)
        True
        >>> _is_error("[2026-11-27 01:08:15 +0000] [5552] [INFO] Starting", after_error=True)
        False
    """
    if _ERROR.match(line):
        return True
    return after_error and not _LOG_LINE.match(line)


def _command(root: Path, host: str, port: int) -> list[str]:
    return [
        sys.executable,
        *("-m", "mlflow", "server"),
        *("--default-artifact-root", (root / "mlruns").as_uri()),
        *("--host", host),
        *("--port", str(port)),
        *("--workers", "1"),
    ]
