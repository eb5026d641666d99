"""What a rerun says before and after it: differences, parameters, code and metrics, in lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..comparing.code_changes import files_of_diff
from ..comparing.comparison import Comparison
from ..comparing.plain_text import section_lines
from ..comparing.run_facts import RunFacts
from ..history.texts import number
from ..utils.nested import flatten
from ..utils.printable import one_line
from .passed_parameters import PassedParameters
from .recorded_command import RecordedCommand
from .worktree import Worktree

_MOST_NAMES = 10


def names(found: Iterable[str]) -> str:
    """List names in one line, of very many the first ones.

    Example:
        >>> names(f"p{count}" for count in range(12))
        'p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more'
    """
    listed = [one_line(name, 60) for name in found]
    rest = len(listed) - _MOST_NAMES
    return ", ".join(listed[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def differences(found: Comparison) -> Iterator[str]:
    """Yield what differs between a run and what will be run now."""
    differing = [section for section in found.causes if section.differs]
    if differing:
        yield "What differs now (that run -> now):"
    else:
        yield "No difference to that run is found."
    for section in differing:
        yield section.title
        yield from section_lines(section)
    unknown = [section.title.lower() for section in found.causes if "A" in section.missing]
    if unknown:
        yield f"That run has not recorded: {', '.join(unknown)}"


def parameters(
    facts: RunFacts, passed: PassedParameters, command: RecordedCommand
) -> Iterator[str]:
    """Yield which parameters are passed, and which are not."""
    if facts.parameters is None:
        yield "Its parameters are not recorded: those of its command and the present ones are used."
    values = list(flatten("", passed.values)) if passed.values else []
    if values:
        shown = ", ".join(f"{name}={one_line(str(item), 40)}" for name, item in values)
        yield f"Parameters that are passed: {one_line(shown, 500)}"
    hidden = dict.fromkeys([*command.masked, *passed.kept])
    if hidden:
        yield f"Masked in MLflow, so their present values are used: {names(hidden)}"
    if command.has_settings:
        yield "Keys of mlflow.yml in its command (--params mlflow.…) are not repeated."


def worktree(facts: RunFacts, made: Worktree) -> Iterator[str]:
    """Yield which code is in a worktree, and what of it is missing."""
    code = facts.code
    if code is None:
        return
    yield f"Code: commit {code.short}, in {made.root}"
    if changed := files_of_diff(code.diff or ""):
        yield f"  the recorded changes are applied, to {names(changed)}"
    if code.is_masked:
        yield "  secrets in these changes are masked: their lines have *** instead"
    left_out = [*code.left_out, *(["further files"] if code.is_cut else [])]
    if left_out:
        yield f"  changes that were not recorded: {names(left_out)}"
    if missing := made.missing(facts):
        yield f"  not there any more: {names(missing)}"


def lost_code(files: Iterable[str]) -> str:
    """Write the message for Python files of the run that nobody has any more."""
    return (
        f"--worktree: the run could import {names(files)}, which git did not track, so MLflow has "
        "no more than the name; and it is not in the project any more. Nothing was run. Put it "
        "back, as an empty file if the nodes do not need it."
    )


def metrics(found: Comparison) -> Iterator[str]:
    """Yield how the metrics of the new run differ."""
    values = found.a.metrics
    if found.metrics.differs:
        yield "Metrics (that run -> new run)"
        yield from section_lines(found.metrics)
        rest = sum(name in found.b.metrics for name in values) - sum(
            item.name in values and item.name in found.b.metrics
            for item in found.metrics.differences
        )
        if rest:
            yield f"  {rest} other metrics are equal"
    elif values:
        shown = [f"{name} {number(value)}" for name, value in values.items()]
        yield f"All {len(values)} metrics are equal: {names(shown)}"
    else:
        yield "Neither run has a metric of its own."
