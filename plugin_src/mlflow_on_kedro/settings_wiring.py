"""Adding the hooks to the text of a project's settings.py, and changing nothing else in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import ConfigError

PACKAGE = "mlflow_on_kedro"
IMPORT = f"from {PACKAGE} import mlflow_hooks"
CALL = "mlflow_hooks()"
NAME = "HOOKS"
# As in Kedro's own template.
_COMMENTED_OUT = re.compile(rf"#\s*{NAME}\s*=.*")
_BY_HAND = f"Add `{IMPORT}` and `{NAME} = (*{CALL}, …)` to it yourself."


def wire(text: str, where: str = "settings.py") -> str:
    """Add ``HOOKS = mlflow_hooks()``, or ``*mlflow_hooks()`` to the hooks that are there.

    Args:
        text: The text of settings.py.
        where: The file's name for messages.

    Returns:
        The new text; the same one if the hooks are there already.

    Raises:
        ConfigError: The text is no Python, or sets HOOKS in a way that cannot be added to.

    Example:
        >>> print(wire("HOOKS = (MyHooks(),)"))
        from mlflow_on_kedro import mlflow_hooks
        <BLANKLINE>
        HOOKS = (*mlflow_hooks(), MyHooks(),)
        <BLANKLINE>
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    end = "\r\n" if "\r\n" in text else "\n"
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        module = ast.parse(plain)
    except SyntaxError as error:
        raise ConfigError(f"{where} is no Python: line {error.lineno}: {error.msg}.") from None
    value = _hooks(module)
    if value is not None and _names(value) & _imported(module):
        return text
    if value is None and any(NAME in _names(item) for item in module.body):
        raise ConfigError(f"{where} sets {NAME} in a way that cannot be added to. {_BY_HAND}")
    lines = plain.splitlines()
    edits = _new(lines) if value is None else _added(value)
    edits.append(_import(module, lines))
    wired = _edited(lines, edits)
    _check(wired, where)
    return mark + wired.replace("\n", end)


@dataclass(frozen=True)
class _Edit:
    """Text to insert: ``line`` counts from 0, ``column`` in bytes of UTF-8, as ``ast`` does."""

    line: int
    column: int
    text: str


def _hooks(module: ast.Module) -> ast.expr | None:
    """What HOOKS is set to at last, where that is a plain assignment."""
    found = None
    for item in module.body:
        if isinstance(item, ast.Assign):
            targets, value = item.targets, item.value
        elif isinstance(item, ast.AnnAssign) and item.value is not None:
            targets, value = [item.target], item.value
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == NAME for target in targets):
            found = value
    return found


def _imported(module: ast.Module) -> set[str]:
    """The names under which the plugin, or something of it, is imported."""
    names = set()
    for item in ast.walk(module):
        if isinstance(item, ast.ImportFrom) and (item.module or "").startswith(PACKAGE):
            names |= {alias.asname or alias.name for alias in item.names}
        elif isinstance(item, ast.Import):
            names |= {
                alias.asname or PACKAGE for alias in item.names if alias.name.startswith(PACKAGE)
            }
    return names


def _names(item: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(item) if isinstance(part, ast.Name)}


def _new(lines: Sequence[str]) -> list[_Edit]:
    """A line of its own: below the one that Kedro's template has commented out, else at the end."""
    places = [number for number, line in enumerate(lines) if _COMMENTED_OUT.fullmatch(line.strip())]
    if places:
        return [_Edit(places[-1] + 1, 0, f"{NAME} = {CALL}\n")]
    gap = "" if lines and not lines[-1].strip() else "\n"
    return [_Edit(len(lines), 0, f"{gap}{NAME} = {CALL}\n")]


def _added(value: ast.expr) -> list[_Edit]:
    line, column = value.lineno - 1, value.col_offset
    end_line, end_column = (value.end_lineno or 1) - 1, value.end_col_offset or 0
    if isinstance(value, ast.Tuple | ast.List):
        if not value.elts:
            return [_Edit(line, column + 1, f"*{CALL},")]
        first = value.elts[0]
        gap = f"\n{' ' * first.col_offset}" if first.lineno > value.lineno else " "
        return [_Edit(first.lineno - 1, first.col_offset, f"*{CALL},{gap}")]
    return [
        _Edit(line, column, f"(*{CALL}, *("),
        _Edit(end_line, end_column, "))"),
    ]


def _import(module: ast.Module, lines: Sequence[str]) -> _Edit:
    """After the imports at the top, else after the docstring, else at the very top."""
    last: ast.stmt | None = None
    is_import = False
    for item in module.body:
        is_docstring = item is module.body[0] and ast.get_docstring(module) is not None
        if not (is_docstring or isinstance(item, ast.Import | ast.ImportFrom)):
            break
        last, is_import = item, not is_docstring
    place = (last.end_lineno or 0) if last is not None else 0
    before = "" if is_import or last is None else "\n"
    after = "\n" if not is_import and place < len(lines) and lines[place].strip() else ""
    return _Edit(place, 0, f"{before}{IMPORT}\n{after}")


def _edited(lines: Sequence[str], edits: Sequence[_Edit]) -> str:
    encoded = [f"{line}\n".encode() for line in lines]
    encoded.append(b"")  # what comes after the last line
    for edit in sorted(edits, key=lambda item: (item.line, item.column), reverse=True):
        line = encoded[edit.line]
        encoded[edit.line] = line[: edit.column] + edit.text.encode() + line[edit.column :]
    return b"".join(encoded).decode()


def _check(text: str, where: str) -> None:
    """Refuse to break a file that is written in some unforeseen way."""
    try:
        value = _hooks(ast.parse(text))
    except SyntaxError:
        value = None
    first = value.elts[0] if isinstance(value, ast.Tuple | ast.List) else value
    if first is None or ast.unparse(first).removeprefix("*") != CALL:
        raise ConfigError(f"{where} is written in a way that cannot be added to. {_BY_HAND}")
