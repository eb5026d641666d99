"""Rewrite the mlflow.yml files of all environments, so that together they mean what they meant."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...compat.kedro_mlflow import dotted_keys
from ...compat.kedro_mlflow.mlflow_yml import DEFAULTS, is_old
from ...config import kedro_mlflow_file
from ...utils.nested import merged
from .findings import Rewritten
from .mlflow_yml_text import rewritten
from .project_files import config_files
from .yaml_tree import YamlText, entries_of

_NAME = "kedro-mlflow"


class _Conf:
    """What is asked of a config loader; nothing is resolved, which may need the project's code.

    Args:
        conf: The folder with the environments' folders.
        env: The name of the environment.
        base: The name of the base environment.
    """

    def __init__(self, conf: Path, env: str, base: str) -> None:
        self.conf_source = str(conf)
        self.env = env
        self.base_env = base

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Return the content of the files of a name, such as ``credentials``."""
        found: dict[str, Any] = {}
        conf = Path(self.conf_source)
        for path in config_files(conf, name):
            if path.relative_to(conf).parts[0] in {self.base_env, self.env}:
                with contextlib.suppress(ValueError, OSError):
                    found |= entries_of(path.read_text(encoding="utf-8"))
        return found


class MlflowYmlFiles:
    """The mlflow.yml files of a folder of configuration.

    Args:
        root: The project's root.
        conf: The folder with the environments' folders.
        base: The name of the base environment.
    """

    def __init__(self, root: Path, conf: Path, base: str) -> None:
        self._root = root
        self._conf = conf
        self._base = base

    def rewrite(
        self, texts: Mapping[Path, str], on_error: Callable[[Path, ValueError], None]
    ) -> dict[Path, Rewritten]:
        """Rewrite the files that are kedro-mlflow's.

        Args:
            texts: The files with their texts, without byte order marks.
            on_error: Is called for a file that cannot be edited, with a YamlError.

        Returns:
            The rewritten files.
        """
        found: dict[Path, Rewritten] = {}
        have_defaults: set[str] = set()
        in_order = sorted(texts, key=lambda path: self._env(path) != self._base)
        for path in in_order:
            env = self._env(path)
            given = bool({env, self._base} & have_defaults)
            try:
                change = self._rewritten(texts[path], env, without_defaults=given)
            except ValueError as error:
                on_error(path, error)
                continue
            if change is not None:
                found[path] = change
                have_defaults.add(env)
        self._compare(texts, found)
        return found

    def _env(self, path: Path) -> str:
        return path.relative_to(self._conf).parts[0]

    def _rewritten(self, text: str, env: str, *, without_defaults: bool) -> Rewritten | None:
        content = YamlText(text).data
        if not is_old(content):
            return None
        translation = kedro_mlflow_file.read(content, self._loader(env), self._root)
        explicit = {change.new for change in translation.changes}
        missing = [
            key
            for key in DEFAULTS
            if without_defaults and key not in explicit and not dotted_keys.has_key(content, key)
        ]
        after = rewritten(text, translation.content, translation.changes, missing)
        notes = [(_line_below(after, note), note) for note in translation.notes]
        dropped = [one.old for one in translation.changes if one.new is None and not one.note]
        return Rewritten(after, notes, {_NAME}, dropped)

    def _loader(self, env: str) -> _Conf:
        return _Conf(self._conf, env, self._base)

    def _compare(self, texts: Mapping[Path, str], found: Mapping[Path, Rewritten]) -> None:
        """Say where an environment's files and the base's do not mean together what they meant."""
        for env in sorted({self._env(path) for path in texts}):
            files = [one for one in texts if self._env(one) == self._base]
            files += [one for one in texts if self._env(one) == env != self._base]
            changed = [path for path in files if path in found]
            if not changed:
                continue
            loader = self._loader(env)
            before, after = (
                _leaves(kedro_mlflow_file.read(content, loader, self._root).content)
                for content in (_merged(texts, files), _merged(texts, files, found))
            )
            found[changed[-1]].findings += [
                (0, f"in environment '{env}', '{key}' is not what it was: check it")
                for key in sorted(before.keys() | after.keys())
                if before.get(key) != after.get(key)
            ]


def _line_below(text: str, comment: str) -> int:
    """Return the number of the line below a comment; 0: there is no such comment."""
    before, found, _ = text.partition(comment)
    return before.count("\n") + 2 if found else 0


def _merged(
    texts: Mapping[Path, str], files: Sequence[Path], found: Mapping[Path, Rewritten] | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for path in files:
        text = found[path].text if found and path in found else texts[path]
        try:
            given = YamlText(text).data
        except ValueError:
            continue
        content = merged(content, given)
    return content


def _leaves(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            found.update(_leaves(value, f"{prefix}{name}."))
        elif value is not None:
            found[f"{prefix}{name}"] = value
    return found
