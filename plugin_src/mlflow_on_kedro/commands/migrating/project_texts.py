"""The texts of a project's files: read once, changed in memory, with what is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..setup.initializing import Change
from .findings import Finding, Rewritten, line_before, marked
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
        dropped: Keys that have no effect here, each with its file.
    """

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    dropped: list[Finding] = field(default_factory=list)

    def of(self, path: Path) -> Change | None:
        """Return the change of a file; None if it stays as it is."""
        return next((change for change in self.changes if change.path == path), None)

    def findings_before(self, root: Path) -> Iterator[Finding]:
        """Yield the findings with the numbers that their lines have as long as nothing is written.

        Args:
            root: The project's root.
        """
        for finding in self.findings:
            change = self.of(root / finding.file)
            if not finding.line or change is None or change.before is None:
                yield finding
            else:
                line = line_before(change.before, change.after, finding.line)
                yield finding._replace(line=line)


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
        for line, message in found.findings:
            self.add(path, line, message)
        if found.dropped:
            names = ", ".join(found.dropped)
            self.plan.dropped.append(
                Finding(self._name(path), 0, f"dropped, without effect here: {names}")
            )
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
            self.add(path, error.line, f"is not YAML that can be edited: {error}")
        elif isinstance(error, SyntaxError):
            self.add(path, error.lineno or 0, f"is not valid Python: {error.msg}")
        else:
            self.add(path, 0, f"cannot be edited: {error}")

    def add(self, path: Path, line: int, message: str) -> None:
        """Add something that is left to do; line 0 is the whole file."""
        self.plan.findings.append(Finding(self._name(path), line, message))

    def add_marked(self) -> None:
        """Add what comments of this run or an earlier one say, unless it is added already."""
        for path, text in self._texts.items():
            change = self.plan.of(path)
            known = {one.message for one in self.plan.findings if one.file == self._name(path)}
            for line, message in marked(change.after if change else text):
                if message not in known:
                    # In YAML such a comment is above the entry that it is about.
                    self.add(path, line + (path.suffix in {".yml", ".yaml"}), message)

    def _name(self, path: Path) -> str:
        is_inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if is_inside else str(path)
