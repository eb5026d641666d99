"""Everything of Kedro that the plugin uses and Kedro does not document.

Each function says why nothing public serves. Its test fails where a version of Kedro changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

AnyDataset = AbstractDataset[Any, Any]


def description_of(dataset: AnyDataset) -> Mapping[str, Any]:
    """Return what a dataset's ``repr`` shows, such as its path; without Kedro's formatting."""
    description: Mapping[str, Any] = dataset._describe()  # noqa: SLF001 - each dataset has it
    return description


def configuration_of(dataset: AnyDataset) -> dict[str, Any]:
    """Return the arguments that a dataset was created with, from which Kedro writes catalogs.

    The public ``to_config`` writes the class as text, and drops arguments of versions.
    """
    return dict(dataset._init_config())  # noqa: SLF001 - as above


def unwrapped(dataset: AnyDataset) -> AnyDataset:
    """Return the dataset in a ``CachedDataset``, which has no public name; else the dataset."""
    inner = getattr(dataset, "_dataset", None)
    return unwrapped(inner) if isinstance(inner, AbstractDataset) else dataset


def filepath_of(dataset: AnyDataset) -> Any:
    """Return the path of a dataset whose description has none."""
    return getattr(dataset, "_filepath", None)


def protocol_of(dataset: AnyDataset) -> Any:
    """Return the protocol of a dataset's file system, such as ``s3``, if it has one."""
    return getattr(dataset, "_protocol", None)


def filesystem_of(dataset: AnyDataset) -> Any:
    """Return the fsspec file system of a dataset, which has its credentials; None without one."""
    return getattr(dataset, "_fs", None) or getattr(dataset, "_filesystem", None)


def connection_of(dataset: AnyDataset) -> Any:
    """Return the connection string of a dataset of a database, which no description shows."""
    return getattr(dataset, "_connection_str", None)


def filename_suffix_of(dataset: AnyDataset) -> str:
    """Return the suffix of a ``PartitionedDataset``'s files; empty for another dataset."""
    return str(getattr(dataset, "_filename_suffix", ""))


def is_in_memory(dataset: AnyDataset | None) -> bool:
    """Return whether a dataset's data end with the process, as those of a ``MemoryDataset`` do."""
    return bool(getattr(dataset, "_EPHEMERAL", False))


def arguments_of(node: Node) -> tuple[Any, Any]:
    """Return the inputs and outputs of a node as they were given: a text, a list or a dict.

    The public ``inputs`` and ``outputs`` are lists, and do not show a dict's names of arguments.
    """
    return node._inputs, node._outputs  # noqa: SLF001 - as above


def package_name() -> str | None:
    """Return the package of the project that this process has bootstrapped.

    Kedro's module sets up logging when it is imported, so that waits until there is a project.
    """
    from kedro.framework import project

    return project.PACKAGE_NAME


def read_settings(package: str) -> None:
    """Read a project's settings.py as ``configure_project`` does, and nothing else.

    ``configure_project`` would set up logging again, which in a worker recurses in Kedro's code.
    """
    from kedro.framework import project

    project.settings.configure(f"{package}.settings")
