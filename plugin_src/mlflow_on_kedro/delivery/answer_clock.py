"""For how long a server has not answered, counted from when a request is sent."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from ..tracking.failures import is_mistake, is_silent

# Python raises these audit events (https://docs.python.org/3/library/audit_events.html) when a
# thread uses the network, and `http.client.send` for each part of a body.
_EVENTS = frozenset({"socket.getaddrinfo", "socket.connect", "http.client.send"})
_SYNCHRONOUS = frozenset({"log_batch", "log_metric", "log_param", "set_tag"})


class AnswerClock:
    """Measures for how long a server has left requests without an answer.

    The time before a request is sent, as for importing, reading a file or compressing it, does not
    count; an upload counts from the last part that was sent. Any answer ends the silence.

    Args:
        remote: Whether the server may leave a request without an answer; a local file does not.
        http: Whether :mod:`http.client` sends the requests; otherwise a request counts from the
            call of the client.
    """

    def __init__(self, *, remote: bool = True, http: bool = True) -> None:
        self.remote, self.http = remote, http
        self._lock = threading.Lock()
        self._sent: dict[int, float | None] = {}
        """By thread, when its open request was sent; None: it is being prepared."""
        self._failed_since: float | None = None
        self._answered: float = time.monotonic()
        _hook.install()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Watch a request that this thread sends within the block."""
        thread = threading.get_ident()
        with self._lock:
            self._sent[thread] = None if self.http else time.monotonic()
        _hook.clocks[thread] = self
        try:
            yield
        except Exception as error:
            if not is_mistake(error):
                self._end(thread, is_silent=is_silent(error))
            raise
        else:
            self._end(thread, is_silent=False)
        finally:
            _hook.clocks.pop(thread, None)
            with self._lock:
                self._sent.pop(thread, None)

    @property
    def silence(self) -> float:
        """Seconds since the oldest request that got no answer was sent or failed; 0 if none did."""
        with self._lock:
            since = [self._failed_since, *(self._sent.values() if self.remote else ())]
            known: list[float] = [moment for moment in since if moment is not None]
            if not known:
                return 0.0
            begin: float = max(min(known), self._answered)
            return max(0.0, time.monotonic() - begin)

    def note_sent(self, thread: int) -> None:
        """Note that a thread is sending something."""
        with self._lock:
            if thread in self._sent:
                self._sent[thread] = time.monotonic()
            else:  # a library's own thread, which uploads for one of the waiting threads
                self._sent.update(dict.fromkeys(self._sent, time.monotonic()))

    def _end(self, thread: int, *, is_silent: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if is_silent:
                self._failed_since = self._failed_since or self._sent.get(thread) or now
            else:
                self._failed_since, self._answered = None, now


class _Hook:
    """The process's only audit hook, since Python cannot remove one."""

    def __init__(self) -> None:
        self.clocks: dict[int, AnswerClock] = {}
        self._installed = False

    def install(self) -> None:
        if not self._installed:
            self._installed = True
            sys.addaudithook(self._on_event)

    def _on_event(self, event: str, _: Any) -> None:
        if event in _EVENTS and self.clocks:
            thread = threading.get_ident()
            own = self.clocks.get(thread)
            # Libraries for other artifact stores upload in threads of their own.
            others = [clock for clock in list(self.clocks.values()) if not clock.http]
            for clock in [own] if own is not None else others:
                clock.note_sent(thread)


_hook = _Hook()


class WatchedClient:
    """An MLflow client whose calls a clock watches, and which waits for each answer.

    MLflow's own queue (``MLFLOW_ENABLE_ASYNC_LOGGING``) would only log errors, and lose entries.

    Args:
        client: An MLflow client.
        clock: The clock.
    """

    def __init__(self, client: Any, clock: AnswerClock) -> None:
        self._client, self._clock = client, clock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            if name in _SYNCHRONOUS:
                named["synchronous"] = True
            with self._clock.request():
                return found(*args, **named)

        return call
