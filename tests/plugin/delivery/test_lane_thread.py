"""One lane of a run's delivery: it sends, waits, tries again, and ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from mlflow_on_kedro.delivery import lane_thread
from mlflow_on_kedro.delivery.answer_clock import AnswerClock
from mlflow_on_kedro.delivery.fork_gate import ForkGate
from mlflow_on_kedro.delivery.lane_thread import LaneThread, LaneWork, is_hopeless
from mlflow_on_kedro.errors import ConfigError

LIMIT = 30.0


def answer(status: int) -> Exception:
    """An answer with a status."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Error", response=response)


class Work:
    """What a lane does in these tests: it notes what it is asked, and fails where it is told to."""

    def __init__(self) -> None:
        self.waiting = 0
        self.sent = 0
        self.tries = 0
        self.finished = 0
        self.is_ready = True
        self.failure: Exception | None = None

    def send(self) -> int:
        """Send what waits."""
        self.tries += 1
        if self.failure is not None:
            raise self.failure
        count, self.waiting = self.waiting, 0
        self.sent += count
        return count

    def finish(self) -> bool:
        """Finish."""
        self.finished += 1
        return True


@pytest.fixture
def work() -> Work:
    """What the lane does."""
    return Work()


@pytest.fixture
def noted() -> list[Exception | None]:
    """What the lane has said of its tries."""
    return []


@pytest.fixture
def lane(
    work: Work, noted: list[Exception | None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LaneThread]:
    """A lane with short pauses."""
    monkeypatch.setattr(lane_thread, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(lane_thread, "LAST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(lane_thread, "LAST_BUSY_SECONDS", 0.05)
    made = LaneThread(
        LaneWork("test", work.send, 10, work.finish, lambda: work.is_ready),
        AnswerClock(),
        ForkGate(is_remote=True),
        threading.Condition(),
        lambda _, error: noted.append(error),
        lambda: None,
    )
    yield made
    made.stop()


def wait(condition: Callable[[], Any]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_asked(lane: LaneThread, work: Work) -> None:
    """What was put before a lane is asked is sent when it has answered."""
    lane.start()
    work.waiting = 5
    ticket = lane.request()
    wait(lambda: lane.has_sent(ticket))
    assert work.sent == 5
    assert not lane.has_sent(ticket + 1)


def test_not_ready(lane: LaneThread, work: Work) -> None:
    """A lane that has nothing to send to, yet, has answered nobody; it goes on once it has."""
    work.is_ready, work.waiting = False, 5
    lane.start()
    ticket = lane.request()
    time.sleep(0.2)
    assert not lane.has_sent(ticket)
    work.is_ready = True
    wait(lambda: lane.has_sent(ticket))
    assert work.sent == 5


def test_end(lane: LaneThread, work: Work) -> None:
    """At the end it sends the rest, finishes once, and is done."""
    lane.start()
    work.waiting = 5
    lane.end()
    wait(lambda: lane.is_done)
    assert (work.sent, work.finished) == (5, 1)


@pytest.mark.parametrize("failure", [ConnectionError("down"), answer(500)])
def test_away(
    lane: LaneThread, work: Work, noted: list[Exception | None], failure: Exception
) -> None:
    """A failure is tried again as long as it lasts, and its end is noted."""
    work.failure, work.waiting = failure, 5
    lane.start()
    wait(lambda: work.tries > 3)
    assert lane.is_failing
    assert lane.failure is failure
    assert not lane.is_hopeless
    assert 0 < lane.silence < LIMIT
    work.failure = None
    ticket = lane.request()
    wait(lambda: lane.has_sent(ticket))
    assert not lane.is_failing
    assert (lane.failure, lane.silence, noted[-1]) == (None, 0, None)
    assert work.sent == 5


def test_busy(lane: LaneThread, work: Work) -> None:
    """A server that is busy is not away: nothing is said to fail, and no silence grows."""
    work.failure, work.waiting = answer(429), 5
    lane.start()
    wait(lambda: work.tries > 2)
    assert not lane.is_failing
    assert lane.silence == 0
    work.failure = None
    lane.end()
    wait(lambda: lane.is_done)
    assert work.sent == 5


@pytest.mark.parametrize("failure", [ConfigError("no such run"), answer(401), answer(403)])
def test_hopeless(lane: LaneThread, work: Work, failure: Exception) -> None:
    """What no other try mends is tried once; who starts it anew has it tried again."""
    assert is_hopeless(failure)
    work.failure = failure
    lane.start()
    wait(lambda: lane.is_hopeless)
    lane.request()
    time.sleep(0.2)
    assert work.tries == 1
    assert lane.is_failing
    work.failure, lane.is_hopeless, lane.failure = None, False, None
    lane.end()
    lane.start()
    wait(lambda: lane.is_done)


def test_stop(lane: LaneThread, work: Work) -> None:
    """A lane that is stopped sends nothing more."""
    work.failure = ConnectionError("down")
    lane.start()
    wait(lambda: work.tries > 1)
    lane.stop()
    time.sleep(0.2)
    tries = work.tries
    time.sleep(0.2)
    assert work.tries == tries
