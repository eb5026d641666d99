"""What is in the page of a Gantt chart."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any


def content_of(page: str) -> dict[str, Any]:
    """The figure of a page, and what its script needs beside."""
    (packed,) = re.findall(r'<script type="text/plain" id="content">(.*?)</script>', page)
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return content


def spans(page: str) -> dict[str, list[dict[str, Any]]]:
    """The bars of a chart's page by kind: label, begin and end in milliseconds."""
    return {
        trace["name"]: [
            {"label": re.sub("<.*?>|✕ ", "", label), "begin": begin, "end": begin + length}
            for label, begin, length in zip(trace["y"], trace["base"], trace["x"], strict=True)
        ]
        for trace in content_of(page)["data"]
        if trace.get("name") in ("load", "run", "save", "failed")
    }
