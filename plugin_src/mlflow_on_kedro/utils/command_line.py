"""The command that started this process."""

from __future__ import annotations

import itertools
import sys
from pathlib import PurePath


def is_kedro_run() -> bool:
    """Return whether this process was started as ``kedro run``; its workers were not.

    It is known before Kedro has parsed the command: when it reads the project's settings.
    """
    words = sys.orig_argv
    is_run = any(PurePath(a).stem == "kedro" and b == "run" for a, b in itertools.pairwise(words))
    return is_run and "--help" not in words
