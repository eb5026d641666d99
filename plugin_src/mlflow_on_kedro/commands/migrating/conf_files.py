"""Plan the changes of the files in a folder of configuration: mlflow.yml, parameters, catalogs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ...compat.pipelinex.hatch_dict import OBJECT
from ...config.checks import FILE
from ..setup.initializing import shipped
from . import catalog_text, parameters_text, project_files
from .mlflow_yml_files import MlflowYmlFiles
from .project_texts import MARK, ProjectTexts
from .sources import PIPELINEX, SOURCES, Source
from .yaml_tree import YamlError, YamlText, entries_of

_SQLITE_FILE = re.compile(r"sqlite:///(?:\./)?([\w.\-][\w.\-/]*)")
"""A URI with a path from the project's root."""


class ConfFiles:
    """The files of all environments in a folder of configuration.

    Args:
        texts: The project's files.
        conf: The folder with the environments' folders.
        base: The name of the base environment.
    """

    def __init__(self, texts: ProjectTexts, conf: Path, base: str) -> None:
        self._texts = texts
        self._conf = conf
        self._base = base
        self.entries: dict[str, Any] = {}
        """The entries of all catalogs, as they were."""

    def rewrite(self) -> None:
        """Rewrite the files that are written for other plugins."""
        self._mlflow_yml()
        for path in self._files("parameters"):
            self._parameters(path)
        self._catalogs()

    def add_mlflow_yml(self) -> None:
        """Add mlflow.yml with its defaults, as `kedro mlflow init` does, if there is none."""
        path = self._conf / self._base / FILE
        if not self._mlflow_files(self._base) and self._texts.plan.of(path) is None:
            self._texts.change(path, shipped(path.parent))

    def stores(self) -> Iterator[str]:
        """Yield the files of SQLite, in the project, that mlflow.yml names as MLflow's store."""
        for path in self._files("mlflow"):
            change = self._texts.plan.of(path)
            text = change.after if change else self._texts.read(path)
            with suppress(YamlError):
                tracking = entries_of((text or "").removeprefix(MARK)).get("tracking")
                values = tracking.values() if isinstance(tracking, Mapping) else ()
                found = [match for one in values if (match := _SQLITE_FILE.fullmatch(str(one)))]
                yield from (match[1] for match in found if ".." not in match[1])

    def _files(self, name: str) -> list[Path]:
        return project_files.config_files(self._conf, name)

    def _mlflow_files(self, env: str) -> list[Path]:
        return [path for path in self._files("mlflow") if self._env(path) == env]

    def _env(self, path: Path) -> str:
        return path.relative_to(self._conf).parts[0]

    def _mlflow_yml(self) -> None:
        texts: dict[Path, str] = {}
        for path in self._files("mlflow"):
            text = self._texts.read(path)
            if text is None:
                continue
            if path.suffix == ".json":
                words = ("server", "tracking", "mlflow_tracking_uri")
                self._name_json(path, text, words, SOURCES[0])
            else:
                texts[path] = text
        files = MlflowYmlFiles(self._texts.root, self._conf, self._base)
        for path, found in files.rewrite(texts, self._texts.cannot_edit).items():
            self._texts.take(path, found)

    def _name_json(self, path: Path, text: str, words: Iterable[str], source: Source) -> None:
        """Name a JSON file that has a plugin's words at the beginning of texts."""
        if any(f'"{word}' in text for word in words):
            what = f"is JSON with parts of {source.name}, which are not rewritten"
            todo = ": rewrite them by hand" if source is PIPELINEX else "; it is read as it is"
            self._texts.add(path, 0, what + todo)
            self._texts.plan.uses.add(source.name)

    def _parameters(self, path: Path) -> None:
        """Move the hooks of PipelineX from a parameters file to the mlflow.yml beside it."""
        text = self._texts.read(path)
        if text is None:
            return
        if path.suffix == ".json":
            if parameters_text.has_hooks(text):
                self._name_json(path, text, (OBJECT,), PIPELINEX)
            return
        if parameters_text.EQUALS not in text:
            return
        try:
            found, content = parameters_text.rewritten(text)
        except ValueError as error:
            self._texts.cannot_edit(path, error)
            return
        self._texts.take(path, found)
        if content:
            self._add_sections(self._env(path), content)

    def _add_sections(self, env: str, content: Mapping[str, Any]) -> None:
        files = [path for path in self._mlflow_files(env) if path.suffix != ".json"]
        path = files[0] if files else self._conf / env / FILE
        present, planned = self._texts.read(path), self._texts.plan.of(path)
        text = planned.after if planned else present
        if text is None:
            text = shipped(path.parent) if env == self._base else ""
        try:
            after = parameters_text.with_sections(text.removeprefix(MARK), content)
        except YamlError as error:
            self._texts.cannot_edit(path, error)
        else:
            self._texts.change(path, after)

    def _catalogs(self) -> None:
        paths = self._files("catalog")
        texts = {path: text for path in paths if (text := self._texts.read(path)) is not None}
        # PipelineX works with no later Kedro.
        is_old = PIPELINEX.name in self._texts.plan.uses or any(
            map(PIPELINEX.is_in, texts.values())
        )
        edit = partial(catalog_text.rewritten, is_old_kedro=is_old)
        for path, text in texts.items():
            if path.suffix == ".json":
                for source in SOURCES:
                    self._name_json(path, text, [f"{one}." for one in source.modules], source)
                continue
            self._texts.rewrite(path, edit)
            with suppress(YamlError):
                self.entries |= YamlText(text).data
