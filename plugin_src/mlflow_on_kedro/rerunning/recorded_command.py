"""``RecordedCommand``: the ``kedro run`` command of a run, as far as it can be repeated.

The command comes from a server. It is split into options that are known here; nothing else of it is
used, and no shell reads it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config.sections import RUNTIME_SECTION
from ..errors import MLflowOnKedroError
from ..utils.nested import flatten
from ..utils.printable import one_line
from ..utils.secrets import MASK

_VALUES = frozenset(
    {
        *("--env", "--pipeline", "--pipelines", "--tags", "--nodes", "--from-nodes", "--to-nodes"),
        *("--from-inputs", "--to-outputs", "--load-versions", "--namespaces", "--runner"),
        *("--runner-params", "--conf-source", "--params"),
    }
)
_FLAGS = frozenset({"--async", "--only-missing-outputs"})
_RUNNER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_START = ["kedro", "run"]


@dataclass(frozen=True)
class RecordedCommand:
    """The command of a run.

    Attributes:
        options: The options of ``kedro run``, without ``--params``.
        params: The values of ``--params``, without keys of mlflow.yml: nested dicts.
        env: The value of ``--env``.
        conf_source: The value of ``--conf-source``.
        masked: What is not repeated because it is masked.
        has_settings: Whether the command had keys of mlflow.yml, which are not repeated.
    """

    options: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    env: str | None = None
    conf_source: str | None = None
    masked: tuple[str, ...] = ()
    has_settings: bool = False

    def has(self, option: str) -> bool:
        """Whether an option such as ``--from-nodes`` is in the command."""
        return any(word.partition("=")[0] == option for word in self.options)

    def without(self, option: str) -> RecordedCommand:
        """Return the command without an option such as ``--from-nodes``."""
        kept = tuple(word for word in self.options if word.partition("=")[0] != option)
        return replace(self, options=kept)


def parse(command: str, root: Path) -> RecordedCommand:
    """Read the command of a run.

    Args:
        command: The command as a shell takes it.
        root: The project's root, in which ``--conf-source`` must be.

    Raises:
        MLflowOnKedroError: It is none that can be repeated.

    Example:
        >>> found = parse("kedro run --tags=train --params=model.depth=3", Path("."))
        >>> found.options, found.params
        (('--tags=train',), {'model': {'depth': 3}})
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:2] != _START:
        raise _cannot_repeat(command, "it is no `kedro run` command")
    options: list[str] = []
    masked: list[str] = []
    values: dict[str, str] = {}
    for word in words[2:]:
        name, equals, value = word.partition("=")
        if (name not in _VALUES or not equals) and word not in _FLAGS:
            raise _cannot_repeat(command, f"`{one_line(word, 60)}` is no known option of it")
        values[name] = value
        if name == "--params":
            continue
        if MASK in value:
            masked.append(name)
        else:
            options.append(word)
    if "--runner" in values and not _RUNNER.fullmatch(values["--runner"]):
        raise _cannot_repeat(command, "its runner is no class")
    given = _params(values.get("--params", ""), command)
    has_settings = given.pop(RUNTIME_SECTION, None) is not None
    hidden = [name for name, value in flatten("", given) if given and is_masked(value)]
    return RecordedCommand(
        tuple(options),
        without(given, set(hidden)),
        values.get("--env"),
        _conf_source(values.get("--conf-source"), command, root),
        (*masked, *hidden),
        has_settings,
    )


def is_masked(value: Any) -> bool:
    """Whether a recorded value contains a masked secret.

    Example:
        >>> is_masked("http://***@host"), is_masked(["***"]), is_masked(3)
        (True, True, False)
    """
    if isinstance(value, Mapping):
        return any(map(is_masked, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_masked, value))
    return isinstance(value, str) and MASK in value


def without(content: Mapping[str, Any], names: set[str], above: str = "") -> dict[str, Any]:
    """Copy nested dicts without the values of some names, which are joined by ``.``.

    Example:
        >>> without({"model": {"depth": 3, "key": "***"}}, {"model.key"})
        {'model': {'depth': 3}}
    """
    return {
        key: without(value, names, f"{above}{key}.") if isinstance(value, Mapping) else value
        for key, value in content.items()
        if f"{above}{key}" not in names
    }


def _params(text: str, command: str) -> dict[str, Any]:
    """Read ``--params`` as Kedro does: values are YAML, and names nested."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    items = [item.strip() for item in text.split(",") if item.strip()]
    try:
        found = OmegaConf.to_container(OmegaConf.from_dotlist(items))
    except (YAMLError, ValueError, OmegaConfBaseException):
        raise _cannot_repeat(command, "its --params cannot be read") from None
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def _conf_source(given: str | None, command: str, root: Path) -> str | None:
    if given is None:
        return None
    # Configuration says which classes are imported, so it must be the project's own.
    place = (root / given).resolve()
    if "://" in given or not place.is_relative_to(root.resolve()) or not place.exists():
        raise _cannot_repeat(command, "its --conf-source is not in this project")
    return given


def _cannot_repeat(command: str, why: str) -> MLflowOnKedroError:
    return MLflowOnKedroError(
        f"The run's command cannot be repeated, because {why}: {one_line(command, 300)}"
    )
