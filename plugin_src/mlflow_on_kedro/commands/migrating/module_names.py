"""Rewrite names that are used through a module: ``import pipelinex``, ``pipelinex.MLflowHook``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..setup.python_edits import Edit, EditableSource
from .sources import Source


def edits(python: EditableSource, source: Source) -> list[Edit]:
    """Return the edits for modules of a plugin that are imported as a whole.

    The import of the module stays if something else of it is used, too.

    Args:
        python: The Python file.
        source: The plugin.
    """
    return [
        edit
        for item, alias in _imported(python, source)
        for edit in _alias_edits(python, item, alias, source)
    ]


def left(python: EditableSource, source: Source) -> Iterator[tuple[int, str]]:
    """Find what is used of a plugin's modules: the number of its line, and its dotted name."""
    for item, alias in _imported(python, source):
        uses = [(node.lineno, path) for node, path in _used(python, alias)]
        yield from uses or [(item.lineno, alias.name)]


def _imported(python: EditableSource, source: Source) -> Iterator[tuple[ast.Import, ast.alias]]:
    packages = dict.fromkeys(module.partition(".")[0] for module in source.modules)
    for item in (item for package in packages for item in python.imports_of(package)):
        if isinstance(item, ast.Import):
            yield from ((item, alias) for alias in item.names if source.has(alias.name))


def _alias_edits(
    python: EditableSource, item: ast.Import, alias: ast.alias, source: Source
) -> list[Edit]:
    found: list[Edit] = []
    is_left, places = False, set[str]()
    wrapping = list(_wrapping_calls(python, alias, source))
    wrappers = {id(call.func) for call, _ in wrapping}
    for node, path in _used(python, alias):
        here = source.imports.get(path)
        if here is not None:
            places.add(here.rpartition(".")[0])
            found.append(Edit(python.start(node), python.end(node), here))
        elif id(node) not in wrappers:
            is_left = True
    if not found:
        return []
    for call, (first, last) in wrapping:
        found.append(Edit(python.start(call), python.start(first), ""))
        found.append(Edit(python.end(last), python.end(call), ""))
    new = ", ".join(sorted(places))
    if is_left:
        end, indent = python.end(item), " " * item.col_offset
        return [*found, Edit(end, end, f"\n{indent}import {new}")]
    return [*found, Edit(python.start(alias), python.end(alias), new)]


def _used(python: EditableSource, alias: ast.alias) -> Iterator[tuple[ast.expr, str]]:
    """Find all uses of a module's name: the longest dotted names, with the module's own name."""
    inner: set[int] = set()
    for node in ast.walk(python.module):  # the outer ones come first
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in inner:
            continue
        parts: list[str] = []
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            inner.add(id(root.value))
            parts.append(root.attr)
            root = root.value
        bound, *below = (alias.asname or alias.name).split(".")
        if isinstance(root, ast.Name) and root.id == bound:
            names = parts[::-1]
            if names[: len(below)] == below:
                yield node, ".".join((alias.name, *names[len(below) :]))


def _wrapping_calls(
    python: EditableSource, alias: ast.alias, source: Source
) -> Iterator[tuple[ast.Call, tuple[ast.expr, ast.expr]]]:
    """Find calls in a tuple or list whose argument's items can stand there themselves."""
    paths = {id(node): path for node, path in _used(python, alias)}
    for outer in ast.walk(python.module):
        if not isinstance(outer, ast.Tuple | ast.List):
            continue
        for call in outer.elts:
            if not isinstance(call, ast.Call):
                continue
            argument = source.unwrapped.get(paths.get(id(call.func), ""))
            given = [*call.args, *(one.value for one in call.keywords if one.arg == argument)]
            if argument is None or len(given) != 1 or len(call.keywords) > 1:
                continue
            items = given[0].elts if isinstance(given[0], ast.Tuple | ast.List) else given
            if items:
                yield call, (items[0], items[-1])
