"""The text of a YAML file with the positions of its keys, values and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\r\n]*", re.MULTILINE)
# A key that is a text whatever it is; YAML takes `on` and `no` for booleans, and `=` for a value.
_NAME = re.compile(r"<<|=|[A-Za-z_][\w.\-]{5,}|type")
MERGE = "<<"


class YamlError(ValueError):
    """A file that cannot be edited as YAML.

    Attributes:
        line: The line's number, from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Node:
    """A key or value: its characters are ``text[start:end]``.

    Attributes:
        kind: ``scalar``, ``mapping``, ``sequence`` or ``alias``.
        start: Where it begins, after its anchor and tag.
        end: Where it ends, without comments and blank lines that follow.
        is_flow: Whether it is written in brackets.
        value: The text that a scalar stands for.
        items: The items of a mapping.
        anchor: The name of its anchor.
        has_anchor: Whether it has an anchor, or something in it.
    """

    kind: str
    start: int
    end: int
    is_flow: bool = False
    value: str = ""
    items: list[Item] = field(default_factory=list)
    anchor: str | None = None
    has_anchor: bool = False


@dataclass
class Item:
    """A key of a mapping with its value.

    Attributes:
        name: The key, as it is in the file's values.
        key: The key's place.
        value: The value's place.
    """

    name: Any
    key: Node
    value: Node

    @property
    def has_anchor(self) -> bool:
        """Whether its value has an anchor, or something in it."""
        return self.value.has_anchor


class YamlText:
    r"""A YAML file of one document, which is a mapping.

    Args:
        text: The text, without a byte order mark.

    Raises:
        YamlError: The text is something else.

    Example:
        >>> found = YamlText("a:\n  b: 1  # one\n")
        >>> found.data, [found.text[at:end] for at, end in found.comments]
        ({'a': {'b': 1}}, ['# one'])
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = entries_of(text)
        self._scalars: list[tuple[int, int]] = []
        events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        first = next(events, None)
        self.root = (
            Node("mapping", 0, 0) if first is None else self._node(first, events)
        )  # an empty file
        if self.root.kind != "mapping":  # only `null`
            self.root = Node("mapping", 0, 0)
        self.comments = self._find_comments()

    def _node(self, event: Any, events: Iterator[Any]) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, value=str(event.anchor))
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            found = _PROPERTIES.match(self.text, start)
            start = min(found.end(), len(self.text)) if found else start
        if isinstance(event, yaml.ScalarEvent):
            end = start + len(self.text[start:end].rstrip())
            self._scalars.append((start, end))
            return Node(
                "scalar",
                start,
                end,
                value=event.value,
                anchor=event.anchor,
                has_anchor=bool(event.anchor),
            )
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node("mapping" if is_mapping else "sequence", start, end, bool(event.flow_style))
        node.anchor, node.has_anchor = event.anchor, event.anchor is not None
        for inner in events:
            if isinstance(inner, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                # In block style this is where the next token begins.
                mark: Any = inner.end_mark
                node.end = mark.index if node.is_flow else node.end
                break
            child = self._node(inner, events)
            if is_mapping:
                value = self._node(next(events), events)
                node.items.append(Item(self._name(child), child, value))
                child = value
            node.end = max(node.end, child.end)
            node.has_anchor |= child.has_anchor
        return node

    def _name(self, key: Node) -> Any:
        """Return a key as a value: `1` is a number."""
        text = self.text[key.start : key.end]
        return key.value if _NAME.fullmatch(text) or key.kind != "scalar" else load(text)

    def _find_comments(self) -> list[tuple[int, int]]:
        scalars = sorted(self._scalars)
        found, number = [], 0
        for match in _COMMENT.finditer(self.text):
            while number < len(scalars) and scalars[number][1] <= match.start():
                number += 1
            if number == len(scalars) or scalars[number][0] > match.start():
                found.append(match.span())
        return found

    def comments_in(self, start: int, end: int) -> list[str]:
        """Return the comments between two places."""
        return [self.text[at:until] for at, until in self.comments if start <= at < end]

    def line_start(self, place: int) -> int:
        """Return where the line of a character begins."""
        return self.text.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """Return where the line of a character ends, with its line break."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def line_number(self, place: int) -> int:
        """Return the number of a character's line, from 1."""
        return self.text.count("\n", 0, place) + 1


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads dates as texts, as Kedro's config loader does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if not tag.endswith(":timestamp")]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> Any:
    """Read the values of a YAML text.

    Raises:
        YamlError: It is no YAML, or of several documents.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        words = [error.problem, error.context]
        if str(error.context).startswith("found"):  # a duplicate anchor, whose problem is "second"
            words.reverse()
        raise YamlError(" ".join(str(words[0] or words[1]).split()), line) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        place = getattr(error, "position", None)
        line = text.count("\n", 0, place) + 1 if isinstance(place, int) else 1
        raise YamlError(" ".join(str(error).split()), line) from None


def entries_of(text: str) -> dict[Any, Any]:
    """Read a YAML text that is a mapping; an empty one has no entries.

    Raises:
        YamlError: It is something else.
    """
    found = load(text)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise YamlError("it is not a mapping of names to entries", 1)
    return found


def dumped(value: Any, *, is_flow: bool = True) -> str:
    """Write a value as YAML, without a line break at the end; in flow style on one line.

    Example:
        >>> dumped({"a": "{b}"}), dumped({"a": "{b}"}, is_flow=False)
        ("{a: '{b}'}", "a: '{b}'")
    """
    text: str = yaml.safe_dump(
        value, sort_keys=False, allow_unicode=True, width=2**31, default_flow_style=is_flow
    )
    return text.removesuffix("...\n").rstrip("\n")
