"""The texts of a project's files: read once, changed in memory, with what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..setup.initializing import Change
from .findings import Finding, Rewritten
from .sources import SOURCES
from .yaml_tree import YamlError

MARK = "\ufeff"
"""The byte order mark at the beginning of some files."""


@dataclass
class Plan:
    """What is to be changed in a project.

    Attributes:
        changes: The files to write.
        findings: What is left to do by hand, or to know.
        uses: The names of the plugins that the project was written for.
    """

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)

    def of(self, path: Path) -> Change | None:
        """Return the change of a file; None if it stays as it is."""
        return next((change for change in self.changes if change.path == path), None)


class ProjectTexts:
    """The texts of a project's files, and the plan that their changes make.

    Args:
        root: The project's root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan = Plan()
        self._texts: dict[Path, str] = {}

    def read(self, path: Path, *, only_if_named: bool = False) -> str | None:
        """Read a file, without its byte order mark.

        Args:
            path: The file.
            only_if_named: Leave it alone if it names no other plugin.

        Returns:
            None if there is none, or if it cannot be read, which becomes a finding.
        """
        try:
            given = path.read_bytes()
            is_named = any(name.encode() in given for one in SOURCES for name in one.modules)
            if only_if_named and not is_named:
                return None
            text = given.decode()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.add(path, 0, f"cannot be read: {error.strerror}")
            return None
        except UnicodeDecodeError as error:
            line = given.count(b"\n", 0, error.start) + 1
            self.add(path, line, "is not UTF-8, so it is left as it is")
            return None
        self._texts[path] = text
        return text.removeprefix(MARK)

    def rewrite(
        self, path: Path, edit: Callable[[str], Rewritten], *, only_if_named: bool = False
    ) -> None:
        """Change a file; see :meth:`read`. What cannot be edited becomes a finding."""
        text = self.read(path, only_if_named=only_if_named)
        if text is None:
            return
        try:
            self.take(path, edit(text))
        except (ValueError, SyntaxError) as error:
            self.cannot_edit(path, error)

    def take(self, path: Path, found: Rewritten) -> None:
        """Add what becomes of a file to the plan."""
        self.change(path, found.text)
        self.plan.findings += [Finding(self._place(path, n), what) for n, what in found.findings]
        self.plan.uses |= found.uses

    def change(self, path: Path, text: str) -> None:
        """Let a file have a text, in place of any that was planned before."""
        before = self._texts.get(path)
        mark = MARK if (before or "").startswith(MARK) else ""
        self.plan.changes = [one for one in self.plan.changes if one.path != path]
        if mark + text != (before or ""):
            self.plan.changes.append(Change(path, before, mark + text))

    def cannot_edit(self, path: Path, error: Exception) -> None:
        """Say why a file cannot be edited."""
        if isinstance(error, YamlError):
            self.add(path, error.line, f"is no YAML that can be edited: {error}")
        elif isinstance(error, SyntaxError):
            self.add(path, error.lineno or 0, f"is no Python: {error.msg}")
        else:
            self.add(path, 0, f"cannot be edited: {error}")

    def add(self, path: Path, line: int, message: str) -> None:
        """Add something that is left to do; line 0 is the whole file."""
        self.plan.findings.append(Finding(self._place(path, line), message))

    def _place(self, path: Path, line: int) -> str:
        is_inside = path.is_relative_to(self.root)
        name = path.relative_to(self.root).as_posix() if is_inside else str(path)
        return f"{name}:{line}" if line else name
