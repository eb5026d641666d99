"""Writes what the manual has from the code: the page on mlflow.yml, and the file's JSON schema.

Run `make reference` when a key of mlflow.yml has changed; a test fails until then.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from mlflow_on_kedro.config.sections import Config

from manual import schema
from manual.config_keys import ENTRY, SWEEP, TOP, Key, keys_of, summary

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

_MADE = "<!-- `make reference` makes all below from config/sections.py of the plugin. -->"
_TYPES: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list[str]: "a list of texts",
    dict[str, Any]: "a mapping",
    Any: "",
}


def page() -> str:
    """Make the page: what it begins with stays; then all keys, and a table for each section."""
    begin, _, _ = PAGE.read_text(encoding="utf-8").partition(_MADE)
    parts = [
        begin.strip(),
        _MADE,
        "## All keys, with their defaults",
        f"```yaml\n{defaults()}```",
        "## Top level",
        "\n".join(_table(key for key in TOP if key.section is None)),
    ]
    for key in TOP:
        if key.section is not None:
            rows = _table(keys_of(key.section))
            parts += [f"## {key.name}", summary(key.section), "\n".join(rows)]
    parts += [
        "## pipeline_models",
        "Each entry is [a pipeline as a model](pipelines-as-models.md), under the model's name:",
        "\n".join(_table(ENTRY)),
        "## sweep",
        "Each entry is [a sweep](sweeps.md), under the name that `kedro mlflow sweep NAME` takes:",
        "\n".join(_table(SWEEP)),
    ]
    return "\n\n".join(parts) + "\n"


def defaults() -> str:
    """Return all keys as YAML, with an empty line between those of the top level."""
    blocks = [
        yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True)
        for name, value in dataclasses.asdict(Config()).items()
    ]
    return "\n".join(blocks)


def _table(keys: Iterable[Key]) -> Iterator[str]:
    yield "| Key | Takes | Default | |"
    yield "|---|---|---|---|"
    for key in keys:
        yield f"| `{key.name}` | {_takes(key)} | {_default(key)} | {key.description} |"


def _takes(key: Key) -> str:
    if key.choices:
        return ", ".join(f"`{word}`" for word in key.choices)
    least = "" if key.minimum is None else f", at least {key.minimum:g}"
    return f"{_TYPES[key.hint]}{least}"


def _default(key: Key) -> str:
    default = key.default if isinstance(key.default, str) else json.dumps(key.default)
    return f"`{default}`" if default else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    schema.PATH.write_text(schema.text(), encoding="utf-8", newline="\n")
