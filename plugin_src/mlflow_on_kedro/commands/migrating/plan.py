"""Plan all that ``kedro mlflow migrate`` changes; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...compat.kedro_viz.discovery import usual_stores
from ...compat.kedro_viz.sessions import find_stores
from ...compat.kedro_viz.tracked_files import in_catalog
from ...config.checks import FILE
from ...config.uri_schemes import SQLITE
from ...errors import ConfigError
from ...utils.installation import PACKAGE
from ..setup.initializing import Change, Project, ignoring, shipped, wired
from ..setup.settings_trial import Settings
from ..setup.settings_wiring import CALL, wirings
from . import catalog_text, parameters_text, project_files, python_text, requirements_text
from .findings import Finding, Rewritten
from .mlflow_yml_files import MlflowYmlFiles
from .sources import OLD_KEDRO, PIPELINEX, SOURCES
from .yaml_tree import YamlError, YamlText

_MARK = "\ufeff"
_NAMED = {"environment.yml", "environment.yaml", "conda.yml", "conda.yaml", "Dockerfile"}


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


def plan(project: Project) -> Plan:
    """Find what has to be changed in a project of another plugin.

    Args:
        project: The project.

    Returns:
        The plan; without changes if the project is this plugin's already.
    """
    return _Planning(project).plan()


class _Planning:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._root = project.root
        self._plan = Plan()
        self._texts: dict[Path, str] = {}
        self._python: dict[Path, str] = {}
        self._tracked: dict[str, Any] = {}
        self._has_settings = False

    def plan(self) -> Plan:
        """Make the plan."""
        path = self._project.settings
        text = self._read(path) or ""
        for file in project_files.other_files(self._root, ".py"):
            if file != path:
                self._rewrite(file, python_text.rewritten, only_if_named=True)
        self._python = {change.path: change.after for change in self._plan.changes}
        settings, changes = self._project.present, list[Change]()
        if self._python or any(source.is_in(text) for source in SOURCES):
            changes, settings = self._settings(path, text)  # it may not run as it is
        self._requirements()
        for conf in project_files.conf_folders(self._root, settings.conf_source):
            self._mlflow_yml(conf, settings.base_env)
            self._parameters(conf, settings.base_env)
            self._catalogs(conf)
        self._name_others()
        if self._plan.uses:
            if not changes and not self._has_settings:
                changes, settings = self._settings(path, text)
            if any(CALL in change.after for change in changes):
                self._new_mlflow_yml(self._root / settings.conf_source / settings.base_env)
            self._plan.changes = [*changes, *self._plan.changes, *self._gitignore()]
            self._folder_of_runs()
            self._sessions()
        return self._plan

    # -- files of configuration -------------------------------------------------------------------

    def _mlflow_yml(self, conf: Path, base: str) -> None:
        texts: dict[Path, str] = {}
        for path in project_files.config_files(conf, "mlflow"):
            text = self._read(path)
            if text is None or path.suffix == ".json":
                self._name_json(path, text, "server", "tracking", "mlflow_tracking_uri")
            else:
                texts[path] = text.removeprefix(_MARK)
        files = MlflowYmlFiles(self._root, conf, base)
        for path, found in files.rewrite(texts, self._cannot_edit).items():
            self._take(path, found)

    def _parameters(self, conf: Path, base: str) -> None:
        """Move the hooks of PipelineX from parameters files to the mlflow.yml beside them."""
        for path in project_files.config_files(conf, "parameters"):
            text = self._read(path)
            if text is None or path.suffix == ".json":
                continue
            try:
                found, content = parameters_text.rewritten(text.removeprefix(_MARK))
            except YamlError:
                continue  # Kedro says it; nothing of a plugin is known to be in it
            self._take(path, found)
            if content:
                self._add_sections(conf, path.relative_to(conf).parts[0], base, content)

    def _add_sections(self, conf: Path, env: str, base: str, content: dict[str, Any]) -> None:
        files = [
            path
            for path in project_files.config_files(conf, "mlflow")
            if path.relative_to(conf).parts[0] == env and path.suffix != ".json"
        ]
        path = files[0] if files else conf / env / FILE
        planned = self._change_of(path)
        before = self._read(path)
        is_new = before is None and planned is None
        text = planned.after if planned else before or (shipped(path.parent) if env == base else "")
        try:
            after = parameters_text.with_sections(text, content, is_new=is_new)
        except YamlError as error:
            self._cannot_edit(path, error)
            return
        self._plan.changes = [one for one in self._plan.changes if one.path != path]
        self._plan.changes.append(Change(path, before, after))

    def _new_mlflow_yml(self, folder: Path) -> None:
        """Add mlflow.yml with its defaults, as `kedro mlflow init` does, if there is none."""
        if not any(folder.glob("mlflow*")) and self._change_of(folder / FILE) is None:
            self._plan.changes.insert(0, Change(folder / FILE, None, shipped(folder)))

    def _change_of(self, path: Path) -> Change | None:
        return next((change for change in self._plan.changes if change.path == path), None)

    def _catalogs(self, conf: Path) -> None:
        paths = project_files.config_files(conf, "catalog")
        texts = {path: text for path in paths if (text := self._read(path)) is not None}
        is_old = PIPELINEX.name in self._plan.uses or any(map(PIPELINEX.is_in, texts.values()))
        sources = (*SOURCES, OLD_KEDRO) if is_old else SOURCES
        for path, text in texts.items():
            if path.suffix == ".json":
                self._name_json(
                    path, text, *(f"{name}." for one in SOURCES for name in one.modules)
                )
                continue
            self._rewrite(path, partial(catalog_text.rewritten, sources=sources))
            with suppress(YamlError):
                self._tracked |= YamlText(text.removeprefix(_MARK)).data

    def _name_json(self, path: Path, text: str | None, *words: str) -> None:
        if text is not None and any(f'"{word}' in text for word in words):
            self._add(path, 0, "is JSON, which is not rewritten; it is read as it is")
            self._plan.uses.add(SOURCES[0].name)

    # -- Python -----------------------------------------------------------------------------------

    def _settings(self, path: Path, text: str) -> tuple[list[Change], Settings]:
        """Return the change of settings.py that adds the hooks, and what it sets then."""
        self._has_settings = True
        uses = {source.name for source in SOURCES if source.is_in(text)}
        self._plan.uses |= uses
        before, text = text, _with_own_imports(text)
        project = self._project_with(text) if self._python or text != before else self._project
        settings = project.present
        try:
            after, settings = wired(text, project)
        except ConfigError as error:
            after = text
            try:
                if uses:
                    after = self._untried(text, project)
            except SyntaxError:
                pass
            if after == text:
                self._add(path, 0, error.message)
        left = python_text.rewritten(after) if after != text or not uses else Rewritten(after)
        self._plan.findings += [Finding(self._place(path, n), what) for n, what in left.findings]
        return [Change(path, before, left.text)] if left.text != before else [], settings

    def _project_with(self, text: str) -> Project:
        """Return the project as if all other Python files were written, and settings.py a text."""
        try_out = partial(self._project.try_out, others=self._python)
        return replace(self._project, present=try_out(text), try_out=try_out)

    def _untried(self, text: str, project: Project) -> str:
        """Write the hooks into a settings.py that does not run before other files are written."""
        after = next(wirings(text))
        tried = project.try_out(after)
        self._add(
            project.settings,
            0,
            f"is rewritten, but could not be tried ({tried.error}). Look at it, and run "
            "`kedro mlflow init` then",
        )
        return after

    # -- requirements, and what is only named -----------------------------------------------------

    def _requirements(self) -> None:
        line = self._project.requirement
        copied = any(self._root.glob(f"src/{PACKAGE}")) or (self._root / PACKAGE).is_dir()
        for path in project_files.requirement_files(self._root):
            self._rewrite(
                path, lambda text: requirements_text.in_requirements(text, line, copied=copied)
            )
        for path in project_files.package_files(self._root):
            self._rewrite(
                path, lambda text: requirements_text.in_pyproject(text, line, copied=copied)
            )

    def _name_others(self) -> None:
        """Name the files that are not rewritten."""
        others = [*project_files.other_files(self._root, ".ipynb")]
        others += [self._root / name for name in sorted(_NAMED) if (self._root / name).is_file()]
        for path in others:
            text = self._read(path) or ""
            for source in SOURCES:
                lines = text.splitlines()
                words = (*source.modules, *([source.name] if source.is_replaced else []))
                number = next(
                    (n for n, line in enumerate(lines, 1) if any(word in line for word in words)), 0
                )
                if number:
                    self._add(path, number, f"names {source.name}, and is not rewritten")

    def _gitignore(self) -> list[Change]:
        path = self._root / ".gitignore"
        text = self._read(path)
        after = ignoring(text or "")
        return [Change(path, text, after)] if text is not None and after != text else []

    def _folder_of_runs(self) -> None:
        folder = self._root / "mlruns"
        database = self._root / SQLITE.rpartition("/")[2]
        is_named = any("migrate-filestore" in found.message for found in self._plan.findings)
        if is_named or database.exists() or not any(folder.glob("*/meta.yaml")):
            return
        if not _has_migrate_filestore():
            return
        self._add(
            folder,
            0,
            "has runs. If they are to be where new ones are (without a tracking URI that is "
            f"{SQLITE}), `mlflow migrate-filestore --source mlruns --target {SQLITE}` brings them "
            "there; it has to be before the first new run",
        )

    def _sessions(self) -> None:
        """Name the command that imports sessions of Kedro-Viz, if there are any."""
        files, _ = in_catalog(self._tracked, self._root)
        if find_stores(usual_stores(self._root)) or any(one.sessions() for one in files):
            self._add(
                self._root,
                0,
                "has sessions of Kedro-Viz. `kedro mlflow import` brings them into MLflow, and "
                "`kedro mlflow import --dry-run` shows which",
            )

    # -- one file ---------------------------------------------------------------------------------

    def _rewrite(
        self, path: Path, edit: Callable[[str], Rewritten], *, only_if_named: bool = False
    ) -> None:
        text = self._read(path, only_if_named=only_if_named)
        if text is None:
            return
        try:
            self._take(path, edit(text.removeprefix(_MARK)))
        except (ValueError, SyntaxError) as error:
            self._cannot_edit(path, error)

    def _read(self, path: Path, *, only_if_named: bool = False) -> str | None:
        """Read a file; None if there is none, or if it cannot be read, which is said."""
        try:
            given = path.read_bytes()
            is_named = any(name.encode() in given for one in SOURCES for name in one.modules)
            if only_if_named and not is_named:
                return None
            text = given.decode()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._add(path, 0, f"cannot be read: {error.strerror}")
            return None
        except UnicodeDecodeError as error:
            line = given.count(b"\n", 0, error.start) + 1
            self._add(path, line, "is not UTF-8, so it is left as it is")
            return None
        self._texts[path] = text
        return text

    def _take(self, path: Path, found: Rewritten) -> None:
        before = self._texts[path]
        mark = _MARK if before.startswith(_MARK) else ""
        if mark + found.text != before:
            self._plan.changes.append(Change(path, before, mark + found.text))
        self._plan.findings += [Finding(self._place(path, n), what) for n, what in found.findings]
        self._plan.uses |= found.uses

    def _cannot_edit(self, path: Path, error: Exception) -> None:
        if isinstance(error, YamlError):
            self._add(path, error.line, f"is no YAML that can be edited: {error}")
        elif isinstance(error, SyntaxError):
            self._add(path, error.lineno or 0, f"is no Python: {error.msg}")
        else:
            self._add(path, 0, f"cannot be edited: {error}")

    def _add(self, path: Path, line: int, message: str) -> None:
        self._plan.findings.append(Finding(self._place(path, line), message))

    def _place(self, path: Path, line: int) -> str:
        is_inside = path.is_relative_to(self._root)
        name = path.relative_to(self._root).as_posix() if is_inside else str(path)
        return f"{name}:{line}" if line else name


def _with_own_imports(text: str) -> str:
    try:
        return python_text.rewritten(text).text
    except SyntaxError:
        return text


def _has_migrate_filestore() -> bool:
    """Whether the installed MLflow has the command; MLflow is not imported."""
    found = find_spec("mlflow")
    return found is not None and Path(str(found.origin)).parent.joinpath("store/fs2db").is_dir()
