"""A proxy on loopback, in front of a real MLflow server, that fails as it is told to."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .fates import HttpServer
from .rules import TOO_LARGE, Call, Fate, Mode, Rule

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One request that reached the proxy.

    Attributes:
        method: GET, POST, ...
        path: Without the query.
        fate: What became of it: a :data:`~.rules.Mode`, or ``http`` and a status.
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
    ``http500`` and so on   the proxy answers with that status, in plain text
    ``drop``                the connection is cut before the server has seen the request
    ``lose``                the server does what it is asked to, and the answer is lost
    ======================  ====================================================================

    Args:
        upstream: The server's URL.
        tls: Serve HTTPS with this certificate, for ``localhost``.
    """

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        self.upstream = urlsplit(upstream)
        self.rules: list[Rule] = []
        """What decides on a request before the mode does; the first that does not give None."""
        self.body_limit: int | None = None
        """The most bytes that a request may have; more is answered with 413, as by nginx."""
        self.delay = 0.0
        """Seconds that each request takes longer, before the server gets it."""
        self.answer_delay = 0.0
        """Seconds by which each answer comes late, after the server has done its work."""
        self.bandwidth: float | None = None
        """Bytes a second that all requests' bodies together come in with; None: no limit."""
        self.authorization: set[str] = set()
        """The ``Authorization`` headers that are let through; none: no login is needed."""
        self.demanded: dict[str, str] = {}
        """Headers without which a request is not let through."""
        self.every = 1
        """The mode befalls each n-th request; the others pass."""
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._line = threading.Lock()
        self._line_free_at = 0.0
        self._connections: set[socket.socket] = set()
        self._mode: Mode = "pass"
        self._closed = threading.Event()
        self._server: HttpServer | None = None
        self._tls = tls
        self.port = self._listen(0)

    def close(self) -> None:
        """End it, with whatever still waits for an answer."""
        self._closed.set()
        self._cut()

    @property
    def uri(self) -> str:
        """What to track to."""
        return f"https://localhost:{self.port}" if self._tls else f"http://{HOST}:{self.port}"

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

    def fate(self, call: Call, headers: Mapping[str, str]) -> Fate:
        """Decide on a request, and note it."""
        with self._changed:
            fate = self._decide(call)
            if fate.mode == "pass" and fate.answer is None and not self._lets_in(headers):
                fate = Fate("http401")
            done = f"http{fate.answer.status}" if fate.answer is not None else fate.mode
            path = urlsplit(call.path).path
            self.requests.append(Request(call.method, path, done, time.time()))
            self._changed.notify_all()
        return fate

    def _decide(self, call: Call) -> Fate:
        if self._mode == "refuse":
            return Fate("refuse")
        if self.body_limit is not None and len(call.body) > self.body_limit:
            return Fate(answer=TOO_LARGE)
        for rule in self.rules:
            fate = rule(call)
            if fate is not None:
                return fate
        return Fate(self._mode if (len(self.requests) + 1) % self.every == 0 else "pass")

    def _lets_in(self, headers: Mapping[str, str]) -> bool:
        known = not self.authorization or headers.get("Authorization") in self.authorization
        return known and all(headers.get(name) == item for name, item in self.demanded.items())

    def pace(self, count: int) -> None:
        """Wait as long as so many bytes take on the line."""
        if self.bandwidth is None:
            return
        with self._line:
            begin = max(self._line_free_at, time.monotonic())
            self._line_free_at = end = begin + count / self.bandwidth
        time.sleep(max(0.0, end - time.monotonic()))

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
        self._server = HttpServer((HOST, port), self)
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
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
