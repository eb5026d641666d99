"""The plugins that a project may come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...compat.entry_change import EntryChange
from ...compat.kedro_mlflow import catalog_entries, python_names
from ...compat.kedro_viz import catalog_entries as viz_entries
from ...compat.kedro_viz import python_names as viz_names
from ...compat.pipelinex import catalog_entries as pipelinex_entries
from ...compat.pipelinex import python_names as pipelinex_names
from ...compat.pipelinex.names import PACKAGE as PIPELINEX_PACKAGE


@dataclass(frozen=True)
class Source:
    """A plugin whose projects can be migrated.

    Attributes:
        name: Its name, which is also that of its distribution.
        modules: The packages or modules that it is imported from.
        entry: A function from a dataset's name and its catalog entry to what becomes of it; None if
            the entry is not the plugin's. A ValueError says what to do by hand.
        imports: An imported name -> the name to import in its place.
        unwrapped: A class that is not needed here -> its argument with the objects that it wraps.
        advice: A name that cannot be replaced by itself -> what to write instead.
        is_replaced: Whether its requirement goes, because nothing else of it is needed.
    """

    name: str
    modules: tuple[str, ...]
    entry: Callable[[str, Mapping[str, Any]], EntryChange | None]
    imports: Mapping[str, str] = field(default_factory=dict)
    unwrapped: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    is_replaced: bool = True

    def is_in(self, text: str) -> bool:
        """Whether a text names one of its modules."""
        return any(module in text for module in self.modules)

    def has(self, path: str) -> bool:
        """Whether the path of a module, class or function is one of its."""
        return any(path == module or path.startswith(f"{module}.") for module in self.modules)


PIPELINEX = Source(
    "PipelineX",
    (PIPELINEX_PACKAGE,),
    pipelinex_entries.translated,
    pipelinex_names.IMPORTS,
    pipelinex_names.UNWRAPPED,
    pipelinex_names.ADVICE,
)
KEDRO_VIZ = Source(
    "Kedro-Viz",
    viz_names.MODULES,
    viz_entries.translated,
    viz_names.IMPORTS,
    advice=viz_names.ADVICE,
    is_replaced=False,
)
SOURCES = (
    Source(
        "kedro-mlflow",
        ("kedro_mlflow",),
        catalog_entries.translated,
        python_names.IMPORTS,
        advice=python_names.ADVICE,
    ),
    PIPELINEX,
    KEDRO_VIZ,
)
