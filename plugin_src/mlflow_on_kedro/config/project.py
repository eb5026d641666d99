"""mlflow.yml of a project, with hooks' arguments and the command's keys laid over it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..utils.secrets import mask_urls
from ..utils.suggestions import alike
from . import resolvers
from .checks import FILE
from .command_texts import as_typed
from .parsing import parse
from .sections import RUNTIME_SECTION, Config

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

logger = logging.getLogger(__name__)

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
    content = _content(loader)
    config = parse(content)
    if arguments:
        sections = {key: {**(content.get(key) or {}), **keys} for key, keys in arguments.items()}
        content = {**content, **sections}
        config = parse(content, "settings.py")  # mlflow.yml is right without them
    runtime = as_typed(loader.runtime_params or {}, RUNTIME_SECTION)
    _warn_of_others(runtime)
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
    return parse(_merged(content, given), f"{FILE} with {RUNTIME_WHERE}")


def _warn_of_others(runtime: Mapping[str, Any]) -> None:
    """Warn of keys of mlflow.yml below a parameter whose name is nearly that of their section."""
    known = {item.name for item in fields(Config)}
    for name, value in runtime.items():
        if name == RUNTIME_SECTION or not alike(str(name), RUNTIME_SECTION):
            continue
        if isinstance(value, Mapping) and known & value.keys():
            key = f"{RUNTIME_SECTION}.{next(iter(known & value.keys()))}"
            logger.warning(
                "--params %s.…: this is a parameter of the project. Did you mean %s.…, which "
                "changes mlflow.yml for this run?",
                name,
                key,
            )


def _content(loader: Any) -> Mapping[str, Any]:
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
        raise ConfigError(f"{FILE} cannot be read: {said}") from None
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
