"""Write several files: all of them, or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError
from ...utils import replacing
from ..setup.initializing import Change


def write_all(changes: Sequence[Change]) -> None:
    """Write changes; if one cannot be written, the files are as they were before.

    Args:
        changes: The changes. A link stays one; the file that it leads to is changed.

    Raises:
        ConfigError: A file cannot be written, or has changed since it was read.
    """
    problems = [problem for change in changes if (problem := _problem(change)) is not None]
    if problems:
        raise ConfigError("\n".join((*problems, "Nothing is changed.")))
    with contextlib.ExitStack() as stack:
        own: list[tuple[Path, Path]] = []
        try:
            for change in changes:
                path = change.path.resolve()
                new = stack.enter_context(replacing.beside(path))
                new.write_bytes(change.after.encode())
                own.append((new, path))
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written: {error.strerror}. Nothing is changed."
            ) from None
        _replace(own, changes)


def _problem(change: Change) -> str | None:
    path = change.path
    if change.before is None:
        return f"{path} is there now." if path.exists() else None
    try:
        if path.read_bytes() != change.before.encode():
            return f"{path} has changed since it was read."
    except OSError as error:
        return f"{path} cannot be read any more: {error.strerror}."
    return None if os.access(path, os.W_OK) else f"{path} is read-only."


def _replace(own: Sequence[tuple[Path, Path]], changes: Sequence[Change]) -> None:
    done = 0
    try:
        for new, path in own:
            replacing.replace_file(new, path)
            done += 1
    except BaseException as error:  # also Ctrl-C
        for (_, path), change in zip(own[:done], changes, strict=False):
            if change.before is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(change.before.encode())
        if not isinstance(error, OSError):
            raise
        failed = own[done][1]
        raise ConfigError(
            f"{failed} cannot be written: {error.strerror}. All files are as they were before."
        ) from None
