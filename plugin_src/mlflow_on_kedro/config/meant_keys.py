"""The key of mlflow.yml that a user probably meant, in the file or in ``kedro run --params``."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from ..utils.nested import flatten
from ..utils.suggestions import alike, nearest
from .sections import RUNTIME_SECTION, SUFFIXES, Config

logger = logging.getLogger(__name__)

_WORD = re.compile(r"[^\W_]+")


def meant(given: str) -> str | None:
    """Find the one key that ends in the same word as a name, and has all its other words.

    Args:
        given: A name, perhaps with other separators between its words than the key has.

    Example:
        >>> meant("run_name"), meant("tracking.tracking_uri"), meant("gantt")
        ('run.name', 'tracking.uri', 'time.gantt')
    """
    words = _WORD.findall(given.lower())
    found = sorted(
        (len(theirs), key)
        for key, theirs in _keys().items()
        if words and words[-1] == theirs[-1] and set(words) <= set(theirs)
    )
    is_clear = len(found) == 1 or (len(found) > 1 and found[0][0] < found[1][0])
    return found[0][1] if is_clear else None


def warn_of_parameters(runtime: Mapping[str, Any], conf: Path) -> None:
    """Warn of parameters of a command that were probably meant for mlflow.yml.

    Args:
        runtime: The command's parameters.
        conf: The folder of the configuration; a parameter that is in it is no mistake.
    """
    for name, value in runtime.items():
        if name == RUNTIME_SECTION:
            continue
        for path, _ in flatten(str(name), value):
            key = _key_of(str(name), path)
            if key is not None and not _mentions(conf, str(name)):
                logger.warning(
                    "--params %s: no file in %s has such a parameter. Did you mean %s.%s, which "
                    "changes mlflow.yml for this run?",
                    path,
                    conf.name,
                    RUNTIME_SECTION,
                    key,
                )


def _key_of(name: str, path: str) -> str | None:
    """The key of mlflow.yml that a parameter was meant to be; None for a parameter."""
    if path in _keys() and path != name:
        return path
    below = path[len(name) + 1 :]
    section = below.partition(".")[0]
    if alike(name, RUNTIME_SECTION) and section in {item.name for item in fields(Config)}:
        return below
    words = _WORD.findall(path.lower())
    if words[:1] != [RUNTIME_SECTION]:
        return None
    rest = ".".join(words[1:])
    return meant(rest) or meant(f"{rest}.name") or nearest(rest, _keys())


def _mentions(conf: Path, name: str) -> bool:
    """Whether the configuration has a parameter, or uses it in ``${runtime_params:…}``."""
    here = rf"(?<![\w.]){re.escape(name)}(?=['\"]?\s*:)"
    asked = rf"runtime_params:\s*{re.escape(name)}\b"
    for path in conf.rglob("*"):
        if path.suffix in SUFFIXES:
            own = path.name.startswith("mlflow")  # its keys are no parameters
            text = path.read_text(encoding="utf-8", errors="replace")
            if re.search(asked if own else f"{here}|{asked}", text):
                return True
    return False


@functools.cache
def _keys() -> dict[str, list[str]]:
    """All keys of mlflow.yml, each with its words."""
    return {key: _WORD.findall(key) for key in _below(Config, "")}


def _below(section: type, prefix: str) -> Iterator[str]:
    for name, hint in get_type_hints(section).items():
        if is_dataclass(hint):
            yield from _below(hint, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{name}"
