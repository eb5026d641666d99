"""The content of a prompt: its template, and what goes with it to a language model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from mlflow.entities.model_registry import PromptVersion

Template: TypeAlias = "str | list[dict[str, Any]]"
"""A text, or the messages of a chat, each with ``role`` and ``content``."""

# As MLflow reads a template: `PromptVersion.variables`.
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}", re.ASCII)


def make_version(name: str, number: int, template: Any = "", **extras: Any) -> PromptVersion:
    """Make MLflow's object for a version of a prompt, without asking MLflow for it."""
    from mlflow.entities.model_registry import PromptVersion

    cls: Any = PromptVersion  # to type checkers it is abstract
    version: PromptVersion = cls(name, number, template, **extras)
    return version


@dataclass(frozen=True)
class PromptContent:
    """What makes two versions of a prompt the same.

    Attributes:
        template: The text or the messages, with variables such as ``{{question}}``. Empty lines at
            the end of a text are left out, so that a file and MLflow's UI give the same.
        response_format: The JSON schema that the answer is to have.
        model_config: The model and its settings, such as ``{"temperature": 0.2}``.
    """

    template: Template
    response_format: dict[str, Any] | None = None
    model_config: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Leave out empty lines at the end of texts."""
        object.__setattr__(self, "template", _without_last_lines(self.template))

    @classmethod
    def from_version(cls, version: PromptVersion) -> PromptContent:
        """Return the content of a version; an older MLflow has the template alone."""
        return cls(
            version.template,
            getattr(version, "response_format", None) or None,
            getattr(version, "model_config", None) or None,
        )

    @property
    def is_chat(self) -> bool:
        """Whether the template is a list of messages."""
        return isinstance(self.template, list)

    @property
    def is_jinja(self) -> bool:
        """Whether the template has statements of Jinja2, such as ``{% if %}``."""
        return "{%" in self._text

    @property
    def variables(self) -> frozenset[str]:
        """The names of the variables in the template.

        Example:
            >>> sorted(PromptContent("Answer {{ question }} from {{context}}.").variables)
            ['context', 'question']
        """
        return frozenset(VARIABLE.findall(self._text))

    @property
    def extras(self) -> dict[str, Any]:
        """The arguments for MLflow beside the template; those that are not given are left out."""
        given = {"response_format": self.response_format, "model_config": self.model_config}
        return {name: value for name, value in given.items() if value}

    @property
    def _text(self) -> str:
        return self.template if isinstance(self.template, str) else json.dumps(self.template)


def _without_last_lines(template: Any) -> Any:
    if isinstance(template, str):
        return template.rstrip("\n")
    return [
        {**item, "content": item["content"].rstrip("\n")}
        if isinstance(item, Mapping) and isinstance(item.get("content"), str)
        else item
        for item in template
    ]


@dataclass(frozen=True)
class WantedVersion:
    """A version of a prompt that is to be registered, unless the newest one has this content.

    Attributes:
        content: Its content.
        commit_message: What has changed, in the user's words.
        tags: Its tags.
        alias: The alias that it gets.
        only_known: It is not registered: only a version that has its content is looked for.
    """

    content: PromptContent
    commit_message: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    alias: str = ""
    only_known: bool = False

    def to_text(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> WantedVersion:
        """Read what :meth:`to_text` has written.

        Raises:
            ValueError: The text is damaged.

        Example:
            >>> WantedVersion.from_text(WantedVersion(PromptContent("Hi {{x}}")).to_text()).content
            PromptContent(template='Hi {{x}}', response_format=None, model_config=None)
        """
        try:
            given = json.loads(text)
            return cls(**{**given, "content": PromptContent(**given["content"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"no version of a prompt: {error}") from None
