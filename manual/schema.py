"""The JSON schema of mlflow.yml, for editors; `make reference` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.config.sweep_entries import SweepEntry

from .config_keys import Key, keys_of, summary

PATH = (
    Path(__file__).parents[1] / "plugin_src" / "mlflow_on_kedro" / "config" / "mlflow.schema.json"
)

_TEXT = ["string", "number"]  # YAML reads a name such as 7 as a number
_TYPES: dict[Any, dict[str, Any]] = {
    bool: {"type": ["boolean"]},
    int: {"type": ["integer"]},
    float: {"type": ["number"]},
    str: {"type": _TEXT},
    list[str]: {"type": ["array"], "items": {"type": _TEXT}},
    dict[str, Any]: {"type": ["object"]},
}
# A value of any type may be `${globals:…}` or the like, and an empty key has its default.
_INTERPOLATION = {"type": "string", "pattern": r"^\$\{.*\}$"}
_EMPTY = {"type": "null"}


def schema() -> dict[str, Any]:
    """Make the schema: each key with its type, words, limit, default and description."""
    top = _section(Config)
    top["properties"]["pipeline_models"]["additionalProperties"] = _section(PipelineModel)
    top["properties"]["sweep"]["additionalProperties"] = _section(SweepEntry)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "mlflow.yml of MLflow-on-Kedro",
        **top,
    }


def text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _section(section: type) -> dict[str, Any]:
    return {
        "description": summary(section),
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {key.name: _key(key) for key in keys_of(section)},
    }


def _key(key: Key) -> dict[str, Any]:
    if key.section is not None:
        return _section(key.section) | {"description": key.description}
    said = {"description": key.description, "default": key.default}
    if key.choices:
        return said | {"anyOf": [{"enum": list(key.choices)}, _INTERPOLATION, _EMPTY]}
    kind = _TYPES.get(key.hint)
    if kind is None:  # of several types
        return said
    types = [*kind["type"], "null"]
    if "string" not in types:
        types.append("string")
        said["pattern"] = _INTERPOLATION["pattern"]  # it counts for texts only
    if key.minimum is not None:
        said["minimum"] = key.minimum
    return said | kind | {"type": types}
