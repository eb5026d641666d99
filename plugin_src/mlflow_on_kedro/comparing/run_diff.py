"""``RunDiff``: a comparison of two runs in MLflow that shows itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import chosen_nodes, code_changes
from .comparison import Comparison, compare
from .headline import json_of
from .html_page import html_of
from .plain_text import text_of
from .reading import ENV_PREFIX, facts_of

if TYPE_CHECKING:
    from ..tracking.finding import Runs
    from .run_facts import RunFacts


@dataclass(frozen=True, repr=False)
class RunDiff(Comparison):
    """What differs between two runs; in a terminal and in a notebook the likely cause is first."""

    @classmethod
    def from_comparison(cls, found: Comparison) -> RunDiff:
        """Make one of what was compared."""
        return cls(**{item.name: getattr(found, item.name) for item in fields(found)})

    def __repr__(self) -> str:
        return text_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values: the content of ``kedro mlflow diff --json``."""
        return json_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def compare_runs(runs: Runs, a: Any, b: Any, root: Path, env_prefix: str = ENV_PREFIX) -> RunDiff:
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
    if chosen_nodes.choice(first) != chosen_nodes.choice(second):
        first = with_shared_nodes(runs, a, first, env_prefix)
        second = with_shared_nodes(runs, b, second, env_prefix)
    changes = code_changes.read(root, first.code, second.code)
    return RunDiff.from_comparison(compare(first, second, changes))


def with_shared_nodes(
    runs: Runs, run: Any, facts: RunFacts, env_prefix: str = ENV_PREFIX
) -> RunFacts:
    """Add what a combination's sweep ran once; the facts of other runs stay as they are.

    Args:
        runs: The runs of the project.
        run: The run, MLflow's entity.
        facts: Its facts.
        env_prefix: What the names of logged environment variables begin with.

    Raises:
        MLflowOnKedroError: MLflow cannot be reached.
    """
    shared = chosen_nodes.shared_run(runs, run)
    return (
        facts if shared is None else chosen_nodes.joined(facts, facts_of(runs, shared, env_prefix))
    )
