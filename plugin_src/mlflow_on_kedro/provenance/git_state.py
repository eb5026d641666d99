"""The state of the project's git repository, read with a few calls of the user's own git."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..utils.secrets import mask_secrets, mask_urls

SECONDS = 10.0
"""How long a call of git may take."""
MOST_NAMES = 100
"""How many untracked files are named."""
_LONGEST_LINE = 10_000


@dataclass(frozen=True)
class GitState:
    """What git says of a project's code.

    Attributes:
        commit: The commit that is checked out; None: there is no git, repository or commit.
        branch: The branch; None for a detached commit.
        remote: The address of the remote ``origin``, without credentials.
        root: The project's folder inside the repository; "" for the top.
        changed: Whether files of the project differ from the commit; None: unknown.
        untracked: Files and folders of the project that git does not track nor ignore, relative
            to the project; only the first ones.
        untracked_more: How many more there are.
        problem: What git has said if there is no commit.
    """

    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    root: str = ""
    changed: bool | None = None
    untracked: tuple[str, ...] = ()
    untracked_more: int = 0
    problem: str | None = None

    @property
    def is_dirty(self) -> bool | None:
        """Whether files of the project are changed or untracked; None: unknown."""
        return None if self.changed is None else self.changed or bool(self.untracked)


def read(project: Path) -> GitState:
    """Read the state of the repository that a project is in.

    Args:
        project: The project's folder.
    """
    # One process for all three: each takes some milliseconds.
    code, text, problem = run(project, "rev-parse", "HEAD", "--abbrev-ref", "HEAD", "--show-prefix")
    lines = text.decode("utf-8", "replace").split("\n")
    if code != 0 or len(lines) < 3:  # noqa: PLR2004 - one line for each
        return GitState(problem=mask_secrets(problem) or None)
    commit, branch, prefix = lines[:3]
    _, remote, _ = run(project, "config", "--get", "remote.origin.url")
    # Without optional locks it does not disturb the user's own git, which may run now.
    words = ("--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "--", ".")
    code, status, _ = run(project, *words)
    untracked = sorted(_untracked(status, prefix))
    return GitState(
        commit=commit,
        branch=branch if branch != "HEAD" else None,
        remote=mask_urls(remote.decode("utf-8", "replace").strip()) or None,
        root=prefix.rstrip("/"),
        changed=any(not row.startswith(b"??") for row in status.split(b"\0") if row)
        if code == 0
        else None,
        untracked=tuple(untracked[:MOST_NAMES]),
        untracked_more=max(0, len(untracked) - MOST_NAMES),
    )


def run(
    project: Path,
    *words: str,
    most: int = -1,
    seconds: float | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[int, bytes, str]:
    """Run git in a project's folder.

    Args:
        project: The folder.
        words: The words of the command behind ``git``.
        most: How many bytes of its output are read, after which it is stopped; -1: all.
        seconds: How long it may take; None: :data:`SECONDS`.
        variables: Environment variables that it gets in addition.

    Returns:
        The exit status, which is not 0 either if there is no git or it does not answer; what it has
        printed; and the first line of its error.
    """
    seconds = SECONDS if seconds is None else seconds
    try:
        # Git waits when nobody reads a full pipe of its warnings.
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                ["git", *words],  # noqa: S607 - the user's own git, wherever it is
                cwd=project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "LC_ALL": "C", **(variables or {})},
            )
            output = _read(process, most, seconds)
            errors.seek(0)
            problem = errors.readline(_LONGEST_LINE).decode("utf-8", "replace").rstrip("\r\n")
    except FileNotFoundError:
        return 1, b"", "git is not installed"
    except OSError as error:
        return 1, b"", f"git cannot be run: {type(error).__name__}"
    if output is None:
        return 1, b"", f"git has not answered within {seconds:g} seconds"
    if len(output) == most:
        return 0, output, ""
    return process.returncode, output, problem


def _read(process: subprocess.Popen[bytes], most: int, seconds: float) -> bytes | None:
    """Return what a process prints, and end it; None: it takes too long.

    A thread reads: a process that git has started may keep the pipe open when git is killed.
    """
    found: list[bytes] = []

    def read(stream: IO[bytes]) -> None:
        with stream:
            found.append(stream.read(most))

    end = time.monotonic() + seconds
    try:
        if process.stdout is not None:
            thread = threading.Thread(target=read, args=(process.stdout,), daemon=True)
            thread.start()
            thread.join(seconds)
        if not found:
            return None
        if len(found[0]) != most:
            process.wait(max(0.0, end - time.monotonic()))
        return found[0]
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()


def _untracked(status: bytes, prefix: str) -> Iterator[str]:
    for row in status.split(b"\0"):
        if row.startswith(b"?? "):
            yield row[3:].decode("utf-8", "replace").removeprefix(prefix)
