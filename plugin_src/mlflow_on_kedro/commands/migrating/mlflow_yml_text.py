"""Move the keys of an mlflow.yml of kedro-mlflow to where they are here, with their comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...compat.kedro_mlflow import dotted_keys
from ...compat.kedro_mlflow.mlflow_yml import Change, translated
from ...config.sections import Config
from .findings import MARK
from .yaml_edits import with_content
from .yaml_tree import Item, YamlText

_ADDED = "# What kedro-mlflow did by default, and this plugin does otherwise."
_HEADERS = "tracking.request_headers"
_INIT_KWARGS = "server.request_header_provider.init_kwargs"
_TYPE = "server.request_header_provider.type"


def rewritten(
    text: str,
    content: Mapping[str, Any],
    changes: Iterable[Change] = (),
    missing: Iterable[str] = (),
) -> str:
    r"""Rewrite an mlflow.yml of kedro-mlflow.

    Args:
        text: The file's text, without a byte order mark.
        content: What the file is to say, as :func:`.mlflow_yml.translated` gives it.
        changes: What has become of its keys; a note becomes a comment.
        missing: Keys here that the file has to leave out, because another file has them.

    Raises:
        YamlError: The text cannot be edited.

    Example:
        >>> old = "server:\n  mlflow_tracking_uri: http://h  # ours\n"
        >>> print(rewritten(old, {"tracking": {"uri": "http://h"}}), end="")
        tracking:
          uri: http://h  # ours
    """
    old = YamlText(text)
    moved = _Moved(old, list(changes)).text()
    now = YamlText(moved)
    wanted = dotted_keys.copy(content)
    for key in missing:
        dotted_keys.remove(wanted, key)
    _keep_empty(now.data, wanted)
    order = {name: wanted[name] for name in now.data if name in wanted}
    return _explained(now, with_content(moved, {**order, **wanted}))


def _explained(before: YamlText, text: str) -> str:
    """Add a comment above the first section that the file did not have."""
    found = YamlText(text)
    for item in found.root.items:
        if item.name not in before.data:
            place = found.line_start(item.key.start)
            line_break = "\r\n" if "\r\n" in text else "\n"
            has_gaps = line_break * 2 in text and place > 0
            gap = line_break if has_gaps else ""
            return f"{text[:place]}{gap}{_ADDED}{line_break}{text[place:]}"
    return text


def _keep_empty(present: Mapping[str, Any], wanted: dict[str, Any], prefix: str = "") -> None:
    """Let a key whose value is not wanted stay without one, if that means its default."""
    for name, value in present.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            _keep_empty(value, wanted, f"{key}.")
        elif not dotted_keys.has_key(wanted, key) and _is_none_by_default(key):
            dotted_keys.put(wanted, key, None)


def _is_none_by_default(key: str) -> bool:
    value: Any = Config()
    for name in key.split("."):
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return value is None


@dataclass
class _Part:
    """A key with its comments, or a section of keys.

    Attributes:
        above: Lines of comments above it, without their indentation, and empty lines.
        value: Its value as it is written, with the comment that follows; None: a section.
        parts: The keys of a section.
        verbatim: Its lines, for what is left as it is.
    """

    above: list[str] = field(default_factory=list)
    value: str | None = None
    parts: dict[str, _Part] = field(default_factory=dict)
    verbatim: str | None = None

    def lines(self, name: str, indent: str, step: str) -> Iterable[str]:
        """Write it as lines, with line breaks."""
        for number, line in enumerate(self.above):
            if line or number == 0 or self.above[number - 1]:  # keys are gone between them
                yield f"{indent}{line}".rstrip() + "\n"
        if self.verbatim is not None:
            yield self.verbatim
            return
        yield f"{indent}{name}:{self.value or ''}\n"
        for key, part in self.parts.items():
            yield from part.lines(key, indent + step, step)


class _Moved:
    """The text with each key where it is here; values, also those without use here, as before."""

    def __init__(self, old: YamlText, changes: list[Change]) -> None:
        self._old = old
        self._new_keys = {change.old: change.new for change in translated(old.data).changes}
        self._notes = {change.old: change.note for change in changes if change.note}
        self._top = _Part()
        self._place = 0
        self._above: list[str] = []
        self._count = 0

    def text(self) -> str:
        """Return the text."""
        for item in self._old.root.items:
            self._top_item(item)
        step = self._step()
        lines = [
            line for name, part in self._top.parts.items() for line in part.lines(name, "", step)
        ]
        tail = self._above_of(len(self._old.text))
        found = "".join((*lines, *(f"{line}\n" for line in tail)))
        if not self._old.text.startswith(("\n", "\r")):
            found = found.lstrip("\n")
        return found.replace("\r\n", "\n").replace(
            "\n", "\r\n" if "\r\n" in self._old.text else "\n"
        )

    def _step(self) -> str:
        columns = [
            below.key.start - self._old.line_start(below.key.start)
            for item in self._old.root.items
            for below in item.value.items
            if not item.value.is_flow
        ]
        return " " * (columns[0] if columns else 2)

    def _top_item(self, item: Item) -> None:
        name = str(item.name)
        inside = {
            key: new
            for key, new in self._new_keys.items()
            if key == name or key.startswith(f"{name}.")
        }
        stays = all(
            (new is None and key not in self._notes) or key == new for key, new in inside.items()
        )
        is_ours = (hasattr(Config(), name) and name != "tracking") or not inside
        if is_ours and (stays or not inside) and name not in self._top.parts:
            above = self._above_of(item.key.start)
            end = self._old.line_end(item.value.end)
            verbatim = self._old.text[self._old.line_start(item.key.start) : end]
            self._place = end
            self._top.parts[name] = _Part(
                above, verbatim=verbatim if verbatim.endswith("\n") else f"{verbatim}\n"
            )
            return
        self._walk(item, name, [])

    def _walk(self, item: Item, key: str, outer: list[str]) -> None:
        """Move an item, or all that is in it; ``outer`` are comments of sections around it."""
        above = self._above_of(item.key.start)
        node = item.value
        is_section = node.kind == "mapping" and key not in self._new_keys
        if (is_section and node.items) or (key == _INIT_KWARGS and node.items):
            self._place = node.items[0].key.start
            comments = self._old.comments_in(item.key.end, self._place)
            count, outer = self._count, [*outer, *above, *comments]
            for below in node.items:
                self._walk(below, f"{key}.{below.name}", outer)
                outer = []
            if self._count == count:  # nothing of the section is left that they are about
                end = self._old.line_end(item.key.end)
                about = self._old.comments_in(item.key.end, min(end, node.items[0].key.start))
                self._above = [line for line in self._above if line not in about]
            return
        end = self._old.line_end(node.end)
        rest = self._old.text[node.end : end].rstrip()
        if rest and not rest.lstrip().startswith("#"):  # in brackets, where others follow
            end, rest = node.end, ""
        self._place = end
        new = self._new_key(key)
        note = self._notes.get(key)
        if note is not None:
            above = [*above, f"{MARK}{note}"]
        if note is not None:
            self._count += 1
        if new is None:
            if note is not None:
                above += [f"# {line}" for line in self._plain(item)]
            self._above = [*outer, *above]
            return
        before = self._old.text[item.key.end : node.end].partition(":")[2]
        shift = item.key.start - self._old.line_start(item.key.start)
        self._put(
            new, outer, above, _shifted(before + rest, shift, new.count(".") * len(self._step()))
        )

    def _plain(self, item: Item) -> list[str]:
        return [
            line.strip() for line in self._old.text[item.key.start : item.value.end].splitlines()
        ]

    def _new_key(self, key: str) -> str | None:
        """Return where a key goes; None: nowhere. A key that nobody knows stays."""
        if key.startswith(f"{_INIT_KWARGS}."):
            has_type = dotted_keys.get(self._old.data, _TYPE) is not None
            return _HEADERS + key.removeprefix(_INIT_KWARGS) if has_type else None
        if key in self._new_keys:
            is_class = key in {_TYPE, _INIT_KWARGS}
            if is_class and not dotted_keys.get(self._old.data, key):
                return None
            return self._new_keys[key]
        is_empty = dotted_keys.get(self._old.data, key) in (None, {})
        return None if is_empty else key

    def _put(self, key: str, outer: list[str], above: list[str], value: str) -> None:
        part, is_new = self._top, False
        *sections, name = key.split(".")
        for section in sections:
            if section not in part.parts:
                part.parts[section] = _Part([] if is_new else outer)
                outer, is_new = ([] if not is_new else outer), True
            part = part.parts[section]
        if part.verbatim is not None or name in part.parts:  # the content is added to it later
            self._above = [*outer, *above]
            return
        part.parts[name] = _Part([*outer, *above], value)
        self._count += 1

    def _above_of(self, place: int) -> list[str]:
        """Return comments and empty lines between the last item and a place."""
        between = self._old.text[self._place : self._old.line_start(place)]
        if place == len(self._old.text):
            between = self._old.text[self._place :]
        lines = [line.strip() for line in between.splitlines()]
        found = [*self._above, *(line for line in lines if not line or line.startswith("#"))]
        self._above = []
        self._place = max(self._place, place)
        return found


def _shifted(text: str, old: int, new: int) -> str:
    """Indent the lines of a value, but the first, as much more as its key is."""
    first, *rest = text.splitlines() or [""]
    by = new - old
    lines = [
        " " * by + line if by > 0 else line[min(-by, len(line) - len(line.lstrip())) :]
        for line in rest
    ]
    return "\n".join([first, *lines])
