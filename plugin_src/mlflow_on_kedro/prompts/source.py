"""Which version of a prompt is loaded: the newest one, a number, or the one with an alias."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9_.\-]+")
"""MLflow's rule for the name of a prompt."""
ALIAS = re.compile(r"(?!v?\d+$)(?!latest$)[A-Za-z0-9_\-]+", re.IGNORECASE)
"""MLflow's rule for an alias: it is neither a number nor ``latest``."""
_URI = re.compile(
    r"prompts:/(?P<name>[A-Za-z0-9_.\-]+)(/(?P<version>[1-9]\d*)|@(?P<alias>[A-Za-z0-9_\-]+))?"
)
FORMS = "a name, prompts:/name/3 (a version), prompts:/name@alias and prompts:/name@latest"


@dataclass(frozen=True)
class PromptSource:
    """A prompt in MLflow's registry.

    Attributes:
        name: The prompt's name.
        version: The number of its version; None: the newest, or that of the alias.
        alias: An alias; "" if none is given.
    """

    name: str
    version: int | None = None
    alias: str = ""

    @classmethod
    def from_text(cls, text: str) -> PromptSource:
        """Read a name or a URI.

        Raises:
            ValueError: It has none of the known forms.

        Example:
            >>> PromptSource.from_text("prompts:/answer@production")
            PromptSource(name='answer', version=None, alias='production')
            >>> PromptSource.from_text("answer") == PromptSource.from_text("prompts:/answer@latest")
            True
        """
        if NAME.fullmatch(text):
            return cls(text)
        found = _URI.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not one of {FORMS}")
        alias = found["alias"] or ""
        version = int(found["version"]) if found["version"] else None
        return cls(found["name"], version, "" if alias.lower() == "latest" else alias)

    @property
    def is_newest(self) -> bool:
        """Whether the newest version is meant, whichever that is."""
        return self.version is None and not self.alias

    @property
    def uri(self) -> str:
        """Its URI."""
        if self.version is not None:
            return f"prompts:/{self.name}/{self.version}"
        return f"prompts:/{self.name}@{self.alias or 'latest'}"
