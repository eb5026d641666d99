"""Rewrite what a Python file imports from other plugins."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..setup.python_edits import Edit, EditableSource
from . import module_names
from .findings import Rewritten
from .sources import SOURCES, Source


def rewritten(text: str, sources: Sequence[Source] = SOURCES) -> Rewritten:
    r"""Rewrite the imports of a Python file that have another place here.

    Args:
        text: The file's text.
        sources: The plugins whose imports are rewritten.

    Raises:
        SyntaxError: The text is not Python.

    Example:
        >>> rewritten("from kedro_mlflow.pipeline import pipeline_ml_factory as f\n").text
        'from mlflow_on_kedro.compat import pipeline_ml_factory as f\n'
    """
    found = Rewritten(text)
    for source in sources:
        if not source.is_in(found.text):
            continue
        python = EditableSource(found.text)
        edits = module_names.edits(python, source)
        for item in _imports(python, source):
            found.uses.add(source.name)
            edits += _import_edits(python, item, source)
        found.text = python.edited(edits)
        python = EditableSource(found.text)
        places = [*_left_imports(python, source), *_left_words(python, source)]
        found.findings += sorted(dict(reversed(places)).items())
    return found


def _imports(python: EditableSource, source: Source) -> list[ast.Import | ast.ImportFrom]:
    packages = dict.fromkeys(module.partition(".")[0] for module in source.modules)
    return [
        item
        for package in packages
        for item in python.imports_of(package)
        if any(source.has(_path(item, alias)) for alias in item.names)
    ]


def _path(item: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return f"{item.module}.{alias.name}" if isinstance(item, ast.ImportFrom) else alias.name


def _import_edits(
    python: EditableSource, item: ast.Import | ast.ImportFrom, source: Source
) -> list[Edit]:
    if not isinstance(item, ast.ImportFrom):
        return []
    moved = {
        alias: source.imports[f"{item.module}.{alias.name}"]
        for alias in item.names
        if f"{item.module}.{alias.name}" in source.imports
    }
    if not moved:
        return []
    rest = [alias for alias in item.names if alias not in moved]
    modules = {name.rpartition(".")[0] for name in moved.values()}
    start, end = python.start(item), python.end(item)
    same_names = all(alias.name == name.rpartition(".")[2] for alias, name in moved.items())
    if not rest and len(modules) == 1 and same_names:
        place = python.text.index(str(item.module), start, end)
        return [Edit(place, place + len(str(item.module)), modules.pop())]
    indent = python.text[python.starts[python.line_of(start)] : start]
    if indent.strip():  # it shares its line
        return []
    lines = [
        f"from {new.rpartition('.')[0]} import {new.rpartition('.')[2]}{_as(alias, new)}"
        for alias, new in moved.items()
    ]
    if rest:
        names = ", ".join(f"{alias.name}{_as(alias, alias.name)}" for alias in rest)
        lines.append(f"from {item.module} import {names}")
    return [Edit(start, end, f"\n{indent}".join(lines))]


def _as(alias: ast.alias, new: str) -> str:
    """Let a name be known as before."""
    bound = alias.asname or alias.name
    return "" if bound == new.rpartition(".")[2] else f" as {bound}"


def _left_imports(python: EditableSource, source: Source) -> Iterator[tuple[int, str]]:
    for item in _imports(python, source):
        for alias in item.names if isinstance(item, ast.ImportFrom) else ():
            if source.has(_path(item, alias)):
                yield item.lineno, _advice(alias.name, source, _path(item, alias))
    for line, path in module_names.left(python, source):
        yield line, _advice(path, source)


def _left_words(python: EditableSource, source: Source) -> Iterator[tuple[int, str]]:
    """Find texts such as ``"kedro_mlflow.io.metrics.MlflowMetricDataset"``, but no docstrings."""
    for node in ast.walk(python.module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value
            if source.has(word) and "." in word and not set(word) & set(" \n"):
                yield node.lineno, _advice(word, source)


def _advice(name: str, source: Source, path: str = "") -> str:
    short = name.rpartition(".")[2].replace("DataSet", "Dataset")
    here = source.advice.get(short)
    if here is None:
        return (
            f"this plugin has nothing in place of '{path or name}'. Take it out, or write it "
            f"without {source.name}"
        )
    return f"'{name}' is {source.name}'s. Here it is {here}"
