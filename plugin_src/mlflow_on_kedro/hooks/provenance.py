"""``MLflowProvenanceLoggerHook``: what it takes to repeat a run, as artifacts below ``kedro/``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.framework.hooks import hook_impl

from ..inputs.loaded_version import loaded_version
from ..journal.entries import Loaded
from ..provenance import files
from ..provenance.configuration import catalog_text, parameters_text
from ..provenance.git_state import GitState
from ..provenance.pipeline_drawing import drawing
from ..provenance.pipeline_graph import pipeline_text
from ..runs import kedro_command, run_dataset
from ..timeline.shared_chart import nodes_of_run
from ..tracking.hidden_tags import HIDDEN
from ..utils.pipeline_info import is_parameter, pipeline_names, untranscoded
from ..utils.secrets import without_secrets
from .base import PipelineRun, TrackingHook
from .later_files import LaterFiles, log_text

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from ..config.sections import Provenance
    from ..tracking.tracked_run import TrackedRun
    from ..utils.pipeline_info import PipelineInfo

LOADED_TAG = f"{HIDDEN}loaded."
"""On a run, followed by a dataset's name: what a worker on another machine has loaded."""
_KEDRO = (
    *("env", "tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs"),
    *("namespaces", "load_versions", "only_missing_outputs"),
)


class MLflowProvenanceLoggerHook(TrackingHook):
    """Logs what it takes to repeat a run: configuration, pipeline, code, packages and machine.

    Each argument switches one of the artifacts: see the section ``provenance`` of mlflow.yml.

    Args:
        parameters: Log ``kedro/parameters.yml``.
        catalog: Log ``kedro/catalog.yml``.
        pipeline: Log ``kedro/pipeline.json`` and ``kedro/pipeline.svg``.
        code: Log ``kedro/code.diff.txt``, if files differ from the git commit.
        packages: Log ``kedro/requirements.txt``.
        environment: Log ``kedro/environment.json``.
        loaded: Log ``kedro/loaded.json``.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowProvenanceLoggerHook(code=False)
    """

    section: ClassVar[str] = "provenance"

    def __init__(
        self,
        parameters: bool | None = None,
        catalog: bool | None = None,
        pipeline: bool | None = None,
        code: bool | None = None,
        packages: bool | None = None,
        environment: bool | None = None,
        loaded: bool | None = None,
        enable_mlflow: bool = True,
    ) -> None:
        super().__init__(
            enable_mlflow,
            parameters=parameters,
            catalog=catalog,
            pipeline=pipeline,
            code=code,
            packages=packages,
            environment=environment,
            loaded=loaded,
        )

    @hook_impl(specname="after_catalog_created")
    def keep_catalog_config(
        self,
        catalog: CatalogProtocol[Any, Any],
        conf_catalog: dict[str, Any],
        conf_creds: dict[str, Any],
    ) -> None:
        """Keep the catalog's configuration until the run begins; hooks have no state."""
        holder = run_dataset.find_run_dataset(catalog)
        is_on = self.enable_mlflow and holder is not None and holder.config.enabled
        if holder is not None and is_on and self._is_on(holder.config):
            holder.catalog_config = (conf_catalog, frozenset(conf_creds or ()))

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log all but what nodes will load."""
        run, holder = pipeline_run.run, run_dataset.find_run_dataset(pipeline_run.catalog)
        if holder is None:
            return
        config, holder.catalog_config = holder.catalog_config, None  # no worker needs it
        # Of several processes with one key, the one that has created the run does it.
        if run.opened is not None and run.opened.joined:
            return
        settings: Provenance = self.settings(run.config)
        if settings.parameters:
            with run.guard():
                dataset = pipeline_run.catalog.get("parameters")
                found = dataset.load() if dataset is not None else None
                log_text(run, files.PARAMETERS, parameters_text(found or {}, run.secret_params))
        if settings.catalog and config is not None:
            with run.guard():
                log_text(run, files.CATALOG, _catalog_text(run, *config))
        if settings.pipeline:
            with run.guard():
                pipeline = _whole_pipeline(pipeline_run)
                log_text(run, files.PIPELINE, pipeline_text(pipeline))
                log_text(run, files.DRAWING, drawing(pipeline))
        git = holder.git or GitState()
        LaterFiles(run, settings, git, *_of_kedro(pipeline_run.run_params)).log()

    # First, so that this is no part of the node's duration.
    @hook_impl(tryfirst=True)
    def before_node_run(
        self, node: Node, catalog: CatalogProtocol[Any, Any], inputs: dict[str, Any]
    ) -> None:
        """Log the versions of what no node of the pipeline has made."""
        run = self.run_of(catalog)
        if run is None or not self.settings(run.config).loaded:
            return
        with run.guard():
            for name in inputs:
                dataset = catalog.get(name) if _is_first(run.pipeline_info, name, node) else None
                version = loaded_version(dataset) if dataset is not None else None
                if version is not None:
                    _log_loaded(run, untranscoded(name), version)


def _catalog_text(run: TrackedRun, config: Mapping[str, Any], credentials: frozenset[str]) -> str:
    listed = {name: entry for name, entry in config.items() if name != run_dataset.RESERVED_NAME}
    return catalog_text(listed, run.root, credentials)


def _is_first(info: PipelineInfo, name: str, node: Node) -> bool:
    """Whether a node is the first to read what no node makes."""
    if name not in info.readers or is_parameter(name):
        return False
    # With `--only-missing-outputs` the first one may not run.
    return info.readers[name] == node.name or not info.outputs


def _log_loaded(run: TrackedRun, name: str, version: Mapping[str, str]) -> None:
    content = json.dumps(version, ensure_ascii=False)
    if run.in_worker and run.local_journal is None:
        run.set_tag(f"{LOADED_TAG}{name}", content)
    else:
        run.log_entry(Loaded(name, content))
    run.settle()


def _whole_pipeline(pipeline_run: PipelineRun) -> Pipeline:
    """Return the pipeline that all processes of the run will have run together."""
    if pipeline_run.run.key is None:
        return pipeline_run.pipeline
    from kedro.pipeline import Pipeline

    nodes = nodes_of_run(pipeline_run.pipeline, pipeline_run.run_params)
    return Pipeline(list(dict.fromkeys(nodes)))


def _of_kedro(run_params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the command that repeats the run, and what Kedro was asked to run."""
    from kedro import __version__

    given = kedro_command.command_params()
    facts = {
        "version": __version__,
        "pipeline": ",".join(pipeline_names(run_params)),
        "runner": kedro_command.runner_name(run_params.get("runner")) or "SequentialRunner",
        "conf_source": given.get("conf_source"),
        **{name: run_params.get(name) for name in _KEDRO},
    }
    plain = json.loads(json.dumps(without_secrets(facts), default=str))
    return kedro_command.typed_command(run_params), plain
