"""How a run travels: as a dataset of the catalog, under a reserved name.

Kedro hands the catalog to every node hook, and every runner takes it to its workers. So whoever
has the catalog has the run, in any thread, process or session, and there is no global to miss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from ..config.checks import FILE
from ..config.parsing import parse, restore
from ..config.sections import Config
from ..tracking.access import Access
from ..utils import kedro_internals

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun

RESERVED_NAME = "mlflow_on_kedro.run"


class RunDataset(AbstractDataset[None, "TrackedRun | None"]):
    """Holds the run of a catalog, and before it is opened the configuration for it.

    Args:
        config: The content of mlflow.yml, as the only item.
        root: The project's root.
        package: The project's package.
        mlflow_catalog: That of the section ``catalog``.
        credentials: What ``tracking.credentials`` names in credentials.yml.
        checked: The configuration is known to be right.
        where: The names of the mlflow.yml files that say it, for messages.
        given: The keys of mlflow.yml that came with the command, as the only item.

    Example:
        >>> RunDataset(config=[{"enabled": False}]).config.enabled
        False
    """

    def __init__(
        self,
        config: Sequence[Mapping[str, Any]] = (),
        root: str | None = None,
        package: str | None = None,
        mlflow_catalog: Mapping[str, Any] | None = None,
        credentials: Mapping[str, Any] | None = None,
        *,
        checked: bool = False,
        where: str = FILE,
        given: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        make = restore if checked else parse  # to check it once takes long enough
        self.config: Config = make(config[0] if config else {})
        if mlflow_catalog:
            catalog = replace(self.config.catalog, mlflow_catalog=dict(mlflow_catalog))
            self.config = replace(self.config, catalog=catalog)
        self.where = where
        self.given = given
        self.root = Path(root) if root else Path.cwd()
        self._access = Access.of(self.config.tracking, credentials or {}, self.root)
        self._access.use()
        self.package = package
        self.run: TrackedRun | None = None
        # A run that could not be opened is not tried again by each hook.
        self.asked = False

    def load(self) -> TrackedRun | None:
        """Return the run; None before it is opened and when tracking is off."""
        return self.run

    def save(self, data: None) -> None:
        """Refuse: the run is put here when it is opened, not by a node."""
        raise NotImplementedError(f"'{RESERVED_NAME}' is reserved and cannot be saved to.")

    def _describe(self) -> dict[str, Any]:
        opened = self.run.opened if self.run is not None else None
        return {"run_id": opened.run_id if opened is not None else None}

    def _exists(self) -> bool:
        return self.run is not None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._access.use()
        register_hooks_in_worker(self.package)
        if self.run is not None:
            from .node_calls import fluent

            with self.run.guard():
                fluent.begin(self.run)


def register_hooks_in_worker(package: str | None) -> None:
    """Load the project's settings in a worker process that has none.

    With the start methods spawn and forkserver, and on a cluster, Kedro's workers run nodes
    without ``settings.HOOKS``, because nothing there has named the project.
    """
    if package and kedro_internals.package_name() is None:
        kedro_internals.read_settings(package)


def find_carrier(catalog: CatalogProtocol[Any, Any]) -> RunDataset | None:
    """The carrier of a catalog; None if no hook of this plugin has put one there."""
    dataset = catalog.get(RESERVED_NAME)
    return dataset if isinstance(dataset, RunDataset) else None


def find_run(catalog: CatalogProtocol[Any, Any]) -> TrackedRun | None:
    """The open run of a catalog; None when there is none or tracking is off."""
    carrier = find_carrier(catalog)
    return carrier.run if carrier is not None else None
