"""mlflow.yml of a project, with hooks' arguments and the command's keys laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..utils.secrets import mask_urls
from . import files, meant_keys, resolvers
from .command_texts import as_typed
from .parsing import parse
from .sections import RUNTIME_SECTION, Config

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

RUNTIME_WHERE = f"--params {RUNTIME_SECTION}.…"

_FOR_ANYBODY = frozenset({"run", "params", "experiment.name", "experiment.tags"})
"""What a caller that is not trusted may set for a run."""


def read(context: KedroContext, arguments: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """Read mlflow.yml of a context's environment; without the file all is at its default.

    Hooks' arguments win over the file, and over both what comes with the command:
    ``kedro run --params mlflow.run.key=abc`` sets ``run.key``, or any other key, for one run.

    Args:
        context: A session's context.
        arguments: Those of hooks, by section.

    Raises:
        ConfigError: See :func:`parse`.
    """
    loader = context.config_loader
    where = place(context)
    content = _content(loader, where)
    config = _parsed(content, files.of_loader(loader), Path(context.project_path))
    if arguments:
        sections = {key: {**(content.get(key) or {}), **keys} for key, keys in arguments.items()}
        content = {**content, **sections}
        config = parse(content, "settings.py")  # mlflow.yml is right without them
    runtime = as_typed(loader.runtime_params or {}, RUNTIME_SECTION)
    meant_keys.warn_of_parameters(runtime, Path(str(loader.conf_source)))
    given = runtime.get(RUNTIME_SECTION, {})
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"--params {RUNTIME_SECTION}={given}: name a key of mlflow.yml, as in "
            f"--params {RUNTIME_SECTION}.enabled=false"
        )
    if not given:
        return config
    parse(given, RUNTIME_WHERE)
    if getattr(loader, "restrict_runtime_params_type_selection", False):
        _check_harmless(given)
    return parse(_merged(content, given), f"{where} with {RUNTIME_WHERE}")


def place(context: KedroContext) -> str:
    """Name the mlflow.yml files of a context's environment, for messages."""
    return files.named(files.of_loader(context.config_loader), Path(context.project_path))


def _parsed(content: Mapping[str, Any], paths: Sequence[Path], root: Path) -> Config:
    """Parse the content of several files; a mistake is said with the file that has it."""
    try:
        return parse(content, files.named(paths, root))
    except ConfigError as error:
        if len(paths) > 1:
            for path in reversed(paths):
                _raise_if_same(error, path, root)
        raise


def _raise_if_same(error: ConfigError, path: Path, root: Path) -> None:
    """Raise the mistake of all files anew if one file makes it by itself."""
    where = files.named([path], root)
    given = files.read(path)
    try:
        parse(given if isinstance(given, Mapping) else {}, where)
    except ConfigError as mistake:
        if error.message.endswith(mistake.message.removeprefix(where)):
            raise mistake from None


def _content(loader: Any, where: str) -> Mapping[str, Any]:
    from kedro.config import MissingConfigException
    from yaml import YAMLError

    patterns = getattr(loader, "config_patterns", None)
    if isinstance(patterns, dict):
        patterns.setdefault("mlflow", ["mlflow*", "mlflow*/**", "**/mlflow*"])
    strategies = getattr(loader, "merge_strategy", None)
    if isinstance(strategies, dict):  # an environment's file changes single keys of a section
        strategies.setdefault("mlflow", "soft")
    resolvers.register()
    try:
        content: Mapping[str, Any] = loader["mlflow"]
    except (MissingConfigException, KeyError):
        return {}
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        # OmegaConf's errors are ValueErrors, but where files of two environments do not fit.
        said = mask_urls(" ".join(str(error).split()))
        raise ConfigError(f"{where} cannot be read: {said}") from None
    return content


def _check_harmless(given: Mapping[str, Any]) -> None:
    # As `kedro server start` does: who sends the parameters may be anybody, and must not choose
    # where credentials, files and environment variables are sent to.
    for section, keys in given.items():
        dotted = {f"{section}.{key}" for key in keys} if isinstance(keys, Mapping) else {section}
        if section in _FOR_ANYBODY or dotted <= _FOR_ANYBODY:
            continue
        raise ConfigError(
            f"{RUNTIME_WHERE}: '{section}' can be set in mlflow.yml only, because this session "
            f"takes parameters from anybody. Valid here: {', '.join(sorted(_FOR_ANYBODY))}."
        )


def _merged(content: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(content)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return merged
