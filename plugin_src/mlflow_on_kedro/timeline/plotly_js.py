"""Add plotly.js to the page of a Gantt chart: half a megabyte that is the same in each page."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

PLACEHOLDER = '<script type="text/plain" id="plotly"></script>'
"""The element that plotly.js is put into, compressed."""

_VERSION = "4.1.1"
_ASSETS = Path(__file__).with_name("assets")
_OLD_LINK = '<script src="https://cdn.plot.ly/plotly-3.0.0.min.js" charset="utf-8"></script>'
"""The same in pages that earlier versions of this plugin have left in a journal."""


def with_plotly(page: str) -> str:
    """Put plotly.js into a page, which then needs no other file.

    Args:
        page: A page that contains :data:`PLACEHOLDER`; any other is unchanged.

    Example:
        >>> with_plotly("<p>no figure</p>")
        '<p>no figure</p>'
    """
    if PLACEHOLDER in page:
        packed = base64.b64encode(_bundle()).decode()
        return page.replace(
            PLACEHOLDER, f'{_notice()}<script type="text/plain" id="plotly">{packed}</script>', 1
        )
    if _OLD_LINK in page:
        source = gzip.decompress(_bundle()).decode()
        return page.replace(_OLD_LINK, f"{_notice()}<script>{source}</script>", 1)
    return page


def _bundle() -> bytes:
    return (_ASSETS / f"plotly-basic-{_VERSION}.min.js.gz").read_bytes()


def _notice() -> str:
    licence = (_ASSETS / "plotly.js-LICENSE.txt").read_text(encoding="utf-8")
    return f"<!--\nplotly.js {_VERSION}, https://github.com/plotly/plotly.js\n\n{licence}-->\n"
