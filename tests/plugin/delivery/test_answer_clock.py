"""Silence: measured from a request's sending to its answer, with real sockets."""

from __future__ import annotations

import http.client
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mlflow_on_kedro.delivery.answer_clock import AnswerClock, WatchedClient

LIMIT = 30.0


class Server(socketserver.ThreadingTCPServer):
    """A server that reads requests, and answers each when it may."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.may_answer = threading.Event()
        self.asked = threading.Semaphore(0)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.server_address[1])


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)
        self.server.asked.release()
        self.server.may_answer.wait(LIMIT)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers nothing until it may."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        made.may_answer.set()
        made.shutdown()
        thread.join()


def ask(port: int, body: bytes | Iterator[bytes] = b"", size: int = 0) -> None:
    """Ask a server something, and wait for its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        headers = {"Content-Length": str(size or len(body))}  # type: ignore[arg-type]
        connection.request("PUT", "/", body=body, headers=headers)
        connection.getresponse().read()
    finally:
        connection.close()


@contextmanager
def asking(clock: AnswerClock, call: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Make a request in another thread for the length of a block."""

    def work() -> None:
        with clock.request():
            call()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield thread
    thread.join(LIMIT)
    assert not thread.is_alive()


def refused(clock: AnswerClock) -> None:
    """Ask a server that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefusedError), clock.request():
        ask(port)


class TestSilence:
    """What counts as silence."""

    def test_at_first(self) -> None:
        """A server that nobody has asked is not silent."""
        assert AnswerClock().silence == 0

    def test_from_sending(self, server: Server) -> None:
        """It begins when the request is sent, not when its thread began to work on it."""
        clock = AnswerClock()

        def slow() -> None:
            time.sleep(0.6)
            ask(server.port)

        with asking(clock, slow):
            time.sleep(0.3)
            assert clock.silence == 0, "nothing is sent yet"
            assert server.asked.acquire(timeout=LIMIT)
            time.sleep(0.3)
            assert 0.25 < clock.silence < 0.55
            server.may_answer.set()
        assert clock.silence == 0

    def test_it_grows(self, server: Server) -> None:
        """It grows for as long as no answer comes, and an answer ends it."""
        clock = AnswerClock()
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            first = clock.silence
            time.sleep(0.2)
            assert clock.silence >= first + 0.15
            server.may_answer.set()
        assert clock.silence == 0

    def test_an_upload_that_makes_progress(self, server: Server) -> None:
        """An upload counts from the last part that was sent."""
        clock = AnswerClock()
        parts = 8

        def slowly() -> Iterator[bytes]:
            for _ in range(parts):
                time.sleep(0.1)
                yield b"x" * 1000

        with asking(clock, lambda: ask(server.port, slowly(), parts * 1000)):
            most = 0.0
            while not server.asked.acquire(blocking=False):
                most = max(most, clock.silence)
                time.sleep(0.01)
            assert most < 0.5, "the whole takes 0.8 s"
            server.may_answer.set()

    def test_an_upload_by_a_library(self, server: Server) -> None:
        """A library that uploads in threads of its own makes progress, too."""
        clock = AnswerClock(http=False)

        def in_threads() -> None:
            for _ in range(4):
                time.sleep(0.1)
                part = threading.Thread(target=ask, args=(server.port,))
                part.start()
                part.join()

        server.may_answer.set()
        most = 0.0
        with asking(clock, in_threads) as thread:
            while thread.is_alive():
                most = max(most, clock.silence)
                time.sleep(0.01)
        assert most < 0.35, "the whole takes 0.4 s"

    def test_others_requests(self, server: Server) -> None:
        """What a node asks of another server is no sign of this one."""
        clock = AnswerClock()
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", 9), timeout=1)
                time.sleep(0.05)
            silence = clock.silence
            server.may_answer.set()
        assert silence > 0.4

    def test_refused(self, server: Server) -> None:
        """A refused connection begins it, further ones do not begin it anew, an answer ends it."""
        clock = AnswerClock()
        refused(clock)
        time.sleep(0.2)
        refused(clock)
        assert clock.silence > 0.15
        server.may_answer.set()
        with clock.request():
            ask(server.port)
        assert clock.silence == 0

    def test_a_failure_is_an_answer(self) -> None:
        """An answer that is a failure ends the silence as any other."""
        from mlflow.exceptions import MlflowException

        clock = AnswerClock()
        refused(clock)
        with pytest.raises(MlflowException), clock.request():
            raise MlflowException("no", error_code=1)
        assert clock.silence == 0

    def test_a_mistake_is_no_answer(self) -> None:
        """What fails before anything is sent says nothing about the server."""
        clock = AnswerClock()
        refused(clock)
        time.sleep(0.05)
        with pytest.raises(TypeError), clock.request():
            raise TypeError("no such argument")
        assert clock.silence > 0.04

    def test_a_file(self, server: Server) -> None:
        """A local store is never silent, however long it takes."""
        clock = AnswerClock(remote=False)
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            time.sleep(0.1)
            assert clock.silence == 0
            server.may_answer.set()

    def test_not_by_http(self) -> None:
        """Where a library sends by other means, a request is sent when it is made."""
        clock = AnswerClock(http=False)
        go_on = threading.Event()
        with asking(clock, lambda: go_on.wait(LIMIT)):
            time.sleep(0.2)
            assert clock.silence > 0.1
            go_on.set()
        assert clock.silence == 0


class TestAtOnce:
    """Requests that overlap."""

    def test_an_answer_to_any(self, server: Server) -> None:
        """The answer to one is a sign of life, while another is not answered."""
        clock = AnswerClock()
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            time.sleep(0.3)
            assert clock.silence > 0.25
            with clock.request():
                pass
            assert clock.silence < 0.1
            time.sleep(0.15)
            assert clock.silence > 0.1, "the other waits still"
            server.may_answer.set()

    def test_the_oldest_counts(self, server: Server) -> None:
        """Without any answer it is measured from the request that waits longest."""
        clock = AnswerClock()
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            time.sleep(0.3)
            with asking(clock, lambda: ask(server.port)):
                assert server.asked.acquire(timeout=LIMIT)
                assert clock.silence > 0.25
                server.may_answer.set()
        assert clock.silence == 0

    def test_two_servers(self, server: Server) -> None:
        """A request of one clock is no sign for another."""
        clock, other = AnswerClock(), AnswerClock()
        with asking(clock, lambda: ask(server.port)):
            assert server.asked.acquire(timeout=LIMIT)
            time.sleep(0.2)
            refused(other)
            assert clock.silence > 0.15
            server.may_answer.set()


class TestWatchedClient:
    """The client that is watched."""

    class Client:
        """A client that notes what it is asked."""

        tracking_uri = "sqlite://"

        def __init__(self) -> None:
            self.calls: list[Any] = []

        def __getattr__(self, name: str) -> Any:
            return lambda *args, **named: self.calls.append((name, args, named)) or len(self.calls)

    def test_synchronous(self) -> None:
        """Values are never left to MLflow's queue, whatever its switches say."""
        client = self.Client()
        watched = WatchedClient(client, AnswerClock())
        assert watched.log_batch("r", metrics=[]) == 1
        watched.set_tag("r", "k", "v", synchronous=False)
        watched.get_run("r")
        assert client.calls == [
            ("log_batch", ("r",), {"metrics": [], "synchronous": True}),
            ("set_tag", ("r", "k", "v"), {"synchronous": True}),
            ("get_run", ("r",), {}),
        ]

    def test_what_is_no_call(self) -> None:
        """Attributes are as they are."""
        assert WatchedClient(self.Client(), AnswerClock()).tracking_uri == "sqlite://"

    def test_a_queue(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """With MLflow's asynchronous logging a value is there when the call returns."""
        monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
        run_id = client.create_run("0").info.run_id
        watched = WatchedClient(client, AnswerClock())
        watched.log_param(run_id, "p", "v")
        watched.set_tag(run_id, "t", "v")
        data = client.get_run(run_id).data
        assert (data.params, data.tags["t"]) == ({"p": "v"}, "v")
