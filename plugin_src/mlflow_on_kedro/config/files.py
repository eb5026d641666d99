"""The mlflow.yml files of a project, in all its environments, before Kedro reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .checks import unknown_keys
from .sections import Config

_NAME = "mlflow"
_SUFFIXES = frozenset({".yml", ".yaml", ".json"})


def in_environments(conf: Path) -> list[Path]:
    """Find the files that Kedro reads as mlflow.yml.

    Args:
        conf: The folder that holds the environments.
    """
    return [
        path
        for path in sorted(conf.rglob("*"))
        if path.suffix in _SUFFIXES and _is_read(path.relative_to(conf).parts[1:])
    ]


def _is_read(parts: tuple[str, ...]) -> bool:
    # As OmegaConfigLoader's pattern: mlflow*, mlflow*/**, **/mlflow*.
    return bool(parts) and (parts[0].startswith(_NAME) or parts[-1].startswith(_NAME))


def problems(path: Path) -> Iterator[str]:
    """Say what in a file is none of this plugin's, each key by itself.

    Raises:
        ConfigError: The file cannot be read.
    """
    content = _content(path)
    if isinstance(content, dict):  # what begins with an underscore is Kedro's to leave out
        content = {key: value for key, value in content.items() if not str(key).startswith("_")}
    for problem in unknown_keys({} if content is None else content, Config, str(path)):
        yield f"unknown key {problem}"


def _content(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {said}") from None
