"""Rules of a proxy: what becomes of certain requests, and when."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal[
    "pass",
    "refuse",
    "hang",
    "drop",
    "lose",
    "http401",
    "http403",
    "http404",
    "http413",
    "http429",
    "http500",
    "http502",
    "http503",
    "http504",
]


@dataclass(frozen=True)
class Call:
    """A request as rules see it.

    Attributes:
        method: GET, POST, ...
        path: With the query.
        body: All of it.
    """

    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer that the proxy gives itself.

    Attributes:
        status: The HTTP status.
        body: Its text.
        content_type: Of the body.
        headers: Further headers.
    """

    status: int
    body: str
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fate:
    """What becomes of a request.

    Attributes:
        mode: See :class:`~.proxy.Proxy`.
        delay: Seconds before the server gets it, or the proxy answers.
        answer_delay: Seconds by which the answer comes late, after the server has done its work.
        answer: The proxy's own answer; None: as ``mode`` says.
    """

    mode: Mode = "pass"
    delay: float = 0.0
    answer_delay: float = 0.0
    answer: Answer | None = None


When = Callable[[Call], bool]
Rule = Callable[[Call], Fate | None]
"""Decides on a request; None: another rule, or the proxy's mode, decides. One call at a time."""


def holds(*parts: str | bytes) -> When:
    """Choose requests whose path has one of the texts, or whose body has one of the bytes."""

    def when(call: Call) -> bool:
        return any(part in (call.path if isinstance(part, str) else call.body) for part in parts)

    return when


def on(when: When, fate: Fate | Mode, *, times: int | None = None) -> Rule:
    """Have requests meet a fate.

    Args:
        when: Which requests.
        fate: What becomes of them.
        times: How many requests, the first ones; None: all.
    """
    chosen = Fate(fate) if isinstance(fate, str) else fate
    count = 0

    def rule(call: Call) -> Fate | None:
        nonlocal count
        if not when(call):
            return None
        count += 1
        return chosen if times is None or count <= times else None

    return rule


def at_random(fates: Iterable[tuple[float, Fate | Mode]], seed: int) -> Rule:
    """Have a share of all requests meet each fate.

    Args:
        fates: Pairs of a share, up to 1, and a fate; what is left of 1 is left to other rules.
        seed: The same seed makes the same choices.
    """
    choices = [(share, Fate(fate) if isinstance(fate, str) else fate) for share, fate in fates]
    chance = random.Random(seed)  # noqa: S311 - a seed must give the same choices

    def rule(_: Call) -> Fate | None:
        drawn = chance.random()
        for share, fate in choices:
            drawn -= share
            if drawn < 0:
                return fate
        return None

    return rule


def moody(seed: int, seconds: float = 2.0) -> Rule:
    """Have the server answer after 0 to so many seconds, sometimes with 413, 429, 500 or 504."""
    chance = random.Random(seed)  # noqa: S311 - as above

    def rule(_: Call) -> Fate:
        bad = chance.random() < _BAD_SHARE
        mode: Mode = chance.choice(_BAD_MOODS) if bad else "pass"
        delay = seconds * chance.random() ** 3  # mostly short: a run has hundreds of requests
        return Fate(mode, delay / 2, delay / 2)

    return rule


def comes_and_goes(when: When, seconds: float) -> Rule:
    """Have requests fail with 503 for so many seconds, pass for as many, and so on."""

    def rule(call: Call) -> Fate | None:
        is_away = int(time.monotonic() / seconds) % 2 == 0
        return Fate("http503") if is_away and when(call) else None

    return rule


_BAD_SHARE = 0.1
_BAD_MOODS: tuple[Mode, ...] = ("http413", "http429", "http500", "http504")


def answer_of(mode: str) -> Answer:
    """What a proxy or a failing server answers, in plain text."""
    status = int(mode.removeprefix("http"))
    headers = {}
    if status == http.client.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="mlflow"'
    if status == http.client.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    return Answer(status, http.client.responses[status], headers=headers)


TOO_LARGE = Answer(
    413,
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n",
    "text/html",
)
"""What nginx answers to a body over its `client_max_body_size`."""
INVALID_HOST = Answer(403, "Invalid Host header - possible DNS rebinding attack detected")
"""What MLflow's server answers to a name that is not among its allowed hosts."""
