"""What the plugin prints of a run."""

from __future__ import annotations

from typing import Any

import pytest

NODES = """
from kedro.pipeline import node, pipeline

def train(n):
    if n < 0:
        raise ValueError("negative")
    return {"f1": 0.5}, {"rows": object()}

def create_pipeline():
    return pipeline([node(train, "params:n", ["scores", "rows"], name="train")])
"""


@pytest.mark.parametrize("n", [1, -1])
def test_at_most_three_lines(make_project: Any, messages: list[str], n: int) -> None:
    """Its name when it begins, what was logged and what not, and how it ended."""
    project = make_project(NODES, parameters={"n": n}, mlflow={"run": {"name": "first"}})
    if n > 0:
        project.session_run()
    else:
        with pytest.raises(ValueError, match="negative"):
            project.session_run()
    logged = [text for text in messages if text.startswith("Logged ")]
    ended = [text for text in messages if "first ended as" in text]
    assert (len(logged), len(ended)) == (1, 1)
    assert len(messages) <= 3, messages
    if n > 0:
        assert "1 metric, 1 param" in logged[0]
        assert "Not logged: rows.rows (object)" in logged[0]
