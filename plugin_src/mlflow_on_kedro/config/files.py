"""The mlflow.yml files of a project, in all its environments or in those of one session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..compat.kedro_mlflow import mlflow_yml
from ..errors import ConfigError
from .checks import FILE, unknown_keys
from .sections import SUFFIXES, Config

_NAME = "mlflow"


def find_files(conf: Path) -> list[Path]:
    """Find the files that Kedro reads as mlflow.yml.

    Args:
        conf: The folder with the environments' folders.
    """
    return [
        path
        for path in sorted(conf.rglob("*"))
        if path.suffix in SUFFIXES and _matches(path.relative_to(conf).parts[1:])
    ]


def files_of(loader: Any) -> list[Path]:
    """Find the files that a config loader reads as mlflow.yml; later ones win.

    Args:
        loader: A session's config loader. If its configuration is on no local disk, there are none.
    """
    conf = Path(str(loader.conf_source))
    names = (getattr(loader, "base_env", ""), loader.env or getattr(loader, "default_run_env", ""))
    return [
        path
        for folder in dict.fromkeys(conf / (name or "") for name in names)
        for path in sorted(folder.rglob("*"))
        if path.suffix in SUFFIXES and _matches(path.relative_to(folder).parts)
    ]


def in_words(paths: Iterable[Path], root: Path) -> str:
    """Name files in a message, relative to the project's root.

    Example:
        >>> in_words([Path("/wine/conf/base/mlflow.yml")], Path("/wine"))
        'conf/base/mlflow.yml'
    """
    names = [
        path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        for path in paths
    ]
    return " and ".join(names) or FILE


def _matches(parts: tuple[str, ...]) -> bool:
    # The patterns that OmegaConfigLoader gets: mlflow*, mlflow*/**, **/mlflow*.
    return bool(parts) and (parts[0].startswith(_NAME) or parts[-1].startswith(_NAME))


def problems(path: Path) -> Iterator[str]:
    """Describe each key of a file that neither this plugin nor kedro-mlflow knows.

    Raises:
        ConfigError: The file cannot be read.
    """
    content = read(path)
    if isinstance(content, dict):  # Kedro leaves out keys that begin with an underscore
        content = {key: value for key, value in content.items() if not str(key).startswith("_")}
        content = mlflow_yml.translated(content).content
    for problem in unknown_keys({} if content is None else content, Config, str(path)):
        yield f"unknown key {problem}"


def read(path: Path) -> Any:
    """Read one file without resolving ``${…}``, which Kedro's config loader does.

    Raises:
        ConfigError: The file cannot be read.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {reason}") from None
