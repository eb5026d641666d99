"""Edit a few places of a Python file, and leave the rest of its text unchanged."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .python_source import PythonSource


@dataclass(frozen=True)
class Edit:
    """A text that replaces the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


class EditableSource(PythonSource):
    r"""A Python file, and the edits that change it; see :class:`PythonSource`.

    Example:
        >>> source = EditableSource("A = 1")
        >>> source.edited([source.end_edit(["B = 2"])])
        'A = 1\n\nB = 2\n'
    """

    def edited(self, edits: Iterable[Edit]) -> str:
        """Return the text with edits; edits at the same place keep their order."""
        parts, place = [self.mark], 0
        is_open = self.lines[-1:] and not self.lines[-1].endswith(("\n", "\r"))
        for edit in sorted(edits, key=lambda edit: edit.start):
            text = edit.text.replace("\n", self.line_end)
            if is_open and edit.start == len(self.text):
                text, is_open = self.line_end + text, False
            parts += [self.text[place : edit.start], text]
            place = edit.end
        return "".join((*parts, self.text[place:]))

    def insertion(self, value: ast.Tuple | ast.List, item: str) -> Edit:
        """Return the edit that inserts an element at the start of a tuple or list."""
        start = self.start(value)
        if not value.elts:
            return Edit(start + 1, start + 1, f"{item},")
        first = value.elts[0]
        if first.lineno > value.lineno:
            line = self.lines[first.lineno - 1]
            indent = line[: len(line) - len(line.lstrip())]
            place = self.starts[first.lineno - 1]
            return Edit(place, place, f"{indent}{item},\n")
        # A tuple without brackets begins where its first element does.
        place = start if start == self.start(first) else start + 1
        return Edit(place, place, f"{item}, ")

    def removals(self, value: ast.Tuple | ast.List, elements: Sequence[ast.expr]) -> list[Edit]:
        """Return the edits that remove elements from a tuple or list, and lines left empty."""
        edits = []
        for element in elements:
            start, end = self.start(element), self.end(element)
            comma = re.compile(r"[ \t]*,?[ \t]*").match(self.text, end)
            edits.append(self._whole_lines(start, comma.end() if comma else end))
        left = [item for item in value.elts if item not in elements]
        if isinstance(value, ast.Tuple) and len(left) == 1:
            end = self.end(left[0])
            if not self.text[end:].lstrip().startswith(","):
                edits.append(Edit(end, end, ","))
        return edits

    def statement_edit(self, item: ast.stmt, text: str | None) -> Edit:
        """Return the edit that replaces a statement by a text; None: removes it."""
        start, end = self.start(item), self.end(item)
        return self._whole_lines(start, end) if text is None else Edit(start, end, text)

    def has_lines_of_its_own(self, item: ast.stmt) -> bool:
        """Whether a statement's lines contain nothing else but a comment."""
        start, end = self.start(item), self.end(item)
        return self._whole_lines(start, end) != Edit(start, end, "")

    def _whole_lines(self, start: int, end: int) -> Edit:
        """Return the edit that removes a text, and its lines if only a comment would be left."""
        first = self.starts[self.line_of(start)]
        rest = self.starts[min(self.line_of(end) + 1, len(self.lines))]
        comment = re.compile(r"[ \t]*(#.*)?").fullmatch(self.text[end:rest].rstrip("\r\n"))
        if comment is None or self.text[first:start].strip():
            return Edit(start, end, "")
        return Edit(first, rest, "")

    def import_edit(self, line: str, limit: int) -> Edit:
        """Return the edit that puts an import after those at the top, but before ``limit``.

        Without imports there it comes after the docstring, or after comments at the top.
        """
        last = self.line_of(limit)
        place, is_import = self._header(), False
        for number, item in enumerate(self.module.body):
            is_docstring = number == 0 and ast.get_docstring(self.module, clean=False) is not None
            fits = is_docstring or isinstance(item, ast.Import | ast.ImportFrom)
            if not fits or (item.end_lineno or item.lineno) > last:
                break
            place, is_import = item.end_lineno or item.lineno, not is_docstring
        place = min(place, last)
        followed = place < len(self.lines) and self.lines[place].strip() != ""
        touches = self.starts[place] == limit and (limit < len(self.text) or not self.text)
        before = "" if is_import or place == 0 else "\n"
        after = "\n" if not is_import and (followed or touches) else ""
        return self._new_line(place, f"{before}{line}\n{after}")

    def _header(self) -> int:
        """Return the number of lines of comments at the top of the file."""
        lines = itertools.takewhile(lambda line: line.startswith("#"), self.lines)
        return sum(1 for _ in lines)

    def line_edit(self, line: str, commented_out: str) -> Edit:
        """Return the edit that puts a line below the same line commented out, or at the end."""
        pattern = re.compile(rf"#\s*{re.escape(commented_out)}\s*=")
        places = [n for n, text in enumerate(self.lines) if pattern.match(text)]
        for place in reversed(places):
            below = itertools.takewhile(lambda text: text.startswith("#"), self.lines[place:])
            after = place + sum(1 for _ in below)
            if self._is_between(after):
                return self._new_line(after, f"{line}\n")
        return self.end_edit([line])

    def _is_between(self, place: int) -> bool:
        """Whether a line may come here: in no statement, after docstring and ``__future__``."""
        for number, item in enumerate(self.module.body):
            first = min(node.lineno for node in (item, *getattr(item, "decorator_list", ())))
            end = item.end_lineno or item.lineno
            is_first = number == 0 and ast.get_docstring(self.module, clean=False) is not None
            leads = is_first or (isinstance(item, ast.ImportFrom) and item.module == "__future__")
            if (first <= place < end) or (leads and place < end):
                return False
        return True

    def end_edit(self, lines: Sequence[str]) -> Edit:
        """Return the edit that puts lines at the end of the file."""
        gap = "\n" if self.lines and self.lines[-1].strip() else ""
        return self._new_line(len(self.lines), gap + "".join(f"{line}\n" for line in lines))

    def _new_line(self, line: int, text: str) -> Edit:
        return Edit(self.starts[line], self.starts[line], text)
