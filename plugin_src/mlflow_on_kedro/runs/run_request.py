"""What a pipeline's run is to be: the configuration, and what Kedro knows of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config.sections import Config
from ..mlflow_internals.tags import NOTE
from ..tracking import uris
from ..tracking.access import is_offline
from ..tracking.description import within_limit
from ..utils.pipeline_info import PipelineInfo

KEDRO_RUN_TAG = "kedro.run_id"


@dataclass(frozen=True)
class RunRequest:
    """What a pipeline's run is to be.

    Attributes:
        config: The whole configuration.
        root: The project's root.
        package: The project's package; None outside of a project.
        kedro_run_id: Kedro's own id of the run.
        env: The Kedro environment, as given to the command.
        series: What all runs of the same pipeline have in common: see :func:`.last_runs.series_of`.
        tags: The run's tags; those in ``config`` come before them.
        pipeline_info: What is known of the pipeline.
        secret_params: Keys of parameters from the command line that look like secrets.
        registers: Whether the pipeline saves models for the model registry.
        work: What the pipeline does: see :func:`mlflow_on_kedro.tracking.parts.work_of`.
        spread: Where nodes run: in this ``process``, on this ``machine`` or on ``any`` machine.
    """

    config: Config = field(default_factory=Config)
    root: Path = field(default_factory=Path.cwd)
    package: str | None = None
    kedro_run_id: str | None = None
    env: str | None = None
    series: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    pipeline_info: PipelineInfo = field(default_factory=PipelineInfo)
    secret_params: frozenset[str] = frozenset()
    registers: bool = False
    work: Sequence[str] = ()
    spread: str = "machine"

    @property
    def is_offline(self) -> bool:
        """Whether no server may be contacted.

        Raises:
            ConfigError: The environment names no known mode.
        """
        return is_offline(self.config.tracking)

    @property
    def uri(self) -> str:
        """The tracking URI.

        Raises:
            ConfigError: No MLflow can be there.
        """
        return uris.resolve_uri(self.config.tracking.uri, self.root)

    @property
    def all_tags(self) -> dict[str, Any]:
        """All tags of the run: the description is one of them, and the user's own come last."""
        run = self.config.run
        description = within_limit(run.description or "")
        own = {KEDRO_RUN_TAG: self.kedro_run_id, NOTE: description}
        return {**self.tags, **{key: value for key, value in own.items() if value}, **run.tags}
