"""The page on troubleshooting quotes messages that there are."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from .pages import ROOT, Page

# Kedro's own.
OTHERS = (
    "No such command 'mlflow'",
    "Your Kedro project version … does not match Kedro package version …",
)


def quoted() -> list[str]:
    """The messages in the first column of the page's tables."""
    rows = re.findall(
        r"^\| (`+) ?(.+?) ?\1 \| ", Page("troubleshooting.md").text, flags=re.MULTILINE
    )
    return [message for _, message in rows if message not in OTHERS]


@cache
def messages() -> str:
    """All texts in the plugin's code, each on a line."""
    return "\n".join(
        " ".join(node.value.split())
        for path in (ROOT / "plugin_src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_messages_are_found() -> None:
    """The search for messages finds them."""
    assert len(quoted()) >= 40


@pytest.mark.parametrize("message", quoted())
def test_each_message_is_one(message: str) -> None:
    """The plugin prints each quoted message: its parts between `…` are in the code."""
    parts = [part.strip() for part in re.split(r"…", message)]
    parts = [part for part in parts if len(re.sub(r"\W", "", part)) >= 8]
    assert parts
    missing = [part for part in parts if not _is_in_code(part)]
    assert missing == []


def _is_in_code(part: str) -> bool:
    # A message with `%s` or `{…}` in it is several texts, or one with other signs in between.
    return part in messages() or part in re.sub(r"%[.\d]*[srd]", "", messages())
