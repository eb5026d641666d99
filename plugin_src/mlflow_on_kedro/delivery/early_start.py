"""A sender process that is started before its run is known, so that it imports MLflow meanwhile.

The import takes about as long as Kedro needs from a project's settings to the first node. The
process waits for the run then, and ends without one if this process ends or has no use for it.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from .json_pipe import JsonPipe, Message

# Garbage collection during the imports takes a third of their time, so it is off until they are
# done. The configuration comes on standard input, since other users can see a process's arguments
# and environment, and it has credentials.
_BOOT = (
    "import gc, json, sys; gc.disable(); first = json.loads(sys.stdin.buffer.readline()); "
    "sys.path[:] = first['path']; "
    "from mlflow_on_kedro.delivery.sender_main import main; main()"
)


class _Early:
    """The process that waits for a run, and the environment variables with which it was started."""

    pipe: JsonPipe | None = None
    variables: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed


def is_started() -> bool:
    """Return whether a process waits for a run."""
    return _Early.pipe is not None


def new_pipe() -> JsonPipe:
    """Make a pipe to a process that is not started yet."""
    return JsonPipe(_BOOT, handle_record)


def start() -> None:
    """Start a process for the run that this process is about to open."""
    if _Early.pipe is None:
        _Early.variables = dict(os.environ)
        _Early.pipe = _started()


def take() -> tuple[JsonPipe, dict[str, str | None]]:
    """Take the process that waits, or start one.

    Returns:
        The process, and the environment variables that have changed since it was started; None for
        those that are removed.
    """
    pipe, _Early.pipe = _Early.pipe, None
    if pipe is None:
        return _started(), {}
    given, now = _Early.variables, dict(os.environ)
    changed = {name: value for name, value in now.items() if given.get(name) != value}
    return pipe, {**changed, **dict.fromkeys(given.keys() - now.keys())}


def _started() -> JsonPipe:
    pipe = new_pipe()
    pipe.open({"path": sys.path})
    return pipe


def stop() -> None:
    """End the process that waits, if there is one."""
    pipe, _Early.pipe = _Early.pipe, None
    if pipe is not None:
        pipe.kill()


def handle_record(message: Message) -> None:
    """Log what the other process has logged, if a message holds that."""
    found: dict[str, Any] | None = message.get("record")
    if found is not None:
        record = logging.makeLogRecord(found)
        target = logging.getLogger(record.name)
        if target.isEnabledFor(record.levelno):
            target.handle(record)
