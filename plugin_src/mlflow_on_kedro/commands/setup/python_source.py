"""``PythonSource``: the text of a Python file with the positions of its statements."""

from __future__ import annotations

import ast
import bisect
import itertools
import re
import warnings
from collections.abc import Iterator

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MARK = "\ufeff"


class PythonSource:
    """A Python file.

    Args:
        text: The file's text.

    Raises:
        SyntaxError: The text is not Python.

    Example:
        >>> PythonSource("A = 1").binds("A")
        True
    """

    def __init__(self, text: str) -> None:
        self.mark = _MARK if text.startswith(_MARK) else ""
        self.text = text.removeprefix(_MARK)
        self.module = _parsed(self.text)
        # Python's own rule for lines: `splitlines` also splits at form feeds and others.
        self.lines = _LINE.findall(self.text)
        self.starts = list(itertools.accumulate(map(len, self.lines), initial=0))
        ends = [line[len(line.rstrip("\r\n")) :] for line in self.lines[:1]]
        self.line_end = (ends or ["\n"])[0] or "\n"

    def start(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the index of a node's first character, without its decorators."""
        return self._at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Return the index after a node's last character."""
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _at(self, line: int, column: int) -> int:
        # `ast` counts columns in bytes.
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def line_of(self, place: int) -> int:
        """Return the index of a character's line; for the text's end that after the last line."""
        return bisect.bisect_right(self.starts, place) - 1

    def statements(self) -> Iterator[ast.stmt]:
        """Return the statements of the module's scope, also those within ``if``, ``try`` etc."""
        return (node for node in _own_scope(self.module) if isinstance(node, ast.stmt))

    def assigned(self, name: str) -> list[ast.expr]:
        """Return the values that are assigned to a name in the module's scope."""
        return [
            item.value
            for item in self.statements()
            if isinstance(item, ast.Assign | ast.AnnAssign | ast.AugAssign)
            and item.value is not None
            and name in _targets(item)
        ]

    def literal(self, name: str) -> ast.Tuple | ast.List | None:
        """Return the tuple or list that is assigned to a name, if nothing else assigns to it."""
        top = [item for item in self.module.body if isinstance(item, ast.Assign | ast.AnnAssign)]
        found = [item.value for item in top if name in _targets(item)]
        value = found[0] if len(found) == 1 and self._times_bound(name) == 1 else None
        return value if isinstance(value, ast.Tuple | ast.List) else None

    def binds(self, name: str) -> bool:
        """Whether the file sets a name unconditionally."""
        for item in self.module.body:
            if isinstance(item, ast.Import | ast.ImportFrom):
                names = imported_by(item)
            elif isinstance(item, ast.Assign | ast.AnnAssign) and item.value is not None:
                names = _targets(item)
            else:
                continue
            if name in names:
                return True
        return False

    def mentions(self, name: str) -> bool:
        """Whether a name may be set or used anywhere in the file."""
        return self._times_bound("*") > 0 or any(
            (isinstance(node, ast.Name) and node.id == name)
            or (isinstance(node, ast.alias) and name in {node.name, node.asname})
            or (isinstance(node, ast.Constant) and node.value == name)
            for node in ast.walk(self.module)
        )

    def _times_bound(self, name: str) -> int:
        nodes = list(_own_scope(self.module))
        stored = [
            node
            for node in nodes
            if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        ]
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        return len(stored) + sum(name in imported_by(node) for node in imports)

    def imports_of(self, package: str) -> list[ast.Import | ast.ImportFrom]:
        """Return all imports of a package, of its modules, or of names in them."""
        found: list[ast.Import | ast.ImportFrom] = []
        for node in ast.walk(self.module):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""] if node.level == 0 else []
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            if any(name.split(".")[0] == package for name in names):
                found.append(node)
        return found


def imported_by(item: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the names that an import sets."""
    return {alias.asname or alias.name.split(".")[0] for alias in item.names}


def names_in(*nodes: ast.AST) -> set[str]:
    """Return the names that are used or set in nodes."""
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def root_name(node: ast.expr) -> str | None:
    """Return the name at the root of a name, an attribute or a call; None for other nodes.

    Example:
        >>> root_name(ast.parse("a.b.c(1)", mode="eval").body)
        'a'
    """
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _targets(item: ast.Assign | ast.AnnAssign | ast.AugAssign) -> set[str]:
    targets = item.targets if isinstance(item, ast.Assign) else [item.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _own_scope(child)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():  # Python warns of escapes such as "\d" in the project's code
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except ValueError as error:  # for a NUL character, before Python 3.12
            raise SyntaxError(str(error)) from None
