"""Take Kedro-Viz's session store, which Kedro-Viz 11 removed, out of the text of settings.py."""

from __future__ import annotations

import ast
from importlib.util import find_spec

from .python_edits import EditableSource
from .python_source import imported_by, names_in, root_name

_PACKAGE = "kedro_viz"
_CLASS, _ARGS = "SESSION_STORE_CLASS", "SESSION_STORE_ARGS"


def without_session_store(text: str) -> str:
    """Remove ``SESSION_STORE_CLASS`` if it is Kedro-Viz's, and cannot be imported any more.

    ``SESSION_STORE_ARGS`` stays if it is a path only, where ``kedro mlflow import`` looks for
    sessions; Kedro's own store takes nothing else.

    Args:
        text: The text of settings.py.

    Returns:
        The text; unchanged if there is nothing to remove, or if that is unclear.

    Raises:
        SyntaxError: The text is not Python.
    """
    source = EditableSource(text)
    body = source.module.body
    imports = [item for item in source.imports_of(_PACKAGE) if item in body and _is_gone(item)]
    names = {name for item in imports for name in imported_by(item)}
    stores = [item for item in body if _assigns(item, _CLASS) and root_name(_value(item)) in names]
    if not stores:
        return text
    removed = [*stores, *(item for item in body if _assigns(item, _ARGS) and not _is_path(item))]
    used = names_in(*(item for item in body if item not in removed))
    removed += [item for item in imports if not imported_by(item) & used]
    return source.edited([source.statement_edit(item, None) for item in removed])


def _is_gone(item: ast.Import | ast.ImportFrom) -> bool:
    names = [item.module] if isinstance(item, ast.ImportFrom) else [x.name for x in item.names]
    try:
        return any(name is not None and find_spec(name) is None for name in names)
    except ImportError:  # not even its package is there
        return True


def _assigns(item: ast.stmt, name: str) -> bool:
    return isinstance(item, ast.Assign) and [
        target.id for target in item.targets if isinstance(target, ast.Name)
    ] == [name]


def _value(item: ast.stmt) -> ast.expr:
    assert isinstance(item, ast.Assign)  # noqa: S101 - for the type checker
    return item.value


def _is_path(item: ast.stmt) -> bool:
    """Whether it assigns ``{"path": …}`` or ``dict(path=…)``."""
    value = _value(item)
    if isinstance(value, ast.Dict):
        return [key.value for key in value.keys if isinstance(key, ast.Constant)] == ["path"]
    return (
        isinstance(value, ast.Call)
        and root_name(value) == "dict"
        and not value.args
        and [keyword.arg for keyword in value.keywords] == ["path"]
    )
