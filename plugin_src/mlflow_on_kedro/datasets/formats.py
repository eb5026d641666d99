"""How a file is read and written: the Kedro dataset, its packages, and what depends on the value.

Dataset classes are named by strings, so that none of them is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias

from kedro.io import AbstractDataset, DatasetError

AnyDataset: TypeAlias = "AbstractDataset[Any, Any]"
Args: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Package:
    """A package by its name for pip, and the modules of which at least one must be installed.

    Attributes:
        is_engine: An argument named ``engine`` chooses another package.
    """

    pip: str
    modules: tuple[str, ...]
    is_engine: bool = False


@dataclass(frozen=True)
class Format:
    """A dataset class, the packages it needs, and its default arguments.

    Attributes:
        name_arg: The argument that takes the dataset's name, if there is one.
    """

    type: str
    needs: tuple[Package, ...] = ()
    load_args: Args = field(default_factory=dict)
    save_args: Args = field(default_factory=dict)
    fs_args: Args = field(default_factory=dict)
    name_arg: str | None = None

    def config(self, given: Args) -> dict[str, Any]:
        """Return the dataset's configuration; the user's arguments override the defaults."""
        keys = ("load_args", "save_args", "fs_args")
        defaults = {key: getattr(self, key) for key in keys if getattr(self, key)}
        return {"type": self.type, **merged(defaults, given)}


@dataclass(frozen=True)
class Writer:
    """How values of some classes are saved.

    Attributes:
        classes: The names of the classes, so that nothing is imported to match them.
        format: The format that the file has.
        prepare: Converts the value into what the format's dataset takes.
        suffix_arg: The save argument for the file's type, for libraries that ignore the suffix.
        options: The save arguments that ``prepare`` takes.
    """

    classes: tuple[str, ...]
    format: Format
    prepare: Callable[..., Any] | None = None
    suffix_arg: str | None = None
    options: tuple[str, ...] = ()

    def takes(self, value: object) -> bool:
        """Whether the value is an instance of one of the classes or of a subclass."""
        return any(f"{c.__module__}.{c.__qualname__}" in self.classes for c in type(value).__mro__)


@dataclass(frozen=True)
class Backend:
    """How one extension is read and written.

    Attributes:
        suffix: The suffix of a file without ``filepath``.
        format: The format for loading, and without writers also for saving.
        writers: How the value is saved, depending on its class.
        needs: Packages that the format itself does not need.
        others: Suffix of the user's ``filepath`` -> the backend for it.
        ui_tag: Makes the tag by which the MLflow UI finds the artifact at a path.
    """

    suffix: str
    format: Format
    writers: tuple[Writer, ...] = ()
    needs: tuple[Package, ...] = ()
    others: Mapping[str, Backend] = field(default_factory=dict)
    ui_tag: Callable[[str], tuple[str, Any]] | None = None

    def at(self, filepath: str | PurePath) -> Backend:
        """Return the backend for a file of that name."""
        return self.others.get(PurePath(filepath).suffix.lower(), self)

    @property
    def formats(self) -> tuple[Format, ...]:
        """All formats, the one for loading first."""
        return (self.format, *(writer.format for writer in self.writers))

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages that saving and loading need; the value's own library is installed."""
        return (KEDRO_DATASETS, *self.needs, *self.format.needs)


KEDRO_DATASETS = Package("kedro-datasets", ("kedro_datasets",))


def merged(base: Args, extra: Args, *, clash: str = "") -> dict[str, Any]:
    """Merge ``extra`` into ``base``, level by level.

    Args:
        base: Arguments.
        extra: Arguments that override them.
        clash: If not empty, a key in both is an error, whose message starts with this.

    Raises:
        DatasetError: A key is in both.
    """
    result = dict(base)
    for key, value in extra.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(old, value, clash=clash and f"{clash}{key}.")
        elif clash and old is not None:
            raise DatasetError(f"{clash}{key} is given in the dict and beside it: keep one of them")
        else:
            result[key] = value
    return result
