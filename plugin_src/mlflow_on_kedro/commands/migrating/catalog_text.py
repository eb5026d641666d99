"""Rewrite the entries of a catalog file that are written for other plugins."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from ...compat import kedro_names
from ...compat.entry_change import EntryChange
from ...compat.kedro_mlflow.catalog_entries import DATASET, MODEL_DATASET
from ...datasets.mlflow_dataset import MLflowDataset
from ...datasets.model_dataset import MLflowModelDataset
from ..setup.python_edits import Edit
from .findings import MARK, Rewritten
from .sources import SOURCES, Source
from .yaml_edits import applied, with_entries
from .yaml_tree import MERGE, YamlText, entries_of

_ARGUMENTS = {
    DATASET: {"type", "versioned", *inspect.signature(MLflowDataset).parameters},
    MODEL_DATASET: {"type", *inspect.signature(MLflowModelDataset).parameters},
}
"""What an entry of each class may have."""


def rewritten(
    text: str, sources: Sequence[Source] = SOURCES, *, is_old_kedro: bool = False
) -> Rewritten:
    r"""Rewrite a catalog file.

    An entry that cannot be translated stays, with a comment above it. In a file that has such
    entries, Kedro's own get the names that they have since Kedro 1.0, which refuses the others.

    Args:
        text: The file's text, without a byte order mark.
        sources: The plugins whose entries are translated.
        is_old_kedro: The project is of before Kedro 1.0, so Kedro's own entries are rewritten in
            files without others, too.

    Raises:
        YamlError: The text cannot be edited.

    Example:
        >>> old = "f1:  # the score\n  type: kedro_mlflow.io.metrics.MlflowMetricDataset\n"
        >>> print(rewritten(old).text, end="")
        f1:  # the score
          type: mlflow_on_kedro.MLflowDataset
          dataset: m
    """
    found = Rewritten(text)
    entries: dict[str, Any] = {}
    notes: list[tuple[str, str]] = []
    problems: dict[str, str] = {}
    given = entries_of(text)
    for name, entry in given.items():
        if not isinstance(entry, Mapping):
            continue
        for source in sources:
            try:
                change = _translated(source, str(name), entry)
            except ValueError as error:
                problems[name] = str(error).partition(" It has: ")[0]
                found.uses.add(source.name)
                continue
            if change is not None:
                entry = entries[name] = change.entry  # noqa: PLW2901 - the next has it translated
                notes += [(name, note) for note in change.notes]
                found.uses.add(source.name)
    if not found.uses and not is_old_kedro:
        return found
    for name in [one for one in given if one not in entries and one not in problems]:
        _add_modern(name, given[name], entries, problems)
    problems = _without_inherited(text, problems)
    found.text = _with_comments(with_entries(text, entries), problems)
    left = [*notes, *problems.items()]
    if left:
        after = YamlText(found.text)
        lines = {item.name: after.line_number(item.key.start) for item in after.root.items}
        found.findings = [(lines[name], note) for name, note in left]
    return found


def _translated(source: Source, name: str, entry: Mapping[str, Any]) -> EntryChange | None:
    """Translate an entry; see :class:`.Source`."""
    change = source.entry(name, entry)
    known = None if change is None else _ARGUMENTS.get(str(change.entry.get("type")))
    if change is not None and known is not None and change.entry.keys() - known:
        cls = str(entry.get("type")).rpartition(".")[2]
        names = ", ".join(repr(one) for one in change.entry if one not in known)
        raise ValueError(f"{cls} has no argument {names}. Correct it, or take it out.")
    return change


def _add_modern(name: str, entry: Any, entries: dict[str, Any], problems: dict[str, str]) -> None:
    """Add an entry of Kedro's own with its present names, if it has others."""
    if isinstance(entry, Mapping) and kedro_names.is_of_before_1_0(entry):
        try:
            entries[name] = kedro_names.modern(entry)
        except ValueError as error:
            problems[name] = str(error)


def _without_inherited(text: str, problems: Mapping[str, str]) -> dict[str, str]:
    """Leave out entries that have a problem only through an anchor, where it is said already."""
    if len(set(problems.values())) == len(problems):
        return dict(problems)
    merging = {
        item.name
        for item in YamlText(text).root.items
        if {MERGE} & (names := {below.name for below in item.value.items}) and "type" not in names
    }
    first = {message: name for name, message in reversed([*problems.items()])}
    return {
        name: message
        for name, message in problems.items()
        if name not in merging or first[message] == name
    }


def _with_comments(text: str, problems: Mapping[str, str]) -> str:
    if not problems:
        return text
    now = YamlText(text)
    edits = []
    for item in now.root.items:
        place = now.line_start(item.key.start)
        comment = f"{MARK}{problems.get(item.name)}\n"
        if item.name in problems and not text[:place].replace("\r\n", "\n").endswith(comment):
            edits.append(Edit(place, place, comment))
    return applied(text, edits)
