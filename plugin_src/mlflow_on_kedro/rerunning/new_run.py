"""Finds the run in MLflow that a rerun has just made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..comparing.run_facts import RunFacts
from ..mlflow_internals.tags import GIT_COMMIT
from ..runs.provenance import RERUN_TAG
from ..tracking.finding import NEWEST_FIRST, is_below
from ..tracking.hidden_tags import RERUN_TOKEN_TAG

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_CANDIDATES = 20


def find_new_run(
    runs: Runs, experiments: Sequence[str], origin: RunFacts, token: str, start_ms: int
) -> Any | None:
    """Return the run, MLflow's entity; None: it is not in MLflow, or not yet.

    Args:
        runs: The runs of the project.
        experiments: The ids of experiments in which it may be, beside the project's.
        origin: The facts of the run that it repeats.
        token: What the new run was given to be found by.
        start_ms: When it was started, in milliseconds since the epoch.

    Raises:
        MLflowOnKedroError: MLflow cannot be reached.
    """
    ids = list(dict.fromkeys([*experiments, *runs.experiment_ids()]))
    filter_string = f"attributes.start_time >= {start_ms}"

    def search() -> Any:
        return runs.client.search_runs(
            ids, filter_string, max_results=_CANDIDATES, order_by=list(NEWEST_FIRST)
        )

    found = [run for run in runs.request(search) if not is_below(run)]
    for run in found:
        if run.data.tags.get(RERUN_TOKEN_TAG) == token:
            return run
    # A project's own copy of the plugin may be older, and know nothing of reruns.
    commit = origin.code.commit if origin.code is not None else ""
    same = [
        run
        for run in found
        if RERUN_TAG not in run.data.tags and run.data.tags.get(GIT_COMMIT, "") == commit
    ]
    if len(same) != 1:
        return None
    (run,) = same
    runs.request(lambda: runs.client.set_tag(run.info.run_id, RERUN_TAG, origin.run_id))
    return run
