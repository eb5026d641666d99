"""The keys of mlflow.yml, as its dataclasses have them, for the page and the JSON schema."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.config.sweep_entries import SweepEntry

_ATTRIBUTE = re.compile(r"(\w+): (.+)")


@dataclass(frozen=True)
class Key:
    """A key of mlflow.yml.

    Attributes:
        name: The key.
        hint: Its type, as the dataclass declares it; without None, which every key takes.
        default: Its value in an empty file.
        description: What it is for; Markdown with single backticks.
        choices: The words that it takes; none where it takes others.
        minimum: The least number that it takes.
        section: The dataclass of what is below it; None where it is not a section.
    """

    name: str
    hint: Any
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    section: type | None = None


def summary(section: type) -> str:
    """Return the first paragraph of a section's docstring, as Markdown."""
    return _markdown(inspect.getdoc(section).partition("\n\n")[0])  # type: ignore[union-attr]


def keys_of(section: type) -> Iterator[Key]:
    """Find the keys of a section, in the order of the dataclass.

    Raises:
        LookupError: A key is missing from the docstring's list of attributes.
    """
    described = descriptions(section)
    hints = get_type_hints(section)
    values = section()
    for field in dataclasses.fields(section):
        if field.name not in described:
            raise LookupError(
                f"{section.__name__}.{field.name} has no line below 'Attributes:' in the docstring "
                f"of {section.__name__}: add one, and run `make reference`."
            )
        hint = _without_none(hints[field.name])
        yield Key(
            field.name,
            hint,
            getattr(values, field.name),
            described[field.name],
            field.metadata.get("choices", ()),
            field.metadata.get("minimum"),
            hint if dataclasses.is_dataclass(hint) else None,
        )


def descriptions(section: type) -> dict[str, str]:
    """Return what the docstring of a section says of each key."""
    _, _, listed = inspect.getdoc(section).partition("Attributes:\n")  # type: ignore[union-attr]
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(listed).splitlines():
        # A line that goes on is indented deeper.
        if (begins := _ATTRIBUTE.fullmatch(line)) is not None:
            name = begins[1]
            found[name] = begins[2]
        else:
            found[name] += f" {line.strip()}"
    return {name: _markdown(text) for name, text in found.items()}


def _without_none(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Union else hint


def _markdown(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


TOP = tuple(keys_of(Config))
"""The top level of the file: its keys and sections."""
ENTRY = tuple(keys_of(PipelineModel))
"""The keys of an entry of ``pipeline_models``."""
SWEEP = tuple(keys_of(SweepEntry))
"""The keys of an entry of ``sweep``."""
