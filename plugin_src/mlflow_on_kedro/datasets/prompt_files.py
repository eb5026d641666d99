"""The local file of a prompt: a text, or YAML or JSON with the arguments of MLflow's registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro.io import DatasetError

from ..prompts.content import PromptContent
from ..utils.replacing import write_text

SUFFIXES = (".yml", ".yaml", ".json", ".txt", ".md")
"""The formats of files; the last two have a text and nothing else."""
_KEYS = ("template", "messages", "response_format", "model_config")
# Roles of LangChain, and what the APIs of language models call them.
_ROLES = {"human": "user", "ai": "assistant"}
_EXPECTED = (
    "a text, a list of messages, or a mapping with `template` and, if wanted, `response_format` "
    "and `model_config`"
)


def check_suffix(path: str) -> None:
    """Raise an error for a file whose format is unknown.

    Raises:
        DatasetError: The message lists the known formats.
    """
    if "://" in path:
        raise DatasetError(f"`filepath`: {path!r} is no local file. A prompt is kept in one.")
    if Path(path).suffix.lower() not in SUFFIXES:
        raise DatasetError(
            f"`filepath`: a prompt cannot be kept in {Path(path).name!r}. The name ends with one "
            f"of: {', '.join(SUFFIXES)}."
        )


def read(path: Path) -> PromptContent:
    """Read the file of a prompt.

    Args:
        path: The file, which exists.

    Raises:
        DatasetError: The file cannot be read, or is no prompt.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = _parser(path)(text)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The prompt in {path} cannot be read: {error}") from None
    return content_of(data, f"The prompt in {path}")


def write(path: Path, content: PromptContent) -> None:
    """Write the file of a prompt, completely or not at all.

    Args:
        path: The file.
        content: The prompt.

    Raises:
        DatasetError: The format of the file takes no such prompt, or it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix in {".txt", ".md"}:
        if content.is_chat or content.extras:
            raise DatasetError(
                f"{path.name} has room for a text alone: give the prompt a `filepath` that ends "
                "with .yml or .json."
            )
        text = f"{content.template}\n"
    else:
        data = {"template": content.template, **content.extras}
        text = _to_json(data) if suffix == ".json" else _to_yaml(data)
    try:
        write_text(path, text)
    except OSError as error:
        raise DatasetError(f"The prompt cannot be written to {path}: {error}") from None


def content_of(data: Any, what: str) -> PromptContent:
    """Make the content of a prompt of what a file has, or a node has returned.

    Args:
        data: A text, messages, or a mapping with ``template`` or ``messages``; or a
            ``PromptVersion`` of MLflow.
        what: What it is, for messages.

    Raises:
        DatasetError: It is no prompt.

    Example:
        >>> content_of([("human", "Hi {{name}}!")], "it").template
        [{'role': 'user', 'content': 'Hi {{name}}!'}]
    """
    if not isinstance(data, str | list | tuple | Mapping) and hasattr(data, "template"):
        found = PromptContent.from_version(data)
        data = {"template": found.template, **found.extras}
    given = data if isinstance(data, Mapping) else {"template": data}
    unknown = [str(key) for key in given if key not in _KEYS]
    if unknown:
        raise DatasetError(
            f"{what} has the unknown key '{unknown[0]}'. It takes: {', '.join(_KEYS)}."
        )
    template = given.get("template") or given.get("messages")
    if isinstance(template, list | tuple) and template:
        template = [_message(item, what) for item in template]
    elif not (isinstance(template, str) and template.strip()):
        raise DatasetError(f"{what} is empty, or of a wrong kind: it must be {_EXPECTED}.")
    extras: dict[str, Any] = {}
    for key in ("response_format", "model_config"):
        if not isinstance(given.get(key) or {}, Mapping):
            raise DatasetError(f"{what}: `{key}` must be a mapping, and is {given[key]!r}.")
        extras[key] = dict(given.get(key) or {}) or None
    return PromptContent(template, extras["response_format"], _config(extras["model_config"], what))


def _message(item: Any, what: str) -> dict[str, Any]:
    if isinstance(item, Mapping):
        # Langfuse writes `type: chatmessage` into each.
        message = {str(key): value for key, value in item.items() if key != "type"}
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2:  # noqa: PLR2004
        message = {"role": item[0], "content": item[1]}
    else:
        message = {}
    content = message.get("content")
    if not (isinstance(message.get("role"), str) and isinstance(content, str | list)):
        raise DatasetError(
            f"{what} has a message that is not {{role: …, content: …}}: {str(item)[:80]!r}"
        )
    message["role"] = _ROLES.get(message["role"], message["role"])
    return message


def _config(given: dict[str, Any] | None, what: str) -> dict[str, Any] | None:
    """Return the settings of a model as MLflow stores them."""
    try:
        from mlflow.entities.model_registry import PromptModelConfig
    except ImportError:  # an older MLflow
        return given
    try:
        return PromptModelConfig.from_dict(given).to_dict() if given else None
    except ValueError as error:  # pydantic's
        raise DatasetError(f"{what}: `model_config` is wrong: {error}") from None


def _parser(path: Path) -> Callable[[str], Any]:
    suffix = path.suffix.lower()
    if suffix == ".json":
        return json.loads
    return _from_yaml if suffix in {".yml", ".yaml"} else str


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None or not isinstance(error, yaml.MarkedYAMLError):
            raise ValueError(str(error)) from None
        line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
        # To YAML `{{question}}` is the beginning of a mapping.
        hint = " A template that begins with {{ needs quotes, or a line with | before it."
        problem = f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}."
        raise ValueError(f"{problem}{hint if '{{' in line else ''}") from None


def _to_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _to_yaml(data: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as such."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100)
