"""A project's mlflow.yml, overridden by hooks' arguments and by ``kedro run --params mlflow.…``."""

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

_HARMLESS = frozenset({"run", "params", "experiment.name", "experiment.tags"})
"""Sections and keys that a caller who is not trusted may set for a run."""


def read(context: KedroContext, arguments: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """Read mlflow.yml in a context's environment; without the file every key has its default.

    Hooks' arguments win over the file, and ``kedro run --params mlflow.run.key=abc`` wins over
    both: it sets ``run.key``, or any other key, for one run.

    Args:
        context: A session's context.
        arguments: Values from hooks' arguments: section -> key -> value.

    Raises:
        ConfigError: See :func:`parse`.
    """
    loader = context.config_loader
    where = place(context)
    content = _content(loader, where) or {}
    config = _parsed(content, files.files_of(loader), Path(context.project_path))
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


def has_mlflow_yml(context: KedroContext) -> bool:
    """Return whether a project has an mlflow.yml in a context's environment, or in the base."""
    return _content(context.config_loader, place(context)) is not None


def place(context: KedroContext) -> str:
    """Name the mlflow.yml files in a context's environment, for messages."""
    return files.in_words(files.files_of(context.config_loader), Path(context.project_path))


def _parsed(content: Mapping[str, Any], paths: Sequence[Path], root: Path) -> Config:
    """Parse the content of several files; a message about a mistake names the file that has it."""
    try:
        return parse(content, files.in_words(paths, root))
    except ConfigError as error:
        if len(paths) > 1:
            for path in reversed(paths):
                _raise_if_same(error, path, root)
        raise


def _raise_if_same(error: ConfigError, path: Path, root: Path) -> None:
    """Raise the mistake with the name of one file if that file has it by itself."""
    where = files.in_words([path], root)
    given = files.read(path)
    try:
        parse(given if isinstance(given, Mapping) else {}, where)
    except ConfigError as mistake:
        if error.message.endswith(mistake.message.removeprefix(where)):
            raise mistake from None


def _content(loader: Any, where: str) -> Mapping[str, Any] | None:
    """Return the content of mlflow.yml; None if no environment has the file."""
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
        return None
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        # OmegaConf raises ValueErrors, and others where files of two environments do not match.
        reason = mask_urls(" ".join(str(error).split()))
        raise ConfigError(f"{where} cannot be read: {reason}") from None
    return content


def _check_harmless(given: Mapping[str, Any]) -> None:
    # As `kedro server start` does: anybody may send the parameters, and must not choose where
    # credentials, files and environment variables are sent to.
    for section, keys in given.items():
        dotted = {f"{section}.{key}" for key in keys} if isinstance(keys, Mapping) else {section}
        if section in _HARMLESS or dotted <= _HARMLESS:
            continue
        raise ConfigError(
            f"{RUNTIME_WHERE}: '{section}' can be set in mlflow.yml only, because this session "
            f"takes parameters from anybody. Valid here: {', '.join(sorted(_HARMLESS))}."
        )


def _merged(content: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(content)
    for key, value in overrides.items():
        below = merged.get(key)
        are_mappings = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if are_mappings else value  # type: ignore[arg-type]
    return merged
