"""Take what PipelineX reads from parameters.yml out of it, for mlflow.yml."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ...compat.pipelinex.hatch_dict import OBJECT, has_objects
from ...compat.pipelinex.parameters_yml import HOOKS, OTHER_KEYS, hooks_section
from ...config.sections import Config
from ..setup.python_edits import Edit
from .findings import Rewritten
from .sources import PIPELINEX
from .yaml_edits import applied, with_content
from .yaml_tree import YamlError, YamlText, entries_of

EQUALS = f"{OBJECT}:"
"""What a file has that names objects of PipelineX."""


def rewritten(text: str) -> tuple[Rewritten, dict[str, Any]]:
    r"""Rewrite a parameters file.

    Args:
        text: The file's text, without a byte order mark.

    Returns:
        What becomes of the file, and the content for mlflow.yml of the same environment.

    Raises:
        YamlError: The text cannot be edited.

    Example:
        >>> old = "depth: 3\nHOOKS:\n- {=: pipelinex.MLflowBasicLoggerHook, uri: http://h}\n"
        >>> found, content = rewritten(old)
        >>> found.text, content
        ('depth: 3\n', {'tracking': {'uri': 'http://h'}})
    """
    found, before = Rewritten(text), YamlText(text)
    given = _of_pipelinex(before.data)
    if not given:
        return found, {}
    found.uses.add(PIPELINEX.name)
    content: dict[str, Any] = {}
    for item in before.root.items:
        if item.name == HOOKS:
            content, notes = hooks_section(given[HOOKS])
            found.findings += [(0, note) for note in notes]
            start, end = before.line_start(item.key.start), before.line_end(item.value.end)
            found.text = applied(text, [Edit(start, end, "")])
    after = YamlText(found.text)
    found.findings += [
        (
            after.line_number(item.key.start),
            f"'{item.name}' is PipelineX's: {OTHER_KEYS[item.name]}",
        )
        for item in after.root.items
        if item.name in OTHER_KEYS
    ]
    return found, content


def has_hooks(text: str) -> bool:
    """Whether a parameters file has what PipelineX takes for itself; it may be JSON."""
    with suppress(YamlError):
        return bool(_of_pipelinex(entries_of(text)))
    return False


def _of_pipelinex(content: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in content.items() if name in {HOOKS, *OTHER_KEYS}}
    return given if has_objects(given) else {}


def with_sections(text: str, content: Mapping[str, Any]) -> str:
    r"""Put the content that parameters.yml had into an mlflow.yml.

    Args:
        text: The text of mlflow.yml, without a byte order mark. Its values win, unless they are
            the defaults, such as those of a new file.
        content: Section -> key -> value.

    Raises:
        YamlError: The text cannot be edited.

    Example:
        >>> print(with_sections("run: {name: a, id: null}\n", {"run": {"name": "b", "id": "c"}}))
        run: {name: a, id: c}
        <BLANKLINE>
    """
    return with_content(text, _merged(YamlText(text).data, content, asdict(Config())))


def _merged(
    present: Mapping[str, Any], content: Mapping[str, Any], defaults: Any
) -> dict[str, Any]:
    found = dict(present)
    for name, value in content.items():
        own = found.get(name)
        default = defaults.get(name) if isinstance(defaults, Mapping) else None
        if isinstance(own, Mapping) and isinstance(value, Mapping):
            found[name] = _merged(own, value, default)
        elif own is None or own == default:
            found[name] = value
    return found
