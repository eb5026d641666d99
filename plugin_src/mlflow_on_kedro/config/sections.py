"""The sections of mlflow.yml as dataclasses: each key with its type, default and limits.

A new key is an attribute here. What reads it is elsewhere; how it is checked follows from its type,
and from :func:`one_of` or :func:`at_least` where a type allows too much.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Optional

from ..utils.mlflow_limits import MAX_PARAM_LENGTH

# OmegaConf 2.1, which Kedro still allows, knows `Optional[str]` but not `str | None`.
# ruff: noqa: UP045

MAX_COPY = 1_000_000_000
"""``tracking.max_copy``: the most bytes of an artifact that are copied into a journal."""
DESCRIPTION_PLACEHOLDER = "{pipeline}"
"""In ``run.name``, the pipeline's name goes here; in ``run.description``, a table of its nodes."""
RANDOM_PLACEHOLDER = "{random}"
"""In ``run.name``, random words as in MLflow's own names go here."""
SUFFIXES = frozenset({".yml", ".yaml", ".json"})
"""How the names of the configuration's files end that Kedro reads."""
RUNTIME_SECTION = "mlflow"
"""The runtime parameter (``kedro run --params mlflow.…``) that holds keys of mlflow.yml."""


def one_of(default: str, *others: str) -> Any:
    """Make a key whose value is one of a few words."""
    return field(default=default, metadata={"choices": (default, *others)})


def at_least(minimum: float, default: Any) -> Any:
    """Make a key whose value is a number with a lower limit."""
    return field(default=default, metadata={"minimum": minimum})


def choices(section: Any) -> dict[str, tuple[str, ...]]:
    """Return the keys of a section that take one of a few words, each with these words.

    Example:
        >>> choices(Params)
        {'too_long': ('truncate', 'tag', 'artifact', 'error')}
    """
    return {
        key.name: key.metadata["choices"] for key in fields(section) if "choices" in key.metadata
    }


def minimums(section: Any) -> dict[str, float]:
    """Return the keys of a section that have a lower limit, each with that limit.

    Example:
        >>> minimums(Inputs)
        {'max_bytes': 0}
    """
    return {
        key.name: key.metadata["minimum"] for key in fields(section) if "minimum" in key.metadata
    }


@dataclass(frozen=True)
class Tracking:
    """Where runs are tracked, and what happens when that fails."""

    uri: Optional[str] = None
    registry_uri: Optional[str] = None
    mode: str = one_of("online", "offline")
    credentials: Optional[str] = None
    request_headers: dict[str, Any] = field(default_factory=dict, repr=False)
    on_failure: str = one_of("warn", "raise")
    timeout: float = at_least(0, 6.0)
    wait_at_end: float = at_least(0, 300.0)
    max_copy: int = at_least(0, MAX_COPY)
    delivery: str = one_of("auto", "thread", "process")


@dataclass(frozen=True)
class Experiment:
    """The experiment; created when it is missing, restored when it was deleted."""

    name: Optional[str] = None
    artifact_location: Optional[str] = None
    tags: dict[str, Any] = field(default_factory=dict)
    restore_if_deleted: bool = True


@dataclass(frozen=True)
class Run:
    """How the run is named and described."""

    id: Optional[str] = None
    parent: Optional[str] = None
    key: Optional[str] = None
    name: Optional[str] = None
    resume: bool = False
    nested: bool = False
    children: str = one_of("none", "namespaces", "pipelines")
    tags: dict[str, Any] = field(default_factory=dict)
    description: Optional[str] = None
    kedro_run_params: Any = field(default_factory=list)
    log_time_begin: bool = False
    log_time_end: bool = False
    log_time: bool = True
    offset_hours: float = 0.0


@dataclass(frozen=True)
class Params:
    """How parameters that are dicts are logged, and values beyond ``max_length`` characters."""

    too_long: str = one_of("truncate", "tag", "artifact", "error")
    max_length: int = at_least(1, MAX_PARAM_LENGTH)
    flatten: bool = True
    recursive: bool = True
    flatten_lists: bool = False
    separator: str = "."

    @property
    def levels(self) -> int | None:
        """The number of levels of a dict that are flattened; None: all."""
        return 0 if not self.flatten else None if self.recursive else 1


@dataclass(frozen=True)
class Catalog:
    """Automatic logging of node inputs and outputs."""

    enabled: bool = True
    auto: bool = True
    parameters: str = one_of("params", "by_type", "none")
    mlflow_catalog: dict[str, Any] = field(default_factory=dict)
    max_leaves: int = at_least(1, 100)
    max_length: int = at_least(1, 250)
    unlogged: str = one_of("info", "warn", "ignore", "error")


@dataclass(frozen=True)
class Inputs:
    """Datasets that the pipeline reads and does not make."""

    enabled: bool = True
    max_bytes: int = at_least(0, 100_000_000)


@dataclass(frozen=True)
class Artifacts:
    """Files and folders that are logged without an MLflow dataset."""

    enabled: bool = True
    before_pipeline_run: list[str] = field(default_factory=list)
    after_pipeline_run: list[str] = field(default_factory=list)
    after_node_run: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EnvVars:
    """Environment variables that are logged."""

    enabled: bool = True
    params: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    prefix: str = "env.."


@dataclass(frozen=True)
class Time:
    """Durations and the Gantt chart."""

    enabled: bool = True
    prefix: Optional[str] = None
    io_metrics: bool = False
    gantt: bool = True
    gantt_filepath: Optional[str] = None
    gantt_params: dict[str, Any] = field(default_factory=dict)
    time_log_filepath: Optional[str] = None


@dataclass(frozen=True)
class SystemMetrics:
    """CPU, memory, disk and network of the machine while the pipeline runs."""

    enabled: Optional[bool] = None
    interval: Optional[float] = at_least(0.1, None)


@dataclass(frozen=True)
class Ui:
    """Where `kedro mlflow ui` listens."""

    host: str = "127.0.0.1"
    port: Optional[int] = None


@dataclass(frozen=True)
class PipelineModel:
    """One entry of ``pipeline_models``: an inference pipeline that is logged as a model."""

    training: str = "__default__"
    inference: str = ""
    input: str = ""
    runner: str = "SequentialRunner"
    copy_mode: Any = "assign"
    input_example: bool = False
    pip_requirements: Any = None
    extra_pip_requirements: Any = field(default_factory=list)
    conda_env: Any = None
    code_paths: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    registered_model_name: Optional[str] = None
    alias: Optional[str] = None
    promote: Any = None


@dataclass(frozen=True)
class Config:
    """All of mlflow.yml; each attribute is a section or a key of its top level."""

    enabled: bool = True
    disabled_pipelines: list[str] = field(default_factory=list)
    tracking: Tracking = field(default_factory=Tracking)
    experiment: Experiment = field(default_factory=Experiment)
    run: Run = field(default_factory=Run)
    params: Params = field(default_factory=Params)
    catalog: Catalog = field(default_factory=Catalog)
    inputs: Inputs = field(default_factory=Inputs)
    artifacts: Artifacts = field(default_factory=Artifacts)
    env_vars: EnvVars = field(default_factory=EnvVars)
    time: Time = field(default_factory=Time)
    autolog: Any = False
    trace: bool = False
    system_metrics: SystemMetrics = field(default_factory=SystemMetrics)
    ui: Ui = field(default_factory=Ui)
    pipeline_models: dict[str, Any] = field(default_factory=dict)
