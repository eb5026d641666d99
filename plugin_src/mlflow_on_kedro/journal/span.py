"""A timed step of a node."""

from __future__ import annotations

import functools
import os
import socket
import threading
from dataclasses import dataclass
from typing import Literal

from .usage import Usage

OF_THE_PLUGIN = ("time/", "system/")
"""How the names of the metrics begin that are of the machinery, not of the model."""


@dataclass(frozen=True)
class Span:
    """One timed step of a node.

    Attributes:
        kind: Loading an input, running the node's function, or saving an output.
        node: The node's name.
        name: The dataset's name for ``load`` and ``save``, the node's name for ``run``.
        start: When it began, in seconds since the epoch.
        end: When it ended, in seconds since the epoch.
        step: The node's place in the pipeline's order.
        failed: Whether it ended in an error.
        worker: The worker that ran it; "" if it is unknown, or the only one.
        imports: Seconds of it that were spent in the first import of libraries; 0 if unknown.
        usages: What a node's function used of the processor, the memory and the GPUs, if known.
    """

    kind: Literal["load", "run", "save"]
    node: str
    name: str
    start: float
    end: float
    step: int
    failed: bool = False
    worker: str = ""
    imports: float = 0.0
    usages: tuple[Usage, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds; 0 if the clock was set back meanwhile."""
        return max(0.0, self.end - self.start)


def current_worker() -> str:
    """Return where the caller runs: the host, the process's id and the thread's name.

    Example:
        >>> current_worker().endswith(f"/{os.getpid()}/MainThread")
        True
    """
    return f"{_host()}/{os.getpid()}/{threading.current_thread().name}"


@functools.cache
def _host() -> str:
    return socket.gethostname().replace("/", "_")
