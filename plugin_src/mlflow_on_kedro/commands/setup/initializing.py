"""Plan the changes of ``kedro mlflow init``; nothing is written before the plan is complete."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...config import files
from ...config.checks import FILE
from ...errors import ConfigError
from ...vendoring import requirements
from .session_store import without_session_store
from .settings_trial import Settings
from .settings_wiring import OLD_PACKAGE, PACKAGE, by_hand, wirings

IGNORED = (".mlflow_on_kedro/", "mlruns/", "mlflow.db*")
"""Files in a project's folder that belong to one machine."""


@dataclass(frozen=True)
class Change:
    """A file that is to be written.

    Attributes:
        path: The file.
        before: Its present text; None if it does not exist.
        after: Its new text.
    """

    path: Path
    before: str | None
    after: str

    def diff(self, root: Path) -> str:
        """Return the change as a unified diff, with paths relative to the project's root."""
        name = self.path.relative_to(root).as_posix() if self.path.is_relative_to(root) else ""
        name = name or self.path.as_posix()
        old = (self.before or "").splitlines()
        origin = f"a/{name}" if self.before is not None else "/dev/null"
        lines = difflib.unified_diff(old, self.after.splitlines(), origin, f"b/{name}", lineterm="")
        return "\n".join(lines)

    def write(self) -> None:
        """Write the file.

        Raises:
            ConfigError: The file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("w", encoding="utf-8", newline="") as file:
                file.write(self.after)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}.") from None


@dataclass(frozen=True)
class Project:
    """The project that is to be set up.

    Attributes:
        root: The project's root.
        settings: The path of its settings.py.
        present: What its settings.py sets now.
        try_out: A function that runs another text as settings.py, in another process, and returns
            what it sets; its second argument are the texts of other Python files.
        old_plugin: The name of kedro-mlflow's package; None: it is not installed.
        requirement: The line of requirements.txt that installs this plugin; None: the plugin lies
            in the project, or comes from a folder of this machine.
        own_requirement: The same, also if it comes from a folder of this machine.
    """

    root: Path
    settings: Path
    present: Settings
    try_out: Callable[..., Settings]
    old_plugin: str | None = None
    requirement: str | None = None
    own_requirement: str | None = None


def plan(project: Project) -> list[Change]:
    """Find the changes that a project needs to track its runs.

    Args:
        project: The project.

    Returns:
        The changes; none for a project that is set up.

    Raises:
        ConfigError: Files cannot be changed. The message has all problems.
    """
    problems: list[str] = []
    changes: list[Change] = []
    found = project.present
    try:
        after, found = wired(_read(project.settings) or "", project)
        changes.append(_change(project.settings, lambda _: after))
    except ConfigError as error:
        problems.append(error.message)
    conf = project.root / found.conf_source
    present = files.find_files(conf)
    problems += [problem for path in present if (problem := _problem(path)) is not None]
    base = conf / found.base_env
    if not any(path.is_relative_to(base) for path in present):
        changes.insert(0, Change(base / FILE, None, shipped(base)))
    edits: dict[str, Callable[[str], str]] = {".gitignore": ignoring}
    if project.requirement is not None and (project.root / requirements.FILE).is_file():
        edits[requirements.FILE] = partial(requirements.with_plugin, line=project.requirement)
    for name, edit in edits.items():
        try:
            changes.append(_change(project.root / name, edit))
        except ConfigError as error:
            problems.append(error.message)
    if problems:
        raise ConfigError("\n\n".join((*problems, "Nothing is changed.")))
    return [change for change in changes if change.after != change.before]


def wired(text: str, project: Project) -> tuple[str, Settings]:
    """Find a text for settings.py that has the hooks and runs; return it and what it sets.

    Kedro-Viz's session store is taken out if it cannot be imported: settings.py does not run then.

    Args:
        text: The present text.
        project: The project.

    Raises:
        ConfigError: The text is not Python, or no text works; the message has the lines to add.
    """
    path, present = project.settings, project.present
    old, ours = present.hooks_of(OLD_PACKAGE), present.hooks_of(PACKAGE)
    plugin = project.old_plugin if project.old_plugin not in present.disabled else None
    reasons: list[str] = []
    given = text
    try:
        text = without_session_store(given)
        for after in wirings(text, wired=bool(ours), disable=plugin):
            is_same = after == given
            if is_same and present.error is None and not old:
                return text, present
            found = present if is_same else project.try_out(after)
            reason = _reason(found, present, plugin)
            if reason is None:
                return after, found
            reasons.append(reason)
        lines = by_hand(text, wired=bool(ours), disable=plugin)
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        raise ConfigError(f"{path} is not valid Python: {line}{error.msg}.") from None
    if present.error is not None:
        raise ConfigError(
            f"{path} does not run as it is: {present.error}. Fix that, and run "
            "`kedro mlflow init` again."
        )
    advice = "Change it yourself"
    if lines:
        block = textwrap.indent(lines, "    ")
        advice += f". These lines belong at its end:\n\n{block}\n\nThen"
    else:
        advice += ", and"
    raise ConfigError(
        f"{path} cannot be changed automatically: {reasons[0]}. {advice} run "
        "`kedro mlflow init` again."
    )


def _reason(found: Settings, present: Settings, plugin: str | None) -> str | None:
    """Return why a text for settings.py does not work; None: it does."""
    if found.error is not None:
        return f"it would not run ({found.error})"
    ours, old = found.hooks_of(PACKAGE), found.hooks_of(OLD_PACKAGE)
    if old:
        return f"HOOKS would still have kedro-mlflow's {old[0]}, which has to go"
    if len(ours) == 0 or (len(ours) > len(set(ours)) and not present.hooks_of(PACKAGE)):
        return "HOOKS would not have each of this plugin's hooks once"
    packages = (PACKAGE, OLD_PACKAGE)
    if present.error is None and found.hooks_but_of(*packages) != present.hooks_but_of(*packages):
        return "HOOKS would not have the same other hooks as now"
    if plugin is not None and plugin not in found.disabled:
        return f"DISABLE_HOOKS_FOR_PLUGINS would not have '{plugin}'"
    return None


def _problem(path: Path) -> str | None:
    try:
        found = list(files.problems(path))
    except ConfigError as error:
        return error.message
    if not found:
        return None
    advice = "Rename these keys, or move the file away, and run `kedro mlflow init` again."
    return "\n  ".join((f"{path} has keys that are not this plugin's:", *found)) + f"\n{advice}"


def shipped(folder: Path) -> str:
    """Return the mlflow.yml of a new project: the most used keys, at their defaults.

    Its first line tells editors where its JSON schema is. Only a project with a copy of the plugin
    has it in a place that holds on every machine.

    Args:
        folder: Where the file is to be.
    """
    text = (Path(__file__).parents[2] / FILE).read_text(encoding="utf-8")
    first, _, others = text.partition("\n")
    return text if (folder / first.partition("$schema=")[2]).is_file() else others


def ignoring(text: str, also: Iterable[str] = ()) -> str:
    r"""Add the files that git should ignore to the text of a .gitignore.

    Args:
        text: The present text.
        also: More files than :data:`IGNORED`.

    Example:
        >>> ignoring("mlruns\nmlflow.db*\n").splitlines()[2:]
        ['', "# MLflow's store, and what mlflow_on_kedro keeps between runs", '.mlflow_on_kedro/']
    """
    end = "\r\n" if "\r\n" in text else "\n"
    present = {line.strip().strip("/*") for line in text.splitlines()}  # "mlruns/*" counts, too
    missing = [name for name in (*IGNORED, *also) if name.strip("/*") not in present]
    if not missing:
        return text
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    lines = ["# MLflow's store, and what mlflow_on_kedro keeps between runs", *missing]
    return text + gap + "".join(f"{line}{end}" for line in lines)


def _change(path: Path, edit: Callable[[str], str]) -> Change:
    before = _read(path)
    return Change(path, before, edit(before or ""))


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
