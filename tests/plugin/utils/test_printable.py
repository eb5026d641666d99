"""Texts of others, made safe to print."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.utils.printable import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [red] text", "plain [red] text"),
        ("👩‍🔬 é ü 葡萄酒", "👩‍🔬 é ü 葡萄酒"),
        ("\x1b[2J\x07", "�[2J�"),
        ("right\u202eleft", "right�left"),
        ("\ud800", "�"),
        ("", ""),
    ],
)
def test_control_characters(text: str, shown: str) -> None:
    """What would move the cursor or turn text around is replaced; letters of all kinds stay."""
    assert printable(text) == one_line(text) == shown


def test_one_line() -> None:
    """Line ends become spaces, and long texts are cut."""
    assert one_line("a\n\tb\r\n c ") == "a b c"
    assert one_line("x" * 5_000_000, 10) == f"{'x' * 9}…"
    assert one_line("x" * 10, 10) == "x" * 10
