"""A proxy on loopback, in front of a real MLflow server, that fails as it is told to."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

HOST = "127.0.0.1"
UPSTREAM_SECONDS = 120

Mode = Literal["pass", "refuse", "hang", "http500", "http401", "http403", "drop", "lose"]


@dataclass(frozen=True)
class Request:
    """One request that reached the proxy.

    Attributes:
        method: GET, POST, ...
        path: Without the query.
        fate: What became of it: a :data:`Mode`.
        when: Seconds since the epoch.
    """

    method: str
    path: str
    fate: str
    when: float


class Proxy:
    """Passes requests on to a server, or fails, by turns.

    ======================  ====================================================================
    ``pass``                the server answers
    ``refuse``              nothing listens, open connections are cut
    ``hang``                connections are accepted, and no answer ever comes
    ``http500`` and so on   the proxy answers with that status
    ``drop``                the connection is cut before the server has seen the request
    ``lose``                the server does what it is asked to, and the answer is lost
    ======================  ====================================================================

    Args:
        upstream: The server's URL.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.delay = 0.0
        """Seconds that each request takes longer."""
        self.authorization: set[str] = set()
        """The ``Authorization`` headers that are let through; none: no login is needed."""
        self.every = 1
        """The mode befalls each n-th request; the others pass."""
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._mode: Mode = "pass"
        self._closed = threading.Event()
        self._server: _Server | None = None
        self.port = self._listen(0)

    def close(self) -> None:
        """End it, with whatever still waits for an answer."""
        self._closed.set()
        self._cut()

    @property
    def uri(self) -> str:
        """What to track to."""
        return f"http://{HOST}:{self.port}"

    def uri_of(self, login: str) -> str:
        """The same with a user name and a password in it."""
        return f"http://{login}@{HOST}:{self.port}"

    @property
    def mode(self) -> Mode:
        """What becomes of requests."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "refuse":
            self._cut()
        elif self._server is None:
            self._listen(self.port)

    def demand(self, user: str, password: str) -> None:
        """Let in who gives this user name and password, as a server with basic auth does."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization.add(f"Basic {pair}")

    def seen(self, path: str = "", fate: str | None = None) -> list[Request]:
        """The requests so far whose path ends so."""
        with self._changed:
            return [
                request
                for request in self.requests
                if request.path.endswith(path) and fate in (None, request.fate)
            ]

    def wait_for(self, path: str = "", fate: str | None = None, seconds: float = 60) -> None:
        """Wait for such a request."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.seen(path, fate), seconds):
                raise TimeoutError(f"no request for {path!r} within {seconds} s")

    def fate(self, method: str, path: str, authorization: str | None) -> Mode:
        """Decide on a request, and note it."""
        with self._changed:
            mode: Mode = self._mode if (len(self.requests) + 1) % self.every == 0 else "pass"
            if mode == "pass" and self.authorization and authorization not in self.authorization:
                mode = "http401"
            self.requests.append(Request(method, urlsplit(path).path, mode, time.time()))
            self._changed.notify_all()
        return mode

    def wait_until_closed(self) -> None:
        """Wait for as long as there is anybody who might wait for an answer."""
        self._closed.wait()

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection, to cut it."""
        self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def _listen(self, port: int) -> int:
        self._server = _Server((HOST, port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return int(self._server.server_address[1])

    def _cut(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.proxy.connected(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.proxy.disconnected(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that has gone away is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _handle(self) -> None:
        proxy = self.server.proxy
        fate = proxy.fate(self.command, self.path, self.headers.get("Authorization"))
        time.sleep(proxy.delay)
        _FATES[fate](self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def give(self) -> None:
        status, headers, body = self._ask()
        self._answer(status, headers, body)

    def lose(self) -> None:
        self._ask()
        self.drop()

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        self.close_connection = True
        self.server.proxy.wait_until_closed()

    def fail(self, status: int) -> None:
        self._body()
        headers = [("Content-Type", "text/plain")]
        if status == http.client.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Basic realm="mlflow"'))
        self._answer(status, headers, http.client.responses[status].encode())

    def _ask(self) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = self.server.proxy.upstream
        assert upstream.hostname
        connection = http.client.HTTPConnection(
            upstream.hostname, upstream.port, timeout=UPSTREAM_SECONDS
        )
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"connection", "transfer-encoding", "authorization"}
        }
        try:
            connection.request(self.command, self.path, self._body(), headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


_FATES: dict[str, Callable[[_Handler], None]] = {
    "pass": _Handler.give,
    "refuse": _Handler.drop,
    "hang": _Handler.hang,
    "drop": _Handler.drop,
    "lose": _Handler.lose,
    "http401": lambda handler: handler.fail(401),
    "http403": lambda handler: handler.fail(403),
    "http500": lambda handler: handler.fail(500),
}
