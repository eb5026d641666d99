"""Print what a plugin's classes, configuration and commands take, as JSON.

Runs in the plugin's own environment.
"""

# ruff: noqa: T201 - a script speaks to who has started it
from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any


def takes(dotted: str) -> list[str]:
    """The arguments of a class or function, the keys of a configuration, a command's options."""
    module, _, name = dotted.rpartition(".")
    thing = getattr(importlib.import_module(module), name)
    if hasattr(thing, "model_fields"):
        return sorted(_keys(thing))
    if hasattr(thing, "params"):
        return [option.opts[0] for option in thing.params]
    # MlflowArtifactDataset has its arguments in __new__.
    function = thing.__new__ if "__new__" in vars(thing) else thing
    found = list(inspect.signature(function).parameters)
    return [name for name in found if name not in {"cls", "self"}]


def _keys(model: Any) -> Iterator[str]:
    for name, item in model.model_fields.items():
        below = getattr(item.annotation, "model_fields", None)
        if below is None:
            yield name
        else:
            yield from (f"{name}.{key}" for key in _keys(item.annotation))


if __name__ == "__main__":
    print(f"\n{json.dumps({dotted.rpartition('.')[2]: takes(dotted) for dotted in sys.argv[1:]})}")
