"""The plugins that a project may come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...compat.entry_change import EntryChange
from ...compat.kedro_mlflow import catalog_entries, python_names


@dataclass(frozen=True)
class Source:
    """A plugin whose projects can be migrated.

    Attributes:
        name: Its name, which is also that of its distribution.
        package: The package that it is imported from.
        entry: A function from a dataset's name and its catalog entry to what becomes of it; None if
            the entry is not the plugin's. A ValueError says what to do by hand.
        imports: An imported name -> the name to import in its place.
        advice: A name that cannot be replaced by itself -> what to write instead.
        is_replaced: Whether its requirement goes, because nothing else of it is needed.
    """

    name: str
    package: str
    entry: Callable[[str, Mapping[str, Any]], EntryChange | None]
    imports: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    is_replaced: bool = True


SOURCES = (
    Source(
        "kedro-mlflow",
        "kedro_mlflow",
        catalog_entries.translated,
        python_names.IMPORTS,
        python_names.ADVICE,
    ),
)
