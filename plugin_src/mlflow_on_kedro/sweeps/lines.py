"""What the user reads of a sweep: in the terminal, and as the description of its run."""

from __future__ import annotations

from typing import Any

from .combination import SHARED, Result
from .plan import Plan
from .report import Outcome, metric_names
from .space import grid, label
from .sweep_folder import SweepFolder

_SHOWN = 20
_LONGEST = 300


def of_result(result: Result, total: int, metric: str | None, *, is_best: bool) -> str:
    """Return the line that is printed when a combination has ended.

    Args:
        result: Its result.
        total: How many combinations there are.
        metric: The metric by which they are compared.
        is_best: Whether it is the best so far.

    Example:
        >>> done = Result("0002", "C=1", {"C": 1}, "FINISHED", "ab", {"f1": 0.91}, 2.51)
        >>> of_result(done, 12, "f1", is_best=True)
        ' 2 of 12  FINISHED    2.5 s  f1 0.91  C=1  (best so far)'
    """
    place = SHARED if result.key == SHARED else f"{int(result.key):>{len(str(total))}} of {total}"
    words = [place, f"{result.status:<8}", f"{result.seconds:5.1f} s"]
    value = (result.metrics or {}).get(metric or "")
    if value is not None:
        words.append(f"{metric} {value:.6g}")
    if result.key != SHARED:
        words.append(result.name)
    if is_best:
        words.append("(best so far)")
    if result.error:
        words.append(result.error.splitlines()[0][:_LONGEST])
    return "  ".join(words)


def of_outcome(outcome: Outcome, plan: Plan, folder: SweepFolder) -> list[str]:
    """Return the lines that are printed when all combinations have ended."""
    results = outcome.results
    finished = len(results) - outcome.failed
    lines = [f"{finished} of {outcome.total} combinations have finished, {outcome.failed} failed."]
    if outcome.failed:
        first = next(one for one in results if not one.is_finished)
        lines += [
            f"The log of the first that failed: {folder.log_file(first.key)}",
            "To run those that failed again: kedro mlflow sweep --resume",
        ]
    best = outcome.best
    if best is not None and best.metrics is not None and plan.metric is not None:
        value = best.metrics[plan.metric]
        lines += [
            f"Best: {best.name}, with {plan.metric} {value:.6g} (run {best.run_id})",
            f"Its files: {folder.files(best.key)}",
        ]
    elif plan.metric is None and (names := metric_names(results)):
        lines.append(
            f"To know the best one: kedro mlflow sweep --resume --optimize metrics.{names[0]}"
        )
    return lines


def of_plan(plan: Plan) -> str:
    """Return what ``--dry-run`` prints."""
    if plan.entry.trials is None:
        combinations = grid(plan.space)
        lines = [f"{len(combinations)} combinations:"]
        lines += [f"  {label(values)}" for values in combinations[:_SHOWN]]
        if len(combinations) > _SHOWN:
            lines.append(f"  … and {len(combinations) - _SHOWN} more")
    else:
        lines = [f"{plan.entry.trials} combinations that Optuna chooses."]
    once = ", ".join(node.name for node in plan.split.shared.nodes)
    each = ", ".join(node.name for node in plan.split.swept.nodes)
    return "\n".join(
        [
            *lines,
            f"Nodes that run once: {once or 'none'}",
            f"Nodes that run for each combination: {each}",
        ]
    )


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Return what ``--dry-run --json`` prints."""
    return {
        "combinations": grid(plan.space) if plan.entry.trials is None else None,
        "trials": plan.entry.trials,
        "shared_nodes": [node.name for node in plan.split.shared.nodes],
        "nodes": [node.name for node in plan.split.swept.nodes],
    }


def description(plan: Plan, outcome: Outcome) -> str:
    """Write the description of the sweep's run, in Markdown."""
    names = ", ".join(f"`{name}`" for name in plan.space)
    lines = [f"A sweep of {names} over the pipeline `{plan.setup.pipeline}`."]
    if outcome.results:
        lines.append(
            f"{len(outcome.results)} of {outcome.total} combinations have run, each in a child "
            f"run; {outcome.failed} failed. All are in the artifacts: `sweep.html` draws them, and "
            "`sweep.json` is their table."
        )
    best = outcome.best
    if best is not None and best.metrics is not None and plan.metric is not None:
        lines.append(
            f"**Best:** `{best.name}`, with {plan.metric} = {best.metrics[plan.metric]:.6g}."
        )
    return "\n\n".join(lines)
