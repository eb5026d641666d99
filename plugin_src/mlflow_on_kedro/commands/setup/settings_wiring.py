"""Add the hooks to the text of a project's settings.py, and change nothing else in it.

What a Python file does cannot always be known from its text. So :func:`wirings` yields texts to
try, the best first, and :mod:`.settings_trial` runs them before one is written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .python_edits import Edit, EditableSource
from .python_source import imported_by, names_in, root_name

PACKAGE = "mlflow_on_kedro"
OLD_PACKAGE = "kedro_mlflow"
IMPORT = f"from {PACKAGE} import mlflow_hooks"
CALL = "mlflow_hooks()"


@dataclass(frozen=True)
class Addition:
    """An element to add to a setting that is a tuple or a list.

    Attributes:
        name: The setting.
        item: The text of the element among others.
        alone: The text of the setting's value if it is not set yet.
    """

    name: str
    item: str
    alone: str

    def edit(self, source: EditableSource) -> Edit | None:
        """Add the element where the setting is, or would be; None if that is unclear."""
        value = source.literal(self.name)
        if value is not None:
            alone = None if value.elts else _alone(source, value, self)
            return alone or source.insertion(value, self.item)
        if source.mentions(self.name):
            return None
        return source.line_edit(f"{self.name} = {self.alone}", self.name)

    def at_end(self, source: EditableSource) -> str:
        """Return the line that adds the element at the end of any file."""
        if not source.mentions(self.name):
            return f"{self.name} = {self.alone}"
        there = self.name if source.binds(self.name) else f'globals().get("{self.name}", ())'
        return f"{self.name} = ({self.item}, *{there})"


def _alone(source: EditableSource, value: ast.Tuple | ast.List, addition: Addition) -> Edit | None:
    """Replace a whole tuple by an element alone; None: it has comments, or may be added to."""
    start, end = source.start(value), source.end(value)
    if isinstance(value, ast.List) or "#" in source.text[start:end]:
        return None
    return Edit(start, end, addition.alone)


HOOKS = Addition("HOOKS", f"*{CALL}", CALL)


def disabling(plugin: str) -> Addition:
    """Return the addition that prevents an installed plugin from registering its hooks."""
    return Addition("DISABLE_HOOKS_FOR_PLUGINS", f'"{plugin}"', f'("{plugin}",)')


def wirings(text: str, *, wired: bool = False, disable: str | None = None) -> Iterator[str]:
    """Write settings.py with this plugin's hooks, and without those of kedro-mlflow.

    Args:
        text: The text of settings.py.
        wired: HOOKS has this plugin's hooks already.
        disable: A plugin whose hooks are not to be registered.

    Yields:
        Texts to try, the best first; only the same one if there is nothing to do.

    Raises:
        SyntaxError: The text is no Python.

    Example:
        >>> print(next(wirings("HOOKS = (MyHooks(),)")))
        from mlflow_on_kedro import mlflow_hooks
        <BLANKLINE>
        HOOKS = (*mlflow_hooks(), MyHooks(),)
    """
    source = EditableSource(text)
    additions = _additions(source, wired=wired, disable=disable)
    yield _wired(source, additions, in_place=True)
    if additions:
        yield _wired(source, additions, in_place=False)
        yield source.edited(
            [source.end_edit(by_hand(text, wired=wired, disable=disable).splitlines())]
        )


def by_hand(text: str, *, wired: bool = False, disable: str | None = None) -> str:
    """Return lines for the end of settings.py, to add by hand if none of :func:`wirings` works."""
    source = EditableSource(text)
    additions = _additions(source, wired=wired, disable=disable)
    lines = [addition.at_end(source) for addition in additions]
    return "\n".join([IMPORT, "", *lines] if HOOKS in additions else lines)


def _additions(source: EditableSource, *, wired: bool, disable: str | None) -> list[Addition]:
    ours = {name for item in source.imports_of(PACKAGE) for name in imported_by(item)}
    wired = wired or bool(ours & names_in(*source.assigned(HOOKS.name)))
    additions = [] if wired else [HOOKS]
    if disable is not None and not _is_listed(source, disable):
        additions.append(disabling(disable))
    return additions


def _is_listed(source: EditableSource, plugin: str) -> bool:
    values = source.assigned(disabling(plugin).name)
    parts = (part for value in values for part in ast.walk(value))
    return any(isinstance(part, ast.Constant) and part.value == plugin for part in parts)


def _wired(source: EditableSource, additions: Sequence[Addition], *, in_place: bool) -> str:
    old = _OldHooks(source)
    adds_hooks = HOOKS in additions
    takes_place = in_place and adds_hooks and old.can_be_replaced
    edits, at_end, limit = old.edits(replaced=takes_place), [], len(source.text)
    for addition in additions:
        if addition is HOOKS and takes_place:
            limit = min(limit, source.start(old.elements[0][1][0]))
            continue
        edit = addition.edit(source) if in_place else None
        if edit is None:
            at_end.append(addition.at_end(source))
            continue
        edits.append(edit)
        if addition is HOOKS:
            limit = edit.start
    edits += old.import_edits(IMPORT if adds_hooks else None)
    if adds_hooks and not old.gives_place and not _is_imported(source, limit):
        edits.insert(0, source.import_edit(IMPORT, limit))
    if at_end:
        edits.append(source.end_edit(at_end))
    return source.edited(edits)


def _is_imported(source: EditableSource, limit: int) -> bool:
    return any(
        item in source.module.body
        and "mlflow_hooks" in {alias.name for alias in item.names if alias.asname is None}
        and source.end(item) <= limit
        for item in source.imports_of(PACKAGE)
    )


class _OldHooks:
    """kedro-mlflow's hooks in HOOKS, and their imports if nothing else needs them."""

    def __init__(self, source: EditableSource) -> None:
        self._source = source
        imports = source.imports_of(OLD_PACKAGE)
        names = {name for item in imports for name in imported_by(item)}
        for item in source.module.body:  # hook = MlflowHook()
            if isinstance(item, ast.Assign) and root_name(item.value) in names:
                names |= {target.id for target in item.targets if isinstance(target, ast.Name)}
        self.elements = [
            (value, found)
            for value in source.assigned(HOOKS.name)
            if isinstance(value, ast.Tuple | ast.List)
            and (found := [element for element in value.elts if root_name(element) in names])
        ]
        self.can_be_replaced = bool(self.elements) and source.literal(HOOKS.name) is not None
        used = self._used_elsewhere()
        self._imports = [
            item
            for item in imports
            if item in source.module.body
            and not imported_by(item) & used
            and source.has_lines_of_its_own(item)
        ]
        self.gives_place = bool(self._imports)

    def _used_elsewhere(self) -> set[str]:
        taken = {
            id(part)
            for _, elements in self.elements
            for element in elements
            for part in ast.walk(element)
        }
        return {
            node.id
            for node in ast.walk(self._source.module)
            if isinstance(node, ast.Name) and id(node) not in taken
        }

    def edits(self, *, replaced: bool) -> list[Edit]:
        """Remove the hooks from HOOKS; if ``replaced``, put this plugin's in place of the first."""
        edits: list[Edit] = []
        for value, elements in self.elements:
            rest = list(elements)
            if replaced and len(rest) == len(value.elts):
                edit = _alone(self._source, value, HOOKS)
                if edit is not None:
                    edits.append(edit)
                    continue
            if replaced:
                first = rest.pop(0)
                start, end = self._source.start(first), self._source.end(first)
                edits.append(Edit(start, end, HOOKS.item))
            edits += self._source.removals(value, rest)
        return edits

    def import_edits(self, line: str | None) -> list[Edit]:
        """Remove their imports, and put a line in place of the first."""
        lines = [line] + [None] * len(self._imports)
        return [
            self._source.statement_edit(item, text)
            for item, text in zip(self._imports, lines, strict=False)
        ]
