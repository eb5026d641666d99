"""The hooks, one class a file; :mod:`.registry` finds them."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from .registry import hook_classes

    # Other names are asked for, too, such as that of a module that is not imported yet.
    found = hook_classes().get(name) if name.endswith(("Hook", "Transformer")) else None
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
