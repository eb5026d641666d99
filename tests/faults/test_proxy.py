"""The proxy fails as it is told to: what the other tests rest on."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .certificates import self_signed
from .proxy import Proxy
from .rules import INVALID_HOST, Fate, at_random, comes_and_goes, holds, moody, on
from .server import Server

SECONDS = 0.5


def ask(
    uri: str, path: str = "/health", *, body: bytes = b"", seconds: float = SECONDS, **headers: str
) -> tuple[int, bytes]:
    """Ask for the server's health."""
    connection = http.client.HTTPConnection(urlsplit(uri).netloc, timeout=seconds)
    try:
        connection.request("GET", path, body or None, headers)
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


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 502, 503, 504])
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


def test_a_body_limit(proxy: Proxy) -> None:
    """What is larger than the limit is answered with 413 and an HTML page."""
    proxy.body_limit = 1000
    assert ask(proxy.uri, body=bytes(1000))[0] == 200
    status, page = ask(proxy.uri, body=bytes(1001))
    assert status == 413
    assert b"<h1>413" in page
    assert len(proxy.seen(fate="http413")) == 1


def test_rules(proxy: Proxy) -> None:
    """The first rule that decides does; what no rule decides on passes."""
    proxy.rules = [
        on(holds("other"), Fate(answer=INVALID_HOST)),
        on(holds(b"marker"), "http500"),
        on(holds("health"), "http503", times=2),
    ]
    assert ask(proxy.uri, "/other") == (403, INVALID_HOST.body.encode())
    assert ask(proxy.uri, body=b"a marker")[0] == 500
    assert [ask(proxy.uri)[0] for _ in range(3)] == [503, 503, 200]


def test_late_answers(proxy: Proxy) -> None:
    """An answer may come late, because the request or the answer is held up."""
    proxy.rules = [on(holds("health"), Fate(delay=0.2, answer_delay=0.3), times=1)]
    begin = time.monotonic()
    assert ask(proxy.uri, seconds=5)[0] == 200
    middle = time.monotonic()
    assert middle - begin >= 0.5
    assert ask(proxy.uri, seconds=5)[0] == 200
    assert time.monotonic() - middle < 0.5


def test_moods(proxy: Proxy) -> None:
    """Fates at random are the same for the same seed."""

    def statuses(seed: int) -> list[int]:
        proxy.rules = [at_random([(0.4, "http429"), (0.2, "http500")], seed)]
        return [ask(proxy.uri)[0] for _ in range(30)]

    assert {*statuses(1)} == {200, 429, 500}
    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    proxy.rules = [moody(1, seconds=0)]
    assert {ask(proxy.uri)[0] for _ in range(150)} == {200, 413, 429, 500, 504}


def test_a_part_that_comes_and_goes(proxy: Proxy) -> None:
    """Some requests fail for a while, pass for a while, and so on."""
    proxy.rules = [comes_and_goes(holds("health"), 0.2)]
    statuses: list[int] = []
    while len(statuses) < 5:
        status, _ = ask(proxy.uri)
        if status not in statuses[-1:]:
            statuses.append(status)
    assert set(statuses) == {200, 503}


def test_tls(server: Server, tmp_path: Path) -> None:
    """Over HTTPS its certificate is trusted only by who is given it."""
    certificate, context = self_signed(tmp_path)
    with contextlib.closing(Proxy(server.uri, context)) as proxy:
        for trusted, status in (None, None), (certificate, 200):
            connection = http.client.HTTPSConnection(
                urlsplit(proxy.uri).netloc,
                timeout=5,
                context=ssl.create_default_context(cafile=trusted),
            )
            with contextlib.suppress(ssl.SSLCertVerificationError):
                connection.request("GET", "/health")
                assert connection.getresponse().status == status
            connection.close()
        assert len(proxy.seen("health")) == 1
