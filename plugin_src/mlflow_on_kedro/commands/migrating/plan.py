"""Plan all that ``kedro mlflow migrate`` changes; nothing is written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...compat.kedro_viz.discovery import usual_stores
from ...compat.kedro_viz.sessions import find_stores
from ...compat.kedro_viz.tracked_files import in_catalog
from ...config.uri_schemes import SQLITE
from ...errors import ConfigError
from ...utils.installation import PACKAGE
from ...vendoring import requirements
from ..setup.initializing import Project, ignoring, wired
from ..setup.session_store import without_session_store
from ..setup.settings_trial import Settings
from ..setup.settings_wiring import CALL, wirings
from . import kedro_version, project_files, python_text, requirements_text
from .conf_files import ConfFiles
from .findings import Rewritten
from .project_texts import Plan, ProjectTexts
from .sources import SOURCES

_NAMED = {"environment.yml", "environment.yaml", "conda.yml", "conda.yaml", "Dockerfile"}


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
        self._texts = ProjectTexts(project.root)
        self._plan = self._texts.plan
        self._python: dict[Path, str] = {}

    def plan(self) -> Plan:
        """Make the plan."""
        path = self._project.settings
        text = self._texts.read(path) or ""
        for file in project_files.other_files(self._root, ".py"):
            if file != path:
                self._texts.rewrite(file, python_text.rewritten, only_if_named=True)
        self._python = {change.path: change.after for change in self._plan.changes}
        settings, is_wired = self._project.present, False
        if self._python or any(source.is_in(text) for source in SOURCES):
            settings, is_wired = self._settings(path, text), True  # it may not run as it is
        self._requirements()
        folders = project_files.conf_folders(self._root, settings.conf_source)
        confs = [ConfFiles(self._texts, conf, settings.base_env) for conf in folders]
        for conf in confs:
            conf.rewrite()
        self._name_others()
        if self._plan.uses:
            if not is_wired:
                self._settings(path, text)
            change = self._plan.of(path)
            if confs and change is not None and CALL in change.after:
                confs[0].add_mlflow_yml()
            self._others_of_init([name for conf in confs for name in conf.stores()])
            self._folder_of_runs()
            self._sessions({name: entry for conf in confs for name, entry in conf.entries.items()})
        self._texts.add_marked()
        self._plan.changes.sort(key=lambda change: change.path != path)
        return self._plan

    # -- settings.py ------------------------------------------------------------------------------

    def _settings(self, path: Path, text: str) -> Settings:
        """Plan the change of settings.py that adds the hooks; return what it sets then."""
        uses = {source.name for source in SOURCES if source.is_in(text)}
        self._plan.uses |= uses
        before, text = text, _with_own_imports(text)
        project = self._project_with(text) if self._python or text != before else self._project
        settings = project.present
        try:
            after, settings = wired(text, project)
        except ConfigError as error:
            after = text
            with suppress(SyntaxError):
                if uses:
                    after = next(wirings(without_session_store(text)))
            message = error.message
            if after != before:  # it may need other files that are not written yet
                message = (
                    f"is rewritten, but could not be tried ({project.try_out(after).error}). Look "
                    "at it, and run `kedro mlflow init` then"
                )
            self._texts.add(path, 0, message)
        left: list[tuple[int, str]] = []
        with suppress(SyntaxError):
            left = python_text.rewritten(after).findings
        self._texts.take(path, Rewritten(after, left))
        return settings

    def _project_with(self, text: str) -> Project:
        """Return the project as if all other Python files were written, and settings.py a text."""
        try_out = partial(self._project.try_out, others=self._python)
        return replace(self._project, present=try_out(text), try_out=try_out)

    # -- requirements, and what is only named -----------------------------------------------------

    def _requirements(self) -> None:
        line = self._project.own_requirement
        copied = any(self._root.glob(f"src/{PACKAGE}")) or (self._root / PACKAGE).is_dir()
        edits = {
            requirements_text.in_requirements: project_files.requirement_files(self._root),
            _in_pyproject: project_files.package_files(self._root),
        }
        for edit, paths in edits.items():
            for path in paths:
                self._texts.rewrite(path, partial(edit, requirement=line, copied=copied))

    def _name_others(self) -> None:
        """Name the files that are not rewritten."""
        others = [*project_files.other_files(self._root, ".ipynb")]
        others += [self._root / name for name in sorted(_NAMED) if (self._root / name).is_file()]
        for path in others:
            text = self._texts.read(path) or ""
            for source in SOURCES:
                lines = text.splitlines()
                words = (*source.modules, *([source.name] if source.is_replaced else []))
                number = next(
                    (n for n, line in enumerate(lines, 1) if any(word in line for word in words)), 0
                )
                if number:
                    self._texts.add(path, number, f"names {source.name}, and is not rewritten")

    def _others_of_init(self, stores: list[str]) -> None:
        """Plan what `kedro mlflow init` does beside settings.py and mlflow.yml."""
        path = self._root / ".gitignore"
        text = self._texts.read(path)
        if text is not None or not path.exists():  # it can be read
            also = [f"{name}*" for name in dict.fromkeys(stores)]
            self._texts.change(path, ignoring(text or "", also))
        replaced = {source.name for source in SOURCES if source.is_replaced}
        path, line = self._root / requirements.FILE, self._project.requirement
        text = self._texts.read(path)
        if text is not None and line is not None and not replaced & self._plan.uses:
            self._texts.change(path, requirements.with_plugin(text, line))

    # -- what other commands do -------------------------------------------------------------------

    def _folder_of_runs(self) -> None:
        folder = self._root / "mlruns"
        database = self._root / SQLITE.rpartition("/")[2]
        is_named = any("migrate-filestore" in found.message for found in self._plan.findings)
        if is_named or database.exists() or not any(folder.glob("*/meta.yaml")):
            return
        if not _has_migrate_filestore():
            return
        self._texts.add(
            folder,
            0,
            "has runs. If they are to be where new ones are (without a tracking URI that is "
            f"{SQLITE}), `mlflow migrate-filestore --source mlruns --target {SQLITE}` brings them "
            "there; it has to be before the first new run",
        )

    def _sessions(self, entries: dict[str, Any]) -> None:
        """Name the command that imports sessions of Kedro-Viz, if there are any."""
        files, _ = in_catalog(entries, self._root)
        places = [*find_stores(usual_stores(self._root))]
        places += [one.path for one in files if one.sessions()]
        if places:
            self._texts.add(
                places[0],
                0,
                "has sessions of Kedro-Viz. `kedro mlflow import` brings them into MLflow, and "
                "`kedro mlflow import --dry-run` shows which",
            )


def _in_pyproject(text: str, requirement: str | None, *, copied: bool) -> Rewritten:
    before = kedro_version.rewritten(text)
    found = requirements_text.in_pyproject(before.text, requirement, copied=copied)
    found.findings += before.findings
    return found


def _with_own_imports(text: str) -> str:
    try:
        return python_text.rewritten(text).text
    except SyntaxError:
        return text


def _has_migrate_filestore() -> bool:
    """Whether the installed MLflow has the command; MLflow is not imported."""
    found = find_spec("mlflow")
    return found is not None and Path(str(found.origin)).parent.joinpath("store/fs2db").is_dir()
