"""plotly.js, which each chart's page contains."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from importlib.resources import files

from mlflow_on_kedro.timeline import plotly_js

BUNDLE = "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"
"""SHA-256 of plotly-basic.min.js in the npm package plotly.js-basic-dist-min 4.1.1."""


def test_it_is_what_plotly_has_published() -> None:
    """The page has the bundle unchanged, with its version and licence."""
    page = plotly_js.with_plotly(f"<p>{plotly_js.PLACEHOLDER}</p>")

    (packed,) = re.findall(r'<script type="text/plain" id="plotly">(.+)</script>', page)
    source = gzip.decompress(base64.b64decode(packed))
    assert hashlib.sha256(source).hexdigest() == BUNDLE
    assert source.startswith(b"/**\n* plotly.js (basic - minified) v4.1.1")
    assert "plotly.js 4.1.1, https://github.com/plotly/plotly.js" in page
    assert "Permission is hereby granted, free of charge" in page
    assert page.endswith("</script></p>")


def test_a_page_of_an_earlier_version() -> None:
    """A page that waits in an old journal gets plotly.js as its script expects it."""
    link = '<script src="https://cdn.plot.ly/plotly-3.0.0.min.js" charset="utf-8"></script>'
    page = plotly_js.with_plotly(f"<head>{link}</head>")

    assert "cdn.plot.ly/plotly-3" not in page.split("<script>")[0]
    assert "<script>/**\n* plotly.js (basic" in page
    assert page.endswith("</script></head>")


def test_the_readme_beside_it_names_the_version() -> None:
    """Who looks into the folder finds where the bundle is from."""
    assets = files("mlflow_on_kedro.timeline") / "assets"
    (bundle,) = [item.name for item in assets.iterdir() if item.name.endswith(".gz")]

    assert bundle in (assets / "README.md").read_text(encoding="utf-8")
