"""The first line of a comparison: what has probably made the results differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..history.run_record import json_number
from ..utils.printable import one_line
from .comparison import OTHER_NODES
from .values import shown

if TYPE_CHECKING:
    from .comparison import Comparison
    from .differences import Section

_NAMED = 2
"""How many differences of a kind are named."""
_LENGTH = 60


def headline(found: Comparison) -> str:
    """Write the first line of a comparison."""
    causes = ", ".join(_cause(section) for section in found.likely)
    is_other = found.metrics.differs or found.outcome.differs
    unknown = [section.title.lower() for section in found.causes if section.missing]
    if causes and is_other:
        text = f"Likely cause{'s' if len(found.likely) > 1 else ''}: {causes}"
        has_other_nodes = any(item.title == OTHER_NODES for item in found.causes)
        is_named = any(item.title == OTHER_NODES for item in found.likely)
        return f"{text}; they also ran other nodes" if has_other_nodes and not is_named else text
    if causes:
        has_metrics = found.a.metrics and found.b.metrics
        return (
            f"{'The metrics are equal, but these differ' if has_metrics else 'Different'}: {causes}"
        )
    if not is_other:
        if any(section.differs for section in found.causes):
            return "Equal results; the files that differ should not change any."
        return "No difference in causes or results."
    if unknown:
        return (
            "Unknown cause: the results differ, all that both runs have recorded is equal, and "
            f"these are not recorded in both: {', '.join(unknown)}"
        )
    return (
        "Unknown cause: the results differ, although all that is recorded is equal. Is there "
        "randomness without a fixed seed?"
    )


def _cause(section: Section) -> str:
    listed = [item for item in section.differences if item.is_cause]
    first = [_name(section, item) for item in listed[:_NAMED]]
    rest = len(listed) - len(first)
    names = ", ".join(first) + (f" and {rest} more" if rest else "")
    return f"{section.title.lower()} ({names})"


def _name(section: Section, item: Any) -> str:
    name = one_line(str(item.name), _LENGTH)
    if section.title not in {"Parameters", "Packages", "Environment"}:
        return name
    return f"{name}: {' -> '.join(both(item, _LENGTH // 2))}"


def both(item: Any, length: int) -> tuple[str, str]:
    """Write what two runs have, so that they look different."""
    texts = (shown(item.before, length), shown(item.after, length))
    if texts[0] != texts[1]:
        return texts
    return one_line(repr(item.before), length), one_line(repr(item.after), length)


def json_of(found: Comparison) -> dict[str, Any]:
    """Return a comparison for JSON."""
    return {
        "headline": headline(found),
        "a": _run(found.a),
        "b": _run(found.b),
        "causes": [_section(section) for section in found.causes],
        **{section.title.lower().replace(" ", "_"): _section(section) for section in found.results},
    }


def _run(run: Any) -> Mapping[str, Any]:
    names = ("run_id", "name", "status", "start_ms", "command")
    return {name: getattr(run, name) for name in names}


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "differs": section.differs,
        "is_likely_cause": section.differs and section.is_cause,
        "not_recorded_in": section.missing.split(" and ") if section.missing else [],
        "differences": list(_differences(section)),
        "notes": list(section.notes),
    }


def _differences(section: Section) -> Iterable[dict[str, Any]]:
    for item in section.differences:
        found = {"name": item.name, "a": _plain(item.before), "b": _plain(item.after)}
        yield {**found, "lines": list(item.lines)} if item.lines else found


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return json_number(value)
    return value if value is None or isinstance(value, bool | int | str) else shown(value)
