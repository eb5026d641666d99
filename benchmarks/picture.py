"""The targets as an SVG, which GitHub shows as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .measure import Check

_ROW, _NAMES, _BARS, _MARGIN = 22, 520, 320, 16
_MOST = 2.0
"""Bars end at so many times what is allowed."""
_HOLDS, _MISSED, _INK, _FAINT, _TRACK = "#2A9D6F", "#D1495B", "#1F272D", "#5F7281", "#E8EDF1"
_FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def picture(checks: Mapping[str, Sequence[Check]]) -> str:
    """Draw how much of what each target allows is used, one bar each.

    Args:
        checks: Workload -> its targets.
    """
    rows = [(name, check) for name, of_workload in checks.items() for check in of_workload]
    width, height = _NAMES + _BARS + 100, 56 + _ROW * len(rows) + _MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(_MARGIN, 24, "Used of what each target allows", _INK, "font-weight='600'"),
    ]
    line = _NAMES + _BARS / _MOST
    bottom = height - _MARGIN
    for number, (name, check) in enumerate(rows):
        parts += _row(56 + _ROW * number, name, check)
    parts += [
        f'<line x1="{line}" x2="{line}" y1="44" y2="{bottom}" stroke="{_INK}" stroke-width="1"/>',
        _text(line, 38, "target", _FAINT, "text-anchor='middle'"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(top: int, name: str, check: Check) -> list[str]:
    length = _BARS * min(check.share, _MOST) / _MOST
    colour = _HOLDS if check.holds else _MISSED
    middle = top + 11
    unit = f" {check.unit}" if check.unit else ""
    return [
        _text(_MARGIN, middle, f"{name}  {check.what.replace('`', '')}", _INK),
        f'<rect x="{_NAMES}" y="{top}" width="{_BARS}" height="14" fill="{_TRACK}"/>',
        f'<rect x="{_NAMES}" y="{top}" width="{length:.1f}" height="14" fill="{colour}"/>',
        _text(_NAMES + _BARS + 8, middle, f"{check.measured:.3g}{unit}", _FAINT),
    ]


def _text(x: float, y: float, words: str, colour: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" {more}>{escape(words)}</text>'
