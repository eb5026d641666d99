"""How a file is read and written: Kedro dataset, packages, and what the value's class decides.

No dataset class is imported here: classes are named by strings.
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
    """What pip calls a package, and the modules any of which will do.

    Attributes:
        is_engine: an argument named ``engine`` chooses another package.
    """

    pip: str
    modules: tuple[str, ...]
    is_engine: bool = False


@dataclass(frozen=True)
class Format:
    """A dataset class, what it needs, and its arguments unless the user gives others.

    Attributes:
        name_arg: the argument that takes the dataset's name, if there is one.
    """

    type: str
    needs: tuple[Package, ...] = ()
    load_args: Args = field(default_factory=dict)
    save_args: Args = field(default_factory=dict)
    fs_args: Args = field(default_factory=dict)
    name_arg: str | None = None

    def config(self, given: Args) -> dict[str, Any]:
        """The dataset's configuration: what the user gave, laid over the defaults."""
        keys = ("load_args", "save_args", "fs_args")
        defaults = {key: getattr(self, key) for key in keys if getattr(self, key)}
        return {"type": self.type, **merged(defaults, given)}


@dataclass(frozen=True)
class Writer:
    """How values of some classes are saved; they are named, so nothing is imported to match them.

    Attributes:
        suffix_arg: the save argument for the file's format, where a library does not see its name.
        options: the save arguments that ``prepare`` takes.
    """

    value: tuple[str, ...]
    format: Format
    prepare: Callable[..., Any] | None = None
    suffix_arg: str | None = None
    options: tuple[str, ...] = ()

    def takes(self, value: object) -> bool:
        """Whether the value is an instance of one of the classes, or of one derived from them."""
        return any(f"{c.__module__}.{c.__qualname__}" in self.value for c in type(value).__mro__)


@dataclass(frozen=True)
class Backend:
    """How one extension is read and written. Without writers, ``format`` saves as well as loads.

    Attributes:
        others: what takes over where the user's ``filepath`` ends in another suffix.
    """

    suffix: str
    format: Format
    writers: tuple[Writer, ...] = ()
    needs: tuple[Package, ...] = ()
    others: Mapping[str, Backend] = field(default_factory=dict)

    def at(self, filepath: str | PurePath) -> Backend:
        """The backend for a file of that name."""
        return self.others.get(PurePath(filepath).suffix.lower(), self)

    @property
    def packages(self) -> tuple[Package, ...]:
        """What must be installed to save and load; a writer's library has made the value."""
        return (KEDRO_DATASETS, *self.needs, *self.format.needs)


KEDRO_DATASETS = Package("kedro-datasets", ("kedro_datasets",))


def merged(base: Args, extra: Args, *, clash: str = "") -> dict[str, Any]:
    """Lay ``extra`` over ``base``, level by level; with ``clash`` a key in both is an error."""
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
