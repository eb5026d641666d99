"""A project's mlflow.yml, overridden by hooks' arguments and by ``kedro run --params mlflow.…``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..compat.kedro_mlflow.mlflow_yml import Translation, translated
from ..errors import ConfigError
from ..utils.nested import merged
from ..utils.secrets import mask_urls
from . import files, kedro_mlflow_file, meant_keys, resolvers
from .command_texts import as_typed
from .parsing import parse
from .sections import RUNTIME_SECTION, Config

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

RUNTIME_WHERE = f"--params {RUNTIME_SECTION}.…"

_MISSING_VARIABLE = re.compile(r"Interpolation key '(?P<name>[^']+)' not found")

_HARMLESS = frozenset({"run", "params", "experiment.name", "experiment.tags"})
"""Sections and keys that a caller who is not trusted may set for a run."""


class Read(NamedTuple):
    """What was read of a project's mlflow.yml.

    Attributes:
        config: The configuration.
        translation: What has become of kedro-mlflow's keys, if the file has any.
    """

    config: Config
    translation: Translation


def read(context: KedroContext, arguments: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """Read mlflow.yml in a context's environment: the configuration of :func:`read_all`."""
    return read_all(context, arguments).config


def read_all(
    context: KedroContext, arguments: Mapping[str, Mapping[str, Any]] | None = None
) -> Read:
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
    root = Path(context.project_path)
    translation = kedro_mlflow_file.read(_content(loader, where) or {}, loader, root)
    content: Mapping[str, Any] = translation.content
    config = _parsed(content, files.files_of(loader), root)
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
        return Read(config, translation)
    parse(given, RUNTIME_WHERE)
    if getattr(loader, "restrict_runtime_params_type_selection", False):
        _check_harmless(given)
    config = parse(merged(content, given), f"{where} with {RUNTIME_WHERE}")
    return Read(config, translation)


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
    content = translated(given).content if isinstance(given, Mapping) else {}
    try:
        parse(content, where)
    except ConfigError as mistake:
        if error.message.endswith(mistake.message.removeprefix(where)):
            raise mistake from None


def _content(loader: Any, where: str) -> Mapping[str, Any] | None:
    """Return the content of mlflow.yml; None if no environment has the file."""
    from kedro.config import MissingConfigException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    # OmegaConf raises others than its own, too: an OSError for a file that holds a number.
    unreadable = (YAMLError, OmegaConfBaseException, ValueError, TypeError, AttributeError, OSError)
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
    except unreadable as error:
        reason = mask_urls(" ".join(str(error).split()))
        raise ConfigError(f"{where} cannot be read: {reason}{_advice(reason)}") from None
    return content


def _advice(reason: str) -> str:
    """What to do about a variable that Kedro's TemplatedConfigLoader of before 0.19 replaced."""
    missing = _MISSING_VARIABLE.search(reason)
    if missing is None:
        return ""
    name = missing["name"]
    return (
        f". If ${{{name}}} is from a globals.yml for Kedro's former TemplatedConfigLoader, write "
        f"${{globals:{name}}}."
    )


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
