"""What the hooks share: finding or opening the run, taking part in it, and ending it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..config.sections import Config
from ..config.switched_off import is_switched_off
from ..notebook import context_mlflow
from ..runs.run_dataset import find_run
from .session import carrier_of, open_run, prepare_context, take_out_keys

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from ..tracking.tracked_run import TrackedRun


@dataclass(frozen=True)
class PipelineRun:
    """What a hook knows when a pipeline begins and ends."""

    run: TrackedRun
    run_params: Mapping[str, Any]
    pipeline: Pipeline
    catalog: CatalogProtocol[Any, Any]


@dataclass(frozen=True)
class ComingRun:
    """What a hook knows of a pipeline before there is a run.

    Attributes:
        config: The whole configuration.
        where: The names of its files, for messages.
        root: The project's root.
        run_params: What Kedro's ``before_pipeline_run`` gets.
        pipeline: The pipeline.
        catalog: The run's catalog.
    """

    config: Config
    where: str
    root: Path
    run_params: Mapping[str, Any]
    pipeline: Pipeline
    catalog: CatalogProtocol[Any, Any]


def listed(names: Sequence[str] | str | None) -> list[str] | None:
    """Take one name for a list of one, as PipelineX's hooks do."""
    return [names] if isinstance(names, str) else list(names) if names is not None else None


class NodeScope(threading.local):
    """The run and catalog of the node that runs in this thread.

    Kedro gives its dataset hooks neither. A node's saves happen in the thread of its
    ``before_node_run``, so what that hook got is theirs too.
    """

    run: TrackedRun | None = None
    catalog: CatalogProtocol[Any, Any] | None = None


class TrackingHook:
    """Base of the plugin's hooks; each works alone, or beside the others in any order.

    The first hook to be called opens the run, and the last to leave ends it, so what a hook does in
    :meth:`finish` is still within the run, and so is what the user's own hooks do.

    Args:
        enable_mlflow: Whether this hook does anything.
    """

    section: ClassVar[str] = ""
    """The section of mlflow.yml whose ``enabled`` switches this hook."""

    def __init__(self, enable_mlflow: bool = True) -> None:
        self.enable_mlflow = enable_mlflow

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Sections of mlflow.yml that this hook's arguments win over."""
        return {}

    def check(self, coming: ComingRun) -> None:
        """Refuse what is wrong in this hook's part of the configuration.

        Raises:
            ConfigError: Something is wrong.
        """

    def begin(self, session: PipelineRun) -> None:
        """Do what comes before the pipeline."""

    def finish(self, session: PipelineRun, error: Exception | None) -> None:
        """Do what comes after the pipeline, whether it succeeded or not."""

    def run_of(self, catalog: CatalogProtocol[Any, Any]) -> TrackedRun | None:
        """The run of a catalog; None when there is none or this hook is switched off."""
        run = find_run(catalog) if self.enable_mlflow else None
        return run if run is not None and self._is_on(run.config) else None

    def _is_on(self, config: Config) -> bool:
        return not self.section or bool(getattr(config, self.section).enabled)

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Bring mlflow.yml into the catalog, and MLflow to notebooks."""
        prepare_context(context, self.overrides() if self.enable_mlflow else None)
        context_mlflow.add_to_context(context)

    @hook_impl
    def after_catalog_created(
        self, catalog: CatalogProtocol[Any, Any], parameters: dict[str, Any]
    ) -> None:
        """Leave the project's parameters without keys of mlflow.yml."""
        take_out_keys(catalog, parameters)

    # The wrappers that are tried first are called before all others, those of the last hook in
    # HOOKS first: so a mistake leaves no run, where the hook that opens the run is the first.

    @hook_impl(hookwrapper=True, tryfirst=True, specname="before_pipeline_run")
    def before_there_is_a_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, None, None]:
        """Refuse mistakes in the configuration."""
        self._check(run_params, pipeline, catalog)
        yield

    def _check(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        if not self.enable_mlflow:
            return
        holder = carrier_of(run_params, catalog)
        config = holder.config
        if not self._is_on(config) or is_switched_off(config, run_params):
            return
        try:
            self.check(ComingRun(config, holder.where, holder.root, run_params, pipeline, catalog))
        except Exception as error:
            if holder.run is not None:
                holder.run.fail(error)
            raise

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Any:
        """Open the run and begin."""
        self._enter(run_params, pipeline, catalog)

    def _enter(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        if not self.enable_mlflow:
            return
        run = open_run(run_params, pipeline, catalog)
        if run is None or not self._is_on(run.config):
            return
        run.enter()
        try:
            with run.guard():
                self.begin(PipelineRun(run, run_params, pipeline, catalog))
        except Exception as error:
            run.fail(error)  # Kedro calls no hook for what fails before the pipeline
            raise

    @hook_impl(hookwrapper=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, Any, None]:
        """Finish, after all hooks that are no wrappers, and leave the run."""
        outcome = yield
        # Another hook that fails here fails the session, though the pipeline has succeeded.
        error = outcome.excinfo[1] if outcome.excinfo is not None else None
        self._leave(run_params, pipeline, catalog, error)

    @hook_impl(hookwrapper=True)
    def on_pipeline_error(
        self,
        error: Exception,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> Generator[None, None, None]:
        """Finish a pipeline that failed, and leave the run."""
        yield
        self._leave(run_params, pipeline, catalog, error)

    def _leave(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        error: Exception | None,
    ) -> None:
        run = self.run_of(catalog)
        if run is None:
            return
        try:
            with run.guard():
                self.finish(PipelineRun(run, run_params, pipeline, catalog), error)
        finally:
            run.leave(error)
