"""The dataset that carries the run in the catalog, under a reserved name.

Kedro passes the catalog to every hook of a node, and every runner passes it to its workers. So the
run is wherever the catalog is, in any thread, process or session, and needs no global variable.
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

    from ..provenance.git_state import GitState
    from ..tracking.tracked_run import TrackedRun

RESERVED_NAME = "mlflow_on_kedro.run"


class RunDataset(AbstractDataset[None, "TrackedRun | None"]):
    """Holds the run of a catalog, and the configuration with which it is opened.

    Args:
        config: The content of mlflow.yml, as the only item.
        root: The project's root.
        package: The project's package.
        mlflow_catalog: ``catalog.mlflow_catalog`` of mlflow.yml.
        credentials: The entry of credentials.yml that ``tracking.credentials`` names.
        checked: Whether the configuration was checked before.
        where: The names of the files that mlflow.yml was read from, for messages.
        given: The keys of mlflow.yml from the command line, as the only item.
        messages: What the user is to read when a run begins, each with its level.

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
        messages: Sequence[tuple[int, str]] = (),
    ) -> None:
        make = restore if checked else parse  # a check takes long, so one must do
        self.config: Config = make(config[0] if config else {})
        if mlflow_catalog:
            catalog = replace(self.config.catalog, mlflow_catalog=dict(mlflow_catalog))
            self.config = replace(self.config, catalog=catalog)
        self.where = where
        self.given = given
        self.messages = messages
        self.root = Path(root) if root else Path.cwd()
        self._access = Access.from_settings(self.config.tracking, credentials or {}, self.root)
        self._access.use()
        self.package = package
        self.run: TrackedRun | None = None
        self.was_requested = False
        """Whether a hook has tried to open the run; if that fails, no other hook tries again."""
        self.git: GitState | None = None
        """The state of the project's code when the run began."""
        self.catalog_config: tuple[Mapping[str, Any], frozenset[str]] | None = None
        """The content of catalog.yml and the names in credentials.yml, until the run begins."""
        self.hooks_at_work = 0
        """How many hooks have begun to work on the run, and not finished."""

    def load(self) -> TrackedRun | None:
        """Return the run; None before it is opened and if tracking is off."""
        return self.run

    def save(self, data: None) -> None:
        """Raise an error: a hook puts the run here, no node may."""
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
            from ..observability import run_log
            from .node_calls import fluent

            with self.run.guard():
                run_log.begin(self.run)
                fluent.begin(self.run)


def register_hooks_in_worker(package: str | None) -> None:
    """Load the project's settings, and so its hooks, in a worker process that has none.

    With the start methods spawn and forkserver, and on a cluster, Kedro's workers run nodes without
    ``settings.HOOKS``, because they do not know the project.
    """
    if package and kedro_internals.package_name() is None:
        kedro_internals.read_settings(package)


def find_run_dataset(catalog: CatalogProtocol[Any, Any]) -> RunDataset | None:
    """Find the dataset that holds a catalog's run; None if no hook of this plugin has added it."""
    dataset = catalog.get(RESERVED_NAME)
    return dataset if isinstance(dataset, RunDataset) else None


def find_run(catalog: CatalogProtocol[Any, Any]) -> TrackedRun | None:
    """Find the open run of a catalog; None if there is none or tracking is off."""
    dataset = find_run_dataset(catalog)
    return dataset.run if dataset is not None else None


def enter(catalog: CatalogProtocol[Any, Any]) -> None:
    """Count a hook that begins to work on the run of a catalog."""
    dataset = find_run_dataset(catalog)
    if dataset is not None:
        dataset.hooks_at_work += 1


def leave(catalog: CatalogProtocol[Any, Any], error: BaseException | None = None) -> None:
    """Count a hook that has finished; the last one ends the run.

    Args:
        catalog: The catalog.
        error: What made the pipeline fail.
    """
    dataset = find_run_dataset(catalog)
    if dataset is None or dataset.run is None:
        return
    dataset.hooks_at_work -= 1
    if dataset.hooks_at_work <= 0:
        dataset.run.end("FAILED" if error is not None else "FINISHED")
