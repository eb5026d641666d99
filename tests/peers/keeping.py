"""Runs of other plugins, kept so that the main suite needs no other plugin to compare with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("recorded")


def surface_of(peer: str) -> str:
    """The name under which is kept what a plugin's classes take."""
    return f"surface-of-{peer}"


def recorded(name: str) -> dict[str, Any]:
    """What ``make peers ARGS=--record`` has kept under a name."""
    kept: dict[str, Any] = json.loads(_path(name).read_text(encoding="utf-8"))
    return kept


def keep(name: str, content: Any) -> None:
    """Keep what was read in a plugin's own environment."""
    _FOLDER.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True)
    _path(name).write_text(f"{text}\n", encoding="utf-8")


def _path(name: str) -> Path:
    return _FOLDER / f"{name}.json"
