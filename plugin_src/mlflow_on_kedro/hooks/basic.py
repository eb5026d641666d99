"""``MLflowBasicLoggerHook``: the run itself, its origin, and how it ends."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kedro.framework.hooks import hook_impl

from ..config.checks import ALL
from ..config.sections import Run
from ..journal.entries import Summary
from ..journal.values import param_text
from ..observability import observers, run_log
from ..runs import kedro_command, provenance
from ..runs.node_calls import fluent
from ..tracking.finding import COMMAND_TAG
from ..tracking.group_lookup import PIPELINE_TAG
from ..tracking.timing_metrics import FAILED_NODE_TAG, PIPELINE_METRIC
from ..utils import installation
from ..utils.clock import now_ms
from ..utils.pipeline_info import pipeline_names
from ..utils.secrets import looks_secret, mask_urls, without_secrets
from ..utils.suggestions import did_you_mean
from .base import PipelineRun, as_list
from .node_progress import NodeProgressHook, noting_end
from .summary import summary_of

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


logger = logging.getLogger(__name__)

# Logged under other names, or of no use because they differ in every run.
_NO_TAGS = frozenset(
    {
        *("run_id", "session_id", "project_path", "kedro_version", "runtime_params"),
        *("extra_params", "pipeline_name", "pipeline_names"),
    }
)


class MLflowBasicLoggerHook(NodeProgressHook):
    """Opens and ends the run; logs its origin, how long it took and how it ended.

    The arguments have PipelineX's names, and win over mlflow.yml.

    Args:
        uri: The tracking URI.
        experiment_name: The experiment; created or restored when needed.
        artifact_location: Where the experiment keeps its artifacts, if it has to be created.
        run_name: The run's name.
        run_id: Continue this run.
        nested: Make the run a child of the one that is active.
        tags: Tags to set.
        offset_hours: The time zone of the logged begin and end, in hours from UTC.
        enable_logging_time_begin: Log when the pipeline began, as the tag ``time.begin``.
        enable_logging_time_end: Log when it ended, as the tag ``time.end``.
        enable_logging_time: Log how long it took, as the metric
            ``system/time/pipeline`` in seconds.
        logging_kedro_run_params: Names of Kedro run params, or ``"__ALL__"``, to log as parameters
            ``___<name>``.
        enable_mlflow: Whether this hook does anything.
        description: The run's description, in Markdown.

    Example:
        >>> HOOKS = (MLflowBasicLoggerHook(uri="sqlite:///mlflow.db", experiment_name="demo"),)
    """

    section: ClassVar[str] = "run"

    def __init__(
        self,
        uri: str | None = None,
        experiment_name: str | None = None,
        artifact_location: str | None = None,
        run_name: str | None = None,
        run_id: str | None = None,
        nested: bool | None = None,
        tags: dict[str, Any] | None = None,
        offset_hours: float | None = None,
        enable_logging_time_begin: bool | None = None,
        enable_logging_time_end: bool | None = None,
        enable_logging_time: bool | None = None,
        logging_kedro_run_params: Sequence[str] | Literal["__ALL__"] | None = None,
        enable_mlflow: bool = True,
        *,
        description: str | None = None,
    ) -> None:
        super().__init__(enable_mlflow)
        self._tracking = {"uri": uri}
        self._experiment = {"name": experiment_name, "artifact_location": artifact_location}
        self._run = {
            "id": run_id,
            "name": run_name,
            "nested": nested,
            "tags": tags,
            "description": description,
            "offset_hours": offset_hours,
            "log_time_begin": enable_logging_time_begin,
            "log_time_end": enable_logging_time_end,
            "log_time": enable_logging_time,
            "kedro_run_params": ALL
            if logging_kedro_run_params == ALL
            else as_list(logging_kedro_run_params),
        }

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Return the sections ``tracking``, ``experiment`` and ``run``."""
        return {"tracking": self._tracking, "experiment": self._experiment, "run": self._run}

    # The first hook to be called opens the run, and only this one knows its arguments.

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Put mlflow.yml into the catalog; this hook's arguments win over it."""
        super().after_context_created(context)

    # Wrappers with `tryfirst` begin before all other hooks and end after them, whatever their order
    # in HOOKS. So whatever the others log with MLflow is within the run.

    @hook_impl(hookwrapper=True, tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, Any, None]:
        """Open the run and log its origin; end it if another hook fails."""
        self._open(run_params, pipeline, catalog)
        outcome = yield
        run = self.run_of(catalog)
        if run is not None and outcome.excinfo is not None:
            run.end("FAILED", outcome.excinfo[1])

    @hook_impl(hookwrapper=True, tryfirst=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, Any, None]:
        """Finish, after all other hooks, and leave the run."""
        self._log_duration(catalog)
        yield from super().after_pipeline_run(run_params, pipeline, catalog)

    @hook_impl(hookwrapper=True, tryfirst=True)
    def on_pipeline_error(
        self,
        error: Exception,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> Generator[None, None, None]:
        """Finish a pipeline that failed, after all other hooks, and leave the run."""
        self._log_duration(catalog)
        yield from super().on_pipeline_error(error, run_params, pipeline, catalog)

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log versions, the command that repeats the run, and Kedro's run parameters."""
        run, params = pipeline_run.run, pipeline_run.run_params
        observers.begin(run)
        for key, value in provenance.version_tags().items():
            run.set_tag(key, value)
        run.set_tag("kedro.plugin_version", installation.present().in_words(run.root))
        command = kedro_command.typed_command(params)
        run.set_tag(COMMAND_TAG, command)
        if run.config.run.description is None:
            run.log_entry(Summary(summary_of(pipeline_run, command).to_json()))
        if given := kedro_command.runtime_params(params):
            run.set_tag(kedro_command.RUNTIME_PARAMS_TAG, without_secrets(given))
        run.set_tag(PIPELINE_TAG, ",".join(pipeline_names(params)))
        for name, value in params.items():
            if value and name not in _NO_TAGS:
                run.set_tag(f"kedro.{name}", _run_param(name, value))
        chosen = run.config.run.kedro_run_params
        for name in params if chosen == ALL else chosen:
            if name not in params:
                meant = did_you_mean(name, params)
                logger.warning("run.kedro_run_params: Kedro has no run param '%s'.%s", name, meant)
            elif chosen != ALL or not looks_secret(name):
                run.log_param(f"___{name}", _run_param(name, params[name]))
        if run.config.run.log_time_begin:
            run.set_tag("time.begin", _clock(run.config.run))

    def _log_duration(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Log how long the pipeline took, before other hooks do their work after it."""
        run = self.run_of(catalog)
        if run is None:
            return
        with run.guard():
            if run.config.run.log_time:
                end = now_ms()
                run.log_metric(PIPELINE_METRIC, (end - run.start_ms) / 1000, timestamp=end)
            if run.config.run.log_time_end:
                run.set_tag("time.end", _clock(run.config.run))

    def finish(self, pipeline_run: PipelineRun, error: Exception | None) -> None:
        """Log the error if there is one."""
        if error is not None:
            pipeline_run.run.log_error(error)

    # Wrappers, because another hook may raise: if the run stayed active on the thread, the next run
    # would take it for one that the user has started.

    @hook_impl(hookwrapper=True)
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, Any, None]:
        """Make the run MLflow's active run, for the node's own calls to MLflow."""
        run = self.of_node(node, catalog)
        self.note_begun(run, node)
        if run is not None:
            with run.guard():
                run_log.begin_node(run)
                fluent.attach(run, node.name)
        outcome = yield
        if run is not None and outcome.excinfo is not None:
            fluent.detach(run, "FAILED")
            run_log.end_node(run)

    @hook_impl(hookwrapper=True)
    def after_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], outputs: dict[str, Any]
    ) -> Generator[None, None, None]:
        """End MLflow's active run in the node's thread."""
        yield
        run = self.of_node(node, catalog)
        if run is None:
            return
        with run.guard():
            fluent.detach(run)
            run_log.end_node(run)
        if inspect.isgeneratorfunction(node.func):
            for name, chunks in outputs.items():
                attached = fluent.attached_chunks(run, node.name, chunks)
                outputs[name] = noting_end(run, node, name, attached)
        elif not node.outputs:
            with run.guard():
                run.finish_output(node, None)

    @hook_impl(hookwrapper=True)
    def on_node_error(
        self, node: Node, catalog: CatalogProtocol[Any, Any]
    ) -> Generator[None, None, None]:
        """Log the name of the node that failed, and end MLflow's active run in its thread."""
        yield
        run = self.of_node(node, catalog)
        if run is not None:
            with run.guard():
                fluent.detach(run, "FAILED")
                run_log.end_node(run)
                for one in dict.fromkeys((run, run.whole)):
                    one.set_tag(FAILED_NODE_TAG, node.name)
                    one.settle()


def _run_param(name: str, value: Any) -> str:
    if name == "runner":
        return kedro_command.runner_name(value) or "SequentialRunner"  # Kedro's own default
    return mask_urls(param_text(without_secrets(value)))


def _clock(config: Run) -> str:
    zone = timezone(timedelta(hours=config.offset_hours))
    return datetime.now(zone).isoformat(timespec="milliseconds")
