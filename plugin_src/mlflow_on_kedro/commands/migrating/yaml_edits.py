"""Change entries of a YAML file by the smallest edits of its text; all else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..setup.python_edits import Edit
from .yaml_tree import MERGE, Item, Node, YamlText, dumped, load


class _CannotEditError(Exception):
    """The place is written in a way that has to be written anew."""


def with_entries(text: str, entries: Mapping[str, Any]) -> str:
    r"""Replace entries of a YAML file; comments, order and all other entries stay.

    Args:
        text: The file's text, without a byte order mark.
        entries: Names of entries that are in the file, and what they are to be.

    Raises:
        YamlError: The text cannot be edited.

    Example:
        >>> with_entries("a:  # one\n  data_set: {x: 1}\n", {"a": {"dataset": {"x": 1}}})
        'a:  # one\n  dataset: {x: 1}\n'
    """
    before = YamlText(text)
    wanted = {**before.data, **entries}
    # Through an anchor, later entries have content of an earlier one.
    for name in [item.name for item in before.root.items if item.has_anchor]:
        text = _with_entry(text, name, wanted)
    now = YamlText(text)
    changed = [name for name in wanted if now.data.get(name) != wanted[name]]
    edits = [edit for name in changed for edit in _entry_edits(now, name, wanted[name])]
    text = applied(text, edits)
    found = load(text) or {}
    for name in [name for name in changed if found.get(name) != wanted[name]]:
        text = _with_entry(text, name, wanted, anew=True)
    return text


def with_content(text: str, content: Mapping[str, Any]) -> str:
    r"""Change a YAML file so that it has a content; what is the same in both stays.

    Example:
        >>> with_content("a: 1  # one\nb: 2\n", {"a": 1, "c": {"d": 3}})
        'a: 1  # one\nc:\n  d: 3\n'
    """
    before = YamlText(text)
    if not before.root.items:
        return text + (dumped(content, is_flow=False) + "\n" if content else "")
    return applied(text, _Edits(before).of_mapping(before.root, before.data, content))


def applied(text: str, edits: list[Edit]) -> str:
    """Return a text with edits, which must not overlap; what is inserted comes first."""
    parts, place = [], 0
    line_break = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[place : edit.start], edit.text.replace("\n", line_break)]
        place = max(place, edit.end)
    return "".join((*parts, text[place:]))


def _item(text: YamlText, name: str) -> Item:
    return next(item for item in text.root.items if item.name == name)


def _entry_edits(text: YamlText, name: str, wanted: Any) -> list[Edit]:
    item = _item(text, name)
    try:
        return _Edits(text).of_value(item, text.data[name], wanted)
    except _CannotEditError:
        return _new_entry(text, item, wanted)


def _with_entry(text: str, name: str, wanted: Mapping[str, Any], *, anew: bool = False) -> str:
    now = YamlText(text)
    if now.data.get(name) == wanted[name]:
        return text
    if not anew:
        found = applied(text, _entry_edits(now, name, wanted[name]))
        if load(found).get(name) == wanted[name]:
            return found
    return applied(text, _new_entry(now, _item(now, name), wanted[name]))


def _new_entry(text: YamlText, item: Item, wanted: Any) -> list[Edit]:
    """Write an entry anew; its comments come above it."""
    start, end = text.line_start(item.key.start), text.line_end(item.value.end)
    comments = [*text.comments_in(start, end), ""]
    anchor = f" &{item.value.anchor}" if item.value.anchor else ""
    key, _, rest = dumped({item.name: wanted}, is_flow=False).partition(":")
    return [Edit(start, end, "\n".join(comments) + f"{key}:{anchor}{rest}\n")]


class _Edits:
    """Finds the edits that make one value of another."""

    def __init__(self, text: YamlText) -> None:
        self._yaml = text
        self._text = text.text

    def of_value(self, item: Item, old: Any, new: Any) -> list[Edit]:
        """Return the edits for the value of an item."""
        node = item.value
        if old == new and type(old) is type(new):
            return []
        if node.kind == "mapping" and isinstance(old, Mapping) and isinstance(new, Mapping):
            return self.of_mapping(node, old, new)
        if node.kind == "scalar" and node.start == node.end:
            return [Edit(node.start, node.end, f" {dumped(new)}")]
        if node.kind == "alias" or node.is_flow or "\n" not in self._text[node.start : node.end]:
            return [Edit(node.start, node.end, self._like(node, new))]
        raise _CannotEditError

    def _like(self, node: Node, new: Any) -> str:
        """Write a value with the quotes of the present one."""
        quote = self._text[node.start : node.start + 1]
        if isinstance(new, str) and quote in {'"', "'"} and not {quote, "\\", "\n"} & set(new):
            return f"{quote}{new}{quote}"
        return dumped(new)

    def of_mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Edit]:
        """Return the edits for the keys of a mapping."""
        own = {item.name: item for item in node.items if item.name != MERGE}
        renamed = _renamed(old, new, own)
        kept = {name: renamed.get(name, name) for name in own if renamed.get(name, name) in new}
        inherited = {name for name in old if name not in own}
        removed = [item for name, item in own.items() if name not in kept]
        written = set(kept.values())
        added = {
            name: value
            for name, value in new.items()
            if name not in written and not (name in inherited and old[name] == value)
        }
        if inherited - new.keys():  # what a merged mapping has cannot be taken away
            removed += [item for item in node.items if item.name == MERGE]
            added = {name: value for name, value in new.items() if name not in written}
        edits = []
        for name, here in kept.items():
            item = own[name]
            if here != name:
                edits.append(Edit(item.key.start, item.key.end, self._like(item.key, here)))
            edits += self._value_edits(node, item, old[name], new[here])
        own_by_new = {here: own[name] for name, here in kept.items()}
        change = self._flow_changes if node.is_flow else self._block_changes
        return edits + change(node, removed, added, list(new), own_by_new)

    def _value_edits(self, node: Node, item: Item, old: Any, new: Any) -> list[Edit]:
        try:
            return self.of_value(item, old, new)
        except _CannotEditError:
            if node.is_flow or item.value.anchor:
                raise
        start, end = self._lines(item)
        key = self._text[item.key.start : item.key.end]
        block = self._block(self._indent(item), key, new)
        return [Edit(start, end, self._comments(item) + block)]

    # -- in block style ---------------------------------------------------------------------------

    def _block_changes(
        self,
        node: Node,
        removed: list[Item],
        added: Mapping[str, Any],
        order: list[str],
        own: Mapping[str, Item],
    ) -> list[Edit]:
        if not removed and not added:
            return []
        if not node.items:
            raise _CannotEditError
        edits = [Edit(*self._lines(item), self._comments(item)) for item in removed]
        indent = self._indent(node.items[0])
        places: dict[int, str] = {}
        for name, value in added.items():
            before = _before(node, name, order, own)
            if before:
                _, place = self._lines(before[-1])
            else:
                place, _ = self._lines(node.items[0])
            places[place] = places.get(place, "") + self._block(indent, dumped(name), value)
        for place, text in places.items():
            is_open = place == len(self._text) and not self._text.endswith("\n")
            edits.append(Edit(place, place, f"\n{text.rstrip()}" if is_open else text))
        return edits

    def _lines(self, item: Item) -> tuple[int, int]:
        """Return where an item's lines begin and end."""
        start = self._yaml.line_start(item.key.start)
        if self._text[start : item.key.start].strip():
            raise _CannotEditError
        return start, self._yaml.line_end(item.value.end)

    def _comments(self, item: Item) -> str:
        """Return the comments in an item's lines, each on a line of its own."""
        texts = self._yaml.comments_in(*self._lines(item))
        return "".join(f"{self._indent(item)}{text}\n" for text in texts)

    def _indent(self, item: Item) -> str:
        return self._text[self._yaml.line_start(item.key.start) : item.key.start]

    @staticmethod
    def _block(indent: str, key: str, value: Any) -> str:
        if isinstance(value, Mapping) and value:
            lines = [f"{key}:", *(f"  {x}" for x in dumped(value, is_flow=False).splitlines())]
        else:
            lines = [f"{key}: {dumped(value)}"]
        return "".join(f"{indent}{line}\n" for line in lines)

    # -- in flow style ----------------------------------------------------------------------------

    def _flow_changes(
        self,
        node: Node,
        removed: list[Item],
        added: Mapping[str, Any],
        order: list[str],
        own: Mapping[str, Item],
    ) -> list[Edit]:
        edits = []
        rest = [item for item in node.items if item not in removed]
        for number, item in enumerate(node.items):
            if item not in removed:
                continue
            if not rest:
                edits = [self._without(node.items[0].key.start, node.items[-1].value.end)]
            elif any(other in rest for other in node.items[number + 1 :]):
                edits.append(self._without(item.key.start, node.items[number + 1].key.start))
            else:
                edits.append(self._without(node.items[number - 1].value.end, item.value.end))
        places: dict[int, str] = {}
        for name, value in added.items():
            before = _before(node, name, order, own)
            place = before[-1].value.end if before else node.start + 1
            text = f"{dumped({name: value})[1:-1]}"
            glue = f", {text}" if before else f"{text}, " if rest else text
            if not before and not rest and place in places:
                glue = f", {text}"
            places[place] = places.get(place, "") + glue
        return edits + [Edit(place, place, text) for place, text in places.items()]

    def _without(self, start: int, end: int) -> Edit:
        """Remove a text, but not the comments in it."""
        comments = self._yaml.comments_in(start, end)
        if not comments:
            return Edit(start, end, "")
        last_line = self._text[self._text.rindex("\n", start, end) + 1 : end]
        indent = last_line[: len(last_line) - len(last_line.lstrip())]
        gap = "" if self._text[start - 1].isspace() else "  "
        return Edit(start, end, gap + "".join(f"{comment}\n{indent}" for comment in comments))


def _before(node: Node, name: str, order: list[str], own: Mapping[str, Item]) -> list[Item]:
    """Return the items after which an added one comes: those before it, or a merged mapping."""
    found = [own[one] for one in order[: order.index(name)] if one in own]
    return found or [item for item in node.items if item.name == MERGE]


def _renamed(
    old: Mapping[str, Any], new: Mapping[str, Any], own: Mapping[str, Item]
) -> dict[str, str]:
    """Find the keys that have another name; their values are the same, or similar mappings."""
    found: dict[str, str] = {}
    for here in (name for name in new if name not in old):
        for name in (one for one in own if one not in new and one not in found):
            if _are_alike(old.get(name), new[here]):
                found[name] = here
                break
    return found


def _are_alike(old: Any, new: Any) -> bool:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return not old.keys().isdisjoint(new)
    return bool(old == new) and type(old) is type(new) and not isinstance(old, bool | None)
