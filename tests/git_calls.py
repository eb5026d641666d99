"""Git, as an author whom no configuration needs to name."""

from __future__ import annotations

import subprocess
from pathlib import Path

_GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false")


def git(folder: Path, *words: str) -> str:
    """Call git in a folder, and return what it has printed."""
    done = subprocess.run([*_GIT, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit_all(folder: Path, message: str) -> str:
    """Commit all files of a folder, which becomes a repository; return the commit."""
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", message)
    return git(folder, "rev-parse", "HEAD")
