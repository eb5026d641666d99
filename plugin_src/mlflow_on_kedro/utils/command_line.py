"""The command that started this process."""

from __future__ import annotations

import sys
from pathlib import PurePath

_LISTING = {
    ("catalog", "describe-datasets"),
    ("catalog", "list-patterns"),
    ("catalog", "resolve-patterns"),
    ("registry", "describe"),
    ("registry", "list"),
}


def is_kedro_run() -> bool:
    """Return whether this process was started as ``kedro run``; its workers were not.

    It is known before Kedro has parsed the command: when it reads the project's settings.
    """
    return _is_kedro("run") and "--help" not in sys.orig_argv


def runs_no_pipeline() -> bool:
    """Return whether this process was started as one of Kedro's commands that only list things."""
    return any(_is_kedro(*command) for command in _LISTING)


def _is_kedro(*command: str) -> bool:
    words = sys.orig_argv
    return any(
        PurePath(word).stem == "kedro" and tuple(words[place : place + len(command)]) == command
        for place, word in enumerate(words, start=1)
    )
