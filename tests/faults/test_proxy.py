"""The proxy fails as it is told to: what the other tests rest on."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest

from .proxy import Proxy

SECONDS = 0.5


def ask(uri: str, **headers: str) -> tuple[int, bytes]:
    """Ask for the server's health."""
    connection = http.client.HTTPConnection(urlsplit(uri).netloc, timeout=SECONDS)
    try:
        connection.request("GET", "/health", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_passes_on(proxy: Proxy) -> None:
    """A request is answered by the server, and noted."""
    assert ask(proxy.uri) == (200, b"OK")
    assert [(request.method, request.path) for request in proxy.seen()] == [("GET", "/health")]


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("refuse", ConnectionRefusedError),
        ("hang", TimeoutError),
        ("drop", (http.client.RemoteDisconnected, ConnectionError)),
        ("lose", (http.client.RemoteDisconnected, ConnectionError)),
    ],
)
def test_gives_no_answer(proxy: Proxy, mode: str, error: type[Exception]) -> None:
    """It refuses, hangs or cuts connections, and answers again afterwards at the same port."""
    proxy.mode = mode  # type: ignore[assignment]
    with pytest.raises(error):
        ask(proxy.uri)
    proxy.mode = "pass"
    assert ask(proxy.uri)[0] == 200


def test_cuts_what_is_open(proxy: Proxy) -> None:
    """A connection that was kept open ends with the server's absence."""
    connection = http.client.HTTPConnection(urlsplit(proxy.uri).netloc, timeout=SECONDS)
    connection.request("GET", "/health")
    assert connection.getresponse().read() == b"OK"
    kept = connection.sock
    proxy.mode = "refuse"
    assert kept.recv(1) == b""
    connection.close()


@pytest.mark.parametrize("status", [401, 403, 500])
def test_answers_with_a_status(proxy: Proxy, status: int) -> None:
    """It answers as a server does that refuses or fails."""
    proxy.mode = f"http{status}"  # type: ignore[assignment]
    assert ask(proxy.uri)[0] == status
    assert len(proxy.seen(fate=f"http{status}")) == 1


def test_each_second_request_fails(proxy: Proxy) -> None:
    """A mode may befall only some requests."""
    proxy.mode, proxy.every = "http500", 2
    assert [ask(proxy.uri)[0] for _ in range(4)] == [200, 500, 200, 500]


def test_demands_a_login(proxy: Proxy) -> None:
    """With a login demanded, only who gives it gets through."""
    proxy.demand("user", "secret")
    assert ask(proxy.uri)[0] == 401
    assert ask(proxy.uri, Authorization="Basic dXNlcjpzZWNyZXQ=")[0] == 200


def test_a_slow_line(proxy: Proxy) -> None:
    """With a bandwidth, a request takes as long as its body takes on the line."""
    proxy.bandwidth = 2_000_000
    connection = http.client.HTTPConnection(urlsplit(proxy.uri).netloc, timeout=60)
    begin = time.monotonic()
    connection.request("POST", "/health", body=bytes(1_000_000))
    connection.getresponse().read()
    connection.close()
    assert time.monotonic() - begin >= 0.5
