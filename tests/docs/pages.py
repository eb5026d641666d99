"""The pages on moving here, taken apart: what each code block is, and whose file it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

_STOP = re.compile(
    r"^(?:## (?P<section>[^\n]+)|\*\*(?P<side>Before|After)\*\*"
    r"|```(?P<language>\w+)\n(?P<text>.*?)^```)$",
    flags=re.MULTILINE | re.DOTALL,
)
_PATH = re.compile(r"# (\S+\.(?:py|yml))\n")


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        section: The heading that it is under.
        side: ``before``, ``after``, or ``both`` where the page says neither.
        language: As it is written after the fence.
        path: The file that its first line names; None: it is no file's.
        text: What is in it.
    """

    section: str
    side: str
    language: str
    path: str | None
    text: str


class Page:
    """A page of ``docs/``.

    Args:
        name: Its file name.
    """

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        self.blocks = list(_blocks(self.text))

    def files(self, side: str, *sections: str) -> dict[str, str]:
        """The files that some sections show, one side's and those of both; ``<package>`` stays.

        Several blocks of one YAML file are merged, and those of one Python file follow each other.
        """
        files: dict[str, str] = {}
        for block in self.blocks:
            if block.section not in sections or block.side not in {side, "both"}:
                continue
            if block.path is not None:
                below = files.get(block.path)
                files[block.path] = block.text if below is None else _joined(below, block)
        return files

    def rows(self, first: str) -> list[list[str]]:
        """The cells of the table whose header begins with a cell."""
        header = re.escape(f"| {first} |")
        found = re.findall(rf"^{header}.*\n\|[-|]+\n((?:\|.*\n)+)", self.text, flags=re.MULTILINE)
        assert len(found) == 1, f"{len(found)} tables begin with {first!r}"
        rows = found[0].splitlines()
        return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def code(cell: str) -> list[str]:
    """What a table's cell has in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def _blocks(text: str) -> Any:
    section, side = "", "both"
    for stop in _STOP.finditer(text):
        if stop["section"]:
            section, side = stop["section"], "both"
        elif stop["side"]:
            side = stop["side"].lower()
        else:
            named = _PATH.match(stop["text"])
            path = named.group(1) if named else None
            yield Block(section, side, stop["language"], path, stop["text"])


def _joined(below: str, block: Block) -> str:
    if block.language != "yaml":
        return f"{below}\n{block.text}"
    return merged(below, block.text)


def merged(below: str, over: str) -> str:
    """Two texts of one YAML file, which give no key twice."""
    return yaml.safe_dump(_merged(yaml.safe_load(below), yaml.safe_load(over)))


def _merged(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in over.items():
        both = isinstance(found.get(key), Mapping) and isinstance(value, Mapping)
        assert both or key not in found, f"two blocks give '{key}'"
        found[key] = _merged(found[key], value) if both else value
    return found
