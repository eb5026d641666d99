"""The description of a run: Markdown, with a table of the pipeline where the user wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.sections import DESCRIPTION_PLACEHOLDER
from ..utils.mlflow_limits import MAX_TAG_LENGTH

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

ARTIFACT = "description.md"
_CUT = f"\n\n*… the whole is in the artifact {ARTIFACT}.*"


def describe(text: str, pipeline: Pipeline) -> str:
    """Put a table of the pipeline's nodes in the place of ``{pipeline}``.

    Args:
        text: Markdown.
        pipeline: What runs.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> print(describe("{pipeline}", pipeline([node(len, "wines", "count", name="count")])))
        | | Node | From | To |
        |---:|---|---|---|
        | 1 | `count` | `wines` | `count` |
    """
    if DESCRIPTION_PLACEHOLDER not in text:
        return text
    # Markdown takes it for a table between empty lines only.
    parts = [part.strip("\n") for part in text.split(DESCRIPTION_PLACEHOLDER)]
    return f"\n\n{table(pipeline)}\n\n".join(parts).strip("\n")


def table(pipeline: Pipeline) -> str:
    """Draw a pipeline as a Markdown table: a row for each node, in the order of the run."""
    rows = [_row(number, node) for number, node in enumerate(pipeline.nodes, start=1)]
    return "\n".join(["| | Node | From | To |", "|---:|---|---|---|", *rows])


def within_limit(text: str) -> str:
    """Cut a description at a line's end where MLflow would not take the whole; say where that is.

    Args:
        text: Markdown.
    """
    if len(text) <= MAX_TAG_LENGTH:
        return text
    room = text[: MAX_TAG_LENGTH - len(_CUT)]
    head, end, _ = room.rpartition("\n")
    return (head if end else room) + _CUT


def _row(number: int, node: Node) -> str:
    cells = [_names([node.name]), _names(node.inputs), _names(node.outputs)]
    return f"| {number} | {' | '.join(cells)} |"


def _names(names: list[str]) -> str:
    # A bar ends a cell also within code.
    return ", ".join(f"`{name}`" for name in names).replace("|", "\\|")
