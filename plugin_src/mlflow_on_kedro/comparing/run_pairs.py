"""Compares two runs in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import code_changes
from .comparison import Comparison, compare
from .reading import ENV_PREFIX, facts_of

if TYPE_CHECKING:
    from ..tracking.finding import Runs


def compare_runs(
    runs: Runs, a: Any, b: Any, root: Path, env_prefix: str = ENV_PREFIX
) -> Comparison:
    """Compare two runs.

    Args:
        runs: The runs of the project.
        a: The first run, MLflow's entity.
        b: The second run.
        root: The project's root, in a git repository with the commits of both.
        env_prefix: What the names of logged environment variables begin with.

    Raises:
        MLflowOnKedroError: MLflow cannot be reached.
    """
    first, second = (facts_of(runs, run, env_prefix) for run in (a, b))
    return compare(first, second, code_changes.read(root, first.code, second.code))
