"""The forms in which a node gets a prompt: MLflow's, LangChain's, a text or messages."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..prompts.content import VARIABLE, PromptContent, make_version
from ..utils.mlflow_version import mlflow_version

if TYPE_CHECKING:
    from mlflow.entities.model_registry import PromptVersion


@dataclass(frozen=True)
class LoadedPrompt:
    """A prompt that was loaded.

    Attributes:
        name: Its name in MLflow.
        content: Its content.
        version: The version in MLflow; None: it is not known yet.
    """

    name: str
    content: PromptContent
    version: PromptVersion | None = None

    @property
    def number(self) -> int:
        """The number of the version; 0 if it is not known yet."""
        return int(self.version.version) if self.version is not None else 0


def check(form: str) -> None:
    """Raise an error, before the pipeline runs, for a form whose package is missing.

    Raises:
        DatasetError: The message has the command that installs the package.
    """
    if form == "langchain" and importlib.util.find_spec("langchain_core") is None:
        raise DatasetError(
            "`as: langchain` needs a package that is not installed: run `pip install "
            "langchain-core`."
        )


def convert(form: str, loaded: LoadedPrompt) -> Any:
    """Return a prompt in the form that the user has chosen.

    Args:
        form: One of :data:`FORMS`.
        loaded: The prompt.

    Raises:
        DatasetError: The prompt has no such form.

    Example:
        >>> convert("messages", LoadedPrompt("hi", PromptContent("Hi {{name}}!")))
        [{'role': 'user', 'content': 'Hi {{name}}!'}]
    """
    return FORMS[form](loaded)


def _version(loaded: LoadedPrompt) -> PromptVersion:
    from mlflow.entities.model_registry import PromptVersion

    if loaded.version is not None:
        return loaded.version
    takes = inspect.signature(PromptVersion).parameters
    if loaded.content.is_chat and "response_format" not in takes:
        raise DatasetError(
            f"MLflow {mlflow_version()} has no chat prompts. Install a newer one, or load the "
            f"prompt '{loaded.name}' with `as: messages`."
        )
    extras = {key: value for key, value in loaded.content.extras.items() if key in takes}
    return make_version(loaded.name, 0, loaded.content.template, **extras)


def _text(loaded: LoadedPrompt) -> str:
    template = loaded.content.template
    if not isinstance(template, str):
        raise DatasetError(
            f"The prompt '{loaded.name}' is a chat: load it with `as: messages` instead of `str`."
        )
    return template


def _messages(loaded: LoadedPrompt) -> list[dict[str, Any]]:
    template = loaded.content.template
    if isinstance(template, str):
        return [{"role": "user", "content": template}]
    return [dict(message) for message in template]


def _langchain(loaded: LoadedPrompt) -> Any:
    check("langchain")
    from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

    content = loaded.content
    form: Any = "jinja2" if content.is_jinja else "f-string"
    template = content.template if content.is_jinja else _single_braces(content.template)
    try:
        if isinstance(template, str):
            return PromptTemplate.from_template(template, template_format=form)
        messages = [(message["role"], message["content"]) for message in template]
        return ChatPromptTemplate.from_messages(messages, template_format=form)
    except Exception as error:
        raise DatasetError(f"LangChain cannot use the prompt '{loaded.name}': {error}") from None


def _single_braces(template: Any) -> Any:
    """Write variables as LangChain does, ``{name}``, and other braces as plain text.

    Example:
        >>> _single_braces('Answer {{ question }} as {"answer": ...}')
        'Answer {question} as {{"answer": ...}}'
    """
    if isinstance(template, Mapping):
        return {key: _single_braces(value) for key, value in template.items()}
    if isinstance(template, list):
        return [_single_braces(item) for item in template]
    if not isinstance(template, str):
        return template
    parts = VARIABLE.split(template)  # texts, with the names of variables between them
    parts[::2] = [part.replace("{", "{{").replace("}", "}}") for part in parts[::2]]
    parts[1::2] = [f"{{{name}}}" for name in parts[1::2]]
    return "".join(parts)


FORMS: Mapping[str, Callable[[LoadedPrompt], Any]] = {
    "prompt": _version,
    "langchain": _langchain,
    "str": _text,
    "messages": _messages,
}
"""The forms by their names in a catalog."""
