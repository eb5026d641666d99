"""What the user reads of a sweep: in the terminal, and as the description of its run."""

from __future__ import annotations

from typing import Any

from .combination import SHARED, Result
from .plan import Plan
from .ranking import Goal, Group, Ranking
from .report import Outcome, metric_names
from .space import grid, label
from .sweep_folder import SweepFolder

_SHOWN = 20
_LONGEST = 300


def of_result(result: Result, total: int, goal: Goal, best: Group | None) -> str:
    """Return the line that is printed when a combination has ended.

    Args:
        result: Its result.
        total: How many combinations there are.
        goal: By what they are compared.
        best: The best group so far, if it belongs to that.

    Example:
        >>> done = Result("0002", "C=1", {"C": 1}, "FINISHED", "ab", {"f1": 0.91}, 2.51)
        >>> of_result(done, 12, Goal("f1"), Group(done.values, [done], {"f1": 0.91}, 0.91))
        ' 2 of 12  FINISHED    2.5 s  f1 0.91  C=1  (best so far)'
    """
    place = SHARED if result.key == SHARED else f"{int(result.key):>{len(str(total))}} of {total}"
    words = [place, f"{result.status:<8}", f"{result.seconds:5.1f} s"]
    value = (result.metrics or {}).get(goal.metric or "")
    if value is not None:
        words.append(f"{goal.metric} {value:.6g}")
    if result.key != SHARED:
        words.append(result.name)
    if best is not None:
        which = f"{label(best.values)} is the " if goal.over else ""
        words.append(f"({which}best so far)")
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
            "To run those that failed again, once the cause is fixed: kedro mlflow sweep --resume",
        ]
    best = outcome.ranking.best
    if best is not None:
        lines.append(f"Best: {_best(outcome.ranking, plan.goal)}")
        if len(best.results) == 1:
            lines.append(f"Its files: {folder.files(best.results[0].key)}")
        else:
            lines += _means(outcome.ranking, plan.goal)
    elif plan.goal.over and results:
        lines.append(
            f"There is no best one: no group that differs only in {', '.join(plan.goal.over)} has "
            f"finished all of its {plan.goal.size} combinations."
        )
    elif plan.metric is None and (names := metric_names(results)):
        lines.append(
            f"To know the best one: kedro mlflow sweep --resume --optimize metrics.{names[0]}"
        )
    return lines


def _best(ranking: Ranking, goal: Goal) -> str:
    """Return which combination or group is the best, and why."""
    best = ranking.groups[0]
    which = label(best.values)
    reason = f"with {goal.metric} {_mean(best)}"
    run = f" (run {best.results[0].run_id})" if len(best.results) == 1 else ""
    if goal.over:
        several = "values" if len(goal.over) == 1 else "combinations"
        reason += f" over {goal.size} {several} of {', '.join(goal.over)}"
        reason += " (mean ± standard deviation)" if best.spread is not None else ""
    if ranking.ties == 1:
        return f"{which}, {reason}{run}"
    what = "groups" if goal.over else "combinations"
    return f"{ranking.ties} {what} are equally good, {reason}; the first is {which}{run}"


def _mean(group: Group) -> str:
    spread = f" ± {group.spread:.2g}" if group.spread is not None else ""
    return f"{group.score:.6g}{spread}"


def _means(ranking: Ranking, goal: Goal) -> list[str]:
    """Return the mean of each group, the best first."""
    groups = ranking.groups
    names = [label(group.values) for group in groups[:_SHOWN]]
    longest = max(map(len, names))
    shown = zip(names, groups, strict=False)
    lines = [f"Mean of {goal.metric}, the best first:"]
    lines += [f"  {name:<{longest}}  {_mean(group)}" for name, group in shown]
    if len(groups) > _SHOWN:
        lines.append(f"  … and {len(groups) - _SHOWN} more")
    if ranking.left_out:
        lines.append(
            f"  Left out: {ranking.left_out}, because not all {goal.size} combinations have "
            "finished."
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
    if outcome.ranking.best is not None:
        lines.append(f"**Best:** {_best(outcome.ranking, plan.goal)}.")
    return "\n\n".join(lines)
