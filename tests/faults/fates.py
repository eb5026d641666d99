"""What becomes of each request to the proxy."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .rules import Answer, Call, Fate, answer_of

if TYPE_CHECKING:
    from .proxy import Proxy

UPSTREAM_SECONDS = 120
PART_BYTES = 1_000_000


class HttpServer(ThreadingHTTPServer):
    """Serves each connection in a thread of its own.

    Args:
        address: Where to listen.
        proxy: Whose requests they are.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection."""
        self.proxy.connected(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self.proxy.disconnected(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that has gone away is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HttpServer

    def _handle(self) -> None:
        proxy = self.server.proxy
        self.body = self._read_body()
        fate = proxy.fate(Call(self.command, self.path, self.body), self.headers)
        time.sleep(proxy.delay + fate.delay)
        if fate.answer is not None:
            self._answer_as(fate.answer)
        elif fate.mode.startswith("http"):
            self._answer_as(answer_of(fate.mode))
        else:
            _FATES[fate.mode](self, fate)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def give(self, fate: Fate) -> None:
        status, headers, body = self._ask()
        time.sleep(self.server.proxy.answer_delay + fate.answer_delay)
        self._answer(status, headers, body)

    def lose(self, fate: Fate) -> None:
        self._ask()
        self.drop(fate)

    def drop(self, _: Fate) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def hang(self, _: Fate) -> None:
        self.close_connection = True
        self.server.proxy.wait_until_closed()

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
            connection.request(self.command, self.path, self.body, headers)
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

    def _answer_as(self, answer: Answer) -> None:
        headers = [("Content-Type", answer.content_type), *answer.headers.items()]
        self._answer(answer.status, headers, answer.body.encode())

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self._read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self._read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _read(self, size: int) -> bytes:
        """Read so many bytes, as fast as the line is."""
        parts = []
        while size > 0 and (part := self.rfile.read(min(size, PART_BYTES))):
            self.server.proxy.pace(len(part))
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


_FATES: Mapping[str, Callable[[_Handler, Fate], None]] = {
    "pass": _Handler.give,
    "refuse": _Handler.drop,
    "hang": _Handler.hang,
    "drop": _Handler.drop,
    "lose": _Handler.lose,
}
