"""Run a text as settings.py, as Kedro does, in another process before it is written."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from ...utils import kedro_internals
from ...utils.secrets import mask_urls

_MARK = "mlflow-on-kedro settings: "
_BOOT = (
    "import json, sys; request = json.load(sys.stdin); sys.path[:] = request.pop('path'); "
    "from mlflow_on_kedro.commands.setup.settings_trial import main; main(**request)"
)
_SECONDS = 120


@dataclass(frozen=True)
class Settings:
    """What a settings.py sets.

    Attributes:
        hooks: The classes of the objects in HOOKS, with their modules.
        disabled: Plugins whose hooks are not registered.
        conf_source: The folder of the configuration, relative to the project's root.
        base_env: The environment that all others override.
        error: Why the file does not run; None: it does.
    """

    hooks: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    conf_source: str = "conf"
    base_env: str = "base"
    error: str | None = None

    def hooks_of(self, package: str) -> list[str]:
        """Return the hooks whose classes are in a package."""
        return [name for name in self.hooks if name.split(".")[0] == package]

    def hooks_but_of(self, *packages: str) -> list[str]:
        """Return the hooks whose classes are in none of the packages."""
        return [name for name in self.hooks if name.split(".")[0] not in packages]


def of_this_process(path: Path) -> Settings:
    """Return what the settings.py of the project sets that Kedro has bootstrapped here."""
    from kedro.framework.project import settings, validate_settings

    try:
        validate_settings()  # otherwise a failed import is ignored, and all settings are defaults
        return _read(settings)
    except Exception as error:
        return Settings(error=_in_words(error, path))


def try_out(
    path: Path, text: str, package: str, others: Mapping[Path, str] | None = None
) -> Settings:
    """Run a text as the settings.py of a package, in a new process with this one's import path.

    Args:
        path: The path of settings.py.
        text: The text to run.
        package: The project's package.
        others: Other Python files, and the texts to import in their place.
    """
    request = {
        "path": sys.path,
        "file": str(path),
        "text": text,
        "package": package,
        "others": {str(file): other for file, other in (others or {}).items()},
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", _BOOT],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Settings(error=f"it has not finished within {_SECONDS} s")
    except OSError as error:
        return Settings(error=f"{sys.executable} cannot be started to try it out: {error}")
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(_MARK):
            found = json.loads(line.removeprefix(_MARK))
            hooks, disabled = tuple(found.pop("hooks")), tuple(found.pop("disabled"))
            return Settings(hooks, disabled, **found)
    said = done.stderr.strip().splitlines() or ["no message"]
    return Settings(error=f"it ends Python with status {done.returncode}: {said[-1]}")


def main(file: str, text: str, package: str, others: Mapping[str, str]) -> None:
    """Print what a text sets; this is what the new process runs."""
    found = execute(
        Path(file), text, package, {Path(name): other for name, other in others.items()}
    )
    print(f"\n{_MARK}{json.dumps(asdict(found))}")  # noqa: T201 - for the parent process


def execute(
    path: Path, text: str, package: str, others: Mapping[Path, str] | None = None
) -> Settings:
    """Run a text as the settings.py of a package in this process; see :func:`try_out`."""
    from kedro.framework import project

    try:
        _import_texts({str(file): other for file, other in (others or {}).items()})
        _import(path, text, package)
        kedro_internals.read_settings(package)
        return _read(project.settings)
    except Exception as error:
        return Settings(error=_in_words(error, path))


def _import_texts(texts: Mapping[str, str]) -> None:
    """Let files be imported as if they had other texts."""
    if not texts:
        return
    of_file = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> Any:
        text = texts.get(self.path)
        return of_file(self, name) if text is None else compile(_code(text), self.path, "exec")

    SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign]


def _code(text: str) -> str:
    return text.removeprefix("\ufeff")


def _import(path: Path, text: str, package: str) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    importlib.import_module(package)
    name = f"{package}.settings"
    spec: Any = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    sys.modules[name] = module  # so that Kedro does not import the file
    exec(compile(_code(text), str(path), "exec"), vars(module))  # noqa: S102 - as an import does


def _read(settings: Any) -> Settings:
    arguments: Any = settings.CONFIG_LOADER_ARGS or {}
    return Settings(
        hooks=tuple(_class_names(settings.HOOKS)),
        disabled=tuple(str(name) for name in settings.DISABLE_HOOKS_FOR_PLUGINS),
        conf_source=str(settings.CONF_SOURCE),
        base_env=str(arguments.get("base_env") or "base"),
    )


def _class_names(hooks: Iterable[Any]) -> list[str]:
    return [f"{type(hook).__module__}.{type(hook).__qualname__}" for hook in hooks]


def _in_words(error: Exception, path: Path) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]
    at = f"line {lines[-1]}: " if lines else ""
    said = mask_urls(" ".join(str(error).split()))
    return f"{at}{type(error).__name__}: {said}"
