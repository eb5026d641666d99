"""The HTML page that shows a figure of Plotly, but for plotly.js."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from .plotly_js import PLACEHOLDER

_ASSETS = Path(__file__).with_name("assets")


def plotly_page(title: str, content: Mapping[str, Any], script: str, *, controls: str = "") -> str:
    """Make a page; plotly.js has to be added: see :func:`.plotly_js.with_plotly`.

    The content is in the page only as base64, so no name in it can be markup.

    Args:
        title: The page's title, as plain text.
        content: What the script draws, as plain data.
        script: The name of the script among the assets, without ``.js``.
        controls: HTML above the chart.

    Example:
        >>> page = plotly_page("a & b", {"data": []}, "sweep")
        >>> "<title>a &amp; b</title>" in page, PLACEHOLDER in page
        (True, True)
    """
    packed = gzip.compress(json.dumps(content).encode(), compresslevel=6, mtime=0)
    return Template(_read("page.html")).substitute(
        title=escape(title),
        controls=controls,
        content=base64.b64encode(packed).decode(),
        plotly=PLACEHOLDER,
        script=_read(f"{script}.js"),
    )


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
