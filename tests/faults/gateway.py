"""A gateway on loopback, before a real MLflow server, with rules for single endpoints."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

UPSTREAM_SECONDS = 120


@dataclass
class Rule:
    """What befalls the requests for an endpoint.

    Attributes:
        path: A pattern that is found in ``METHOD /path``.
        status: Answered with that status, and not forwarded.
        answer: The body of that answer.
        body: A text without which in a request's body the rule does not apply.
        before: Seconds that pass before a request is forwarded.
        after: Seconds that pass before the answer is given back.
        loses: The server does what it is asked to, and the connection is cut without an answer.
        times: How many requests it befalls; None: all.
    """

    path: str
    status: int | None = None
    answer: str = "no such thing"
    body: str = ""
    before: float = 0.0
    after: float = 0.0
    loses: bool = False
    times: int | None = None


class Gateway:
    """Passes requests on, as its rules say.

    Args:
        upstream: The server's URL.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.rules: list[Rule] = []
        self.seen: list[str] = []
        """The requests so far, each as ``METHOD /path``."""
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        gateway = self

        class Handler(_Handler):
            pass

        Handler.gateway = gateway
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def uri(self) -> str:
        """What to track to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def count(self, pattern: str) -> int:
        """How many requests there were whose ``METHOD /path`` has a pattern."""
        with self.lock:
            return sum(bool(re.search(pattern, request)) for request in self.seen)

    def wait_for(self, pattern: str, seconds: float = 60.0) -> None:
        """Wait for a request."""
        deadline = time.monotonic() + seconds
        while not self.count(pattern):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no request for {pattern!r}")
            time.sleep(0.02)

    def rule_for(self, request: str, body: bytes) -> Rule:
        """Note a request, and find its rule."""
        with self.lock:
            self.seen.append(request)
            for rule in self.rules:
                if rule.times == 0 or not re.search(rule.path, request):
                    continue
                if rule.body.encode() in body:
                    rule.times = rule.times - 1 if rule.times is not None else None
                    return rule
        return Rule("")


@contextlib.contextmanager
def gateway(upstream: str, *rules: Rule) -> Iterator[Gateway]:
    """Run a gateway until the block ends."""
    made = Gateway(upstream)
    made.rules.extend(rules)
    try:
        yield made
    finally:
        made.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    gateway: Gateway

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        rule = self.gateway.rule_for(f"{self.command} {urlsplit(self.path).path}", body)
        if rule.status is not None:
            kind = "application/json" if rule.answer.startswith("{") else "text/plain"
            self._answer(rule.status, [("Content-Type", kind)], rule.answer.encode())
            return
        time.sleep(rule.before)
        answer = self._ask(body)
        time.sleep(rule.after)
        if rule.loses:
            self.close_connection = True
            return
        with contextlib.suppress(OSError):  # who has asked is gone
            self._answer(*answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = self.gateway.upstream
        assert upstream.hostname
        connection = http.client.HTTPConnection(
            upstream.hostname, upstream.port, timeout=UPSTREAM_SECONDS
        )
        names = {"connection", "transfer-encoding", "host"}
        headers = {name: item for name, item in self.headers.items() if name.lower() not in names}
        try:
            connection.request(self.command, self.path, body, headers)
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
