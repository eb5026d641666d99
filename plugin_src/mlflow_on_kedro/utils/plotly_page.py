"""A page with a Plotly figure, without plotly.js, and with it: 4.8 MB that are the same in each."""

from __future__ import annotations

import importlib.util

LINK = '<script src="https://cdn.plot.ly/plotly-3.0.0.min.js" charset="utf-8"></script>'
"""What loads plotly.js into a page that has it not inside, where there is a network."""


def with_plotly(page: str) -> str:
    """Put plotly.js into a page, which then needs nothing beside it.

    Args:
        page: A page with :data:`LINK` in it. Where plotly is not installed it stays as it is.

    Example:
        >>> with_plotly("<p>no figure</p>")
        '<p>no figure</p>'
    """
    before, link, after = page.partition(LINK)
    if not link or importlib.util.find_spec("plotly") is None:
        return page
    from plotly.offline import get_plotlyjs

    return f"{before}<script>{get_plotlyjs()}</script>{after}"
