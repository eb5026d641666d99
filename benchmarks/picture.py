"""The targets as a Plotly figure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import plotly.graph_objects as go

from .measure import Check

_MOST = 2.0
"""Bars end at so many times what is allowed."""
_HOLDS, _MISSED, _INK, _GRID = "#2A9D6F", "#D1495B", "#1F272D", "#E8EDF1"
_ROW, _WIDTH = 24, 1000


def figure(checks: Mapping[str, Sequence[Check]]) -> go.Figure:
    """Draw how much of what each target allows is used, one bar each.

    Args:
        checks: Workload -> its targets.
    """
    rows = [(name, check) for name, of_workload in checks.items() for check in of_workload]
    chart = go.Figure(
        go.Bar(
            orientation="h",
            y=[_label(name, check) for name, check in rows],
            x=[min(check.share, _MOST) for _, check in rows],
            marker={"color": [_HOLDS if check.holds else _MISSED for _, check in rows]},
        )
    )
    chart.add_vline(
        x=1, line={"color": _INK, "width": 1}, annotation_text="target", annotation_position="top"
    )
    chart.update_layout(
        title={"text": "Used of what each target allows", "font": {"size": 15}},
        font={"family": "Arial, sans-serif", "size": 12, "color": _INK},
        plot_bgcolor="#fff",
        width=_WIDTH,
        height=120 + _ROW * len(rows),
        margin={"t": 72, "b": 24, "l": 16, "r": 64},
        bargap=0.35,
        xaxis={"range": [0, _MOST], "tickformat": ".0%", "gridcolor": _GRID},
        yaxis={"autorange": "reversed", "automargin": True},
    )
    return chart


def _label(name: str, check: Check) -> str:
    measured = f"{check.measured:.3g} {check.unit}".strip()
    return f"{name}  {check.what.replace('`', '')}: <b>{measured}</b>"


def write(checks: Mapping[str, Sequence[Check]], path: Path) -> None:
    """Write the figure as an image, which GitHub shows as it is.

    Raises:
        Exception: Kaleido, Plotly's own way to write images, finds no browser or cannot start it.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is not None:
        os.environ.setdefault("BROWSER_PATH", browser)
    figure(checks).write_image(path)
