"""``TrackingHook``: opening the run of a session, taking part in it, and ending it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..config import project
from ..config.parsing import override
from ..config.sections import Config
from ..config.switched_off import is_switched_off
from ..notebook import context_mlflow
from ..runs import run_dataset
from .catalog_setup import prepare_context, take_out_keys

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from ..tracking.tracked_run import TrackedRun


@dataclass(frozen=True)
class PipelineRun:
    """A pipeline that begins or ends, with its run in MLflow.

    Attributes:
        run: The run in MLflow.
        run_params: Kedro's parameters of the run, such as ``pipeline_names`` and ``env``.
        pipeline: The pipeline.
        catalog: Its catalog.
    """

    run: TrackedRun
    run_params: Mapping[str, Any]
    pipeline: Pipeline
    catalog: CatalogProtocol[Any, Any]


@dataclass(frozen=True)
class ComingRun:
    """A pipeline that is about to begin, before its run in MLflow is opened.

    Attributes:
        config: The configuration.
        where: The names of its files, for messages.
        root: The project's root.
        run_params: Kedro's parameters of the run.
        pipeline: The pipeline.
        catalog: Its catalog.
    """

    config: Config
    where: str
    root: Path
    run_params: Mapping[str, Any]
    pipeline: Pipeline
    catalog: CatalogProtocol[Any, Any]


def as_list(names: Sequence[str] | str | None) -> list[str] | None:
    """Make a list of one name or of several; None, for an argument that is not given, stays."""
    return [names] if isinstance(names, str) else list(names) if names is not None else None


class NodeScope(threading.local):
    """The run and catalog of the node that runs in this thread.

    Kedro gives its dataset hooks neither. A node's saves happen in the thread of its
    ``before_node_run``, which gets both.
    """

    run: TrackedRun | None = None
    catalog: CatalogProtocol[Any, Any] | None = None


class TrackingHook:
    """Base of the plugin's hooks; each works alone, or beside the others in any order.

    The first hook that Kedro calls opens the run, and the last one to finish ends it. So whatever a
    hook does in :meth:`finish` is still within the run, and so is the work of the user's own hooks.

    Args:
        enable_mlflow: Whether this hook does anything.
        arguments: Keys of its section with values that win over mlflow.yml, unless they are None.
    """

    section: ClassVar[str] = ""
    """The section of mlflow.yml that configures this hook; its ``enabled`` switches the hook."""

    by_default: ClassVar[bool] = True
    """Whether ``mlflow_hooks()`` has this hook, if it has a section."""

    needs_mlflow_yml: bool = False
    """Whether this hook acts only in a project that has an mlflow.yml."""

    def __init__(self, enable_mlflow: bool = True, **arguments: Any) -> None:
        self.enable_mlflow = enable_mlflow
        self.arguments = arguments

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Return the arguments that are needed to open the run: section -> key -> value."""
        return {}

    def settings(self, config: Config) -> Any:
        """Return this hook's section of mlflow.yml, in which the hook's arguments win."""
        return override(getattr(config, self.section), **self.arguments)

    def check(self, coming: ComingRun) -> None:
        """Check this hook's part of the configuration before the run is opened.

        Raises:
            ConfigError: Something is wrong.
        """

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Do this hook's work before the pipeline."""

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Do this hook's work after the pipeline, which has succeeded unless there is an error."""

    def run_of(self, catalog: CatalogProtocol[Any, Any]) -> TrackedRun | None:
        """Return the run of a catalog; None if there is none or this hook is switched off."""
        run = run_dataset.find_run(catalog) if self.enable_mlflow else None
        return run if run is not None and self._is_on(run.config) else None

    def _is_on(self, config: Config) -> bool:
        section = getattr(config, self.section) if self.section else None
        return bool(getattr(section, "enabled", True))

    def _acts_in(self, catalog: CatalogProtocol[Any, Any]) -> bool:
        is_prepared = not self.needs_mlflow_yml or run_dataset.find_run_dataset(catalog) is not None
        return self.enable_mlflow and is_prepared

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Put the configuration into the catalog, and ``context.mlflow`` into notebooks."""
        if self.needs_mlflow_yml and not project.has_mlflow_yml(context):
            return
        prepare_context(context, self.overrides() if self.enable_mlflow else None)
        context_mlflow.add_to_context(context)

    @hook_impl
    def after_catalog_created(
        self, catalog: CatalogProtocol[Any, Any], parameters: dict[str, Any]
    ) -> None:
        """Remove keys of mlflow.yml from the project's parameters."""
        take_out_keys(catalog, parameters)

    # Wrappers with `tryfirst` begin before all others, and of these the last hook in HOOKS begins
    # first. So a mistake is found before the run is opened, if the hook that opens it is the first.

    @hook_impl(hookwrapper=True, tryfirst=True, specname="before_pipeline_run")
    def before_there_is_a_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, None, None]:
        """Check the configuration."""
        self._check(run_params, pipeline, catalog)
        yield

    def _check(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        if not self._acts_in(catalog):
            return
        from .opening import run_dataset_of

        holder = run_dataset_of(run_params, catalog)
        config = holder.config
        if not self._is_on(config) or is_switched_off(config, run_params):
            return
        try:
            self.check(ComingRun(config, holder.where, holder.root, run_params, pipeline, catalog))
        except Exception as error:
            if holder.run is not None:
                holder.run.end("FAILED", error)
            raise

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Any:
        """Open the run and begin."""
        self._open(run_params, pipeline, catalog)

    def _open(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        if not self._acts_in(catalog):
            return
        from .opening import open_run  # with all that a run needs, and other commands do not

        run = open_run(run_params, pipeline, catalog)
        if run is None:
            return
        run_dataset.enter(catalog)
        if not self._is_on(run.config):
            return
        try:
            with run.guard():
                self.begin(PipelineRun(run, run_params, pipeline, catalog))
        except Exception as error:
            run.end("FAILED", error)  # Kedro calls no hook for errors before the pipeline
            raise

    @hook_impl(hookwrapper=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, Any, None]:
        """Finish and leave the run, after all hooks that are no wrappers."""
        outcome = yield
        # An error in another hook here fails the session, though the pipeline has succeeded.
        error = outcome.excinfo[1] if outcome.excinfo is not None else None
        self._close(run_params, pipeline, catalog, error)

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
        self._close(run_params, pipeline, catalog, error)

    def _close(
        self,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        error: Exception | None,
    ) -> None:
        run = run_dataset.find_run(catalog) if self._acts_in(catalog) else None
        if run is None:
            return
        try:
            if self._is_on(run.config):
                with run.guard():
                    self.finish(PipelineRun(run, run_params, pipeline, catalog), error)
        finally:
            run_dataset.leave(catalog, error)
