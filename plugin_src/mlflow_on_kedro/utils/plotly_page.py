"""Add plotly.js to an HTML page with a Plotly figure: 4.8 MB that are the same in each page."""

from __future__ import annotations

import importlib.util

LINK = '<script src="https://cdn.plot.ly/plotly-3.0.0.min.js" charset="utf-8"></script>'
"""The element that loads plotly.js from the network, in a page that does not contain it."""


def with_plotly(page: str) -> str:
    """Put plotly.js into a page, which then needs no other file.

    Args:
        page: A page that contains :data:`LINK`. It is unchanged if plotly is not installed.

    Example:
        >>> with_plotly("<p>no figure</p>")
        '<p>no figure</p>'
    """
    before, link, after = page.partition(LINK)
    if not link or importlib.util.find_spec("plotly") is None:
        return page
    from plotly.offline import get_plotlyjs

    return f"{before}<script>{get_plotlyjs()}</script>{after}"
