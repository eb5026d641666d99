"""The sections of mlflow.yml as dataclasses: each key with its type, default and limits.

A new key is an attribute here. What reads it is elsewhere; how it is checked follows from its type,
and from :func:`one_of` or :func:`at_least` where a type allows too much.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from ..utils.mlflow_limits import MAX_PARAM_LENGTH
from .keys import at_least, one_of

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


@dataclass(frozen=True)
class Tracking:
    """Where runs are tracked, and what happens when that fails.

    Attributes:
        uri: The tracking server or store. null: ``MLFLOW_TRACKING_URI``, else
            ``sqlite:///mlflow.db`` in the project's root.
        registry_uri: Where models are registered. null: where runs are tracked.
        mode: ``offline`` contacts no server; ``kedro mlflow sync`` delivers later.
        credentials: The name of an entry of credentials.yml with ``username`` and ``password``,
            or ``token``.
        request_headers: HTTP headers that are sent with each request to the server; or ``type``
            with the path of a class that makes them.
        on_failure: What happens when MLflow cannot be reached: ``warn`` and run on, or
            ``raise``.
        timeout: Seconds that a server that does not answer may hold up a run.
        wait_at_end: Seconds that the end of a run may take to deliver the rest. 0: it is delivered
            in the background, for at most 5 minutes.
        max_copy: Bytes. A larger artifact is not copied into the journal, but uploaded from its
            path, if it has not changed by then.
        delivery: Whether a thread or a process delivers to MLflow while nodes run. ``auto``:
            what is faster.
    """

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
    """The experiment; created when it is missing, restored when it was deleted.

    Attributes:
        name: The experiment. null: ``MLFLOW_EXPERIMENT_NAME``, else the package's name.
        artifact_location: Where its artifacts go. It takes effect when the experiment is created.
        tags: Tags of the experiment. They are set when it is created, and later where they are
            missing.
        restore_if_deleted: Restore an experiment that was deleted. false: its runs wait for
            ``kedro mlflow sync``.
    """

    name: Optional[str] = None
    artifact_location: Optional[str] = None
    tags: dict[str, Any] = field(default_factory=dict)
    restore_if_deleted: bool = True


@dataclass(frozen=True)
class Run:
    """How the run is named and described.

    Attributes:
        id: The id of a run to continue.
        parent: The id of a run. The pipeline's run is a child of it, in its experiment.
        key: Processes with the same key log to one run, as under an orchestrator.
        name: The run's name, such as ``{pipeline} {random}``: the pipeline's name, and words at
            random that make it unique. null: ``MLFLOW_RUN_NAME``, else words at random.
        resume: Go on with this pipeline's last run, if it failed.
        nested: Make it a child of the run that is active, or of ``MLFLOW_RUN_ID``.
        children: Make a child run for each namespace or registered pipeline. ``none``: all is
            in one run.
        tags: Tags of the run, such as ``{team: wine}``.
        description: Markdown that MLflow shows above the run; ``{pipeline}`` in it is a table
            of the nodes that run. null: a summary of the run. ``""``: none.
        kedro_run_params: Names of Kedro's run params, or ``__ALL__``, that are logged as
            parameters ``___<name>``.
        log_time_begin: Set the tag ``time.begin``.
        log_time_end: Set the tag ``time.end``.
        log_time: Log how long the pipeline took, as the metric ``system/time/pipeline``.
        offset_hours: The time zone of these tags, in hours from UTC.
    """

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
    """How parameters that are dicts are logged, and values beyond ``max_length`` characters.

    Attributes:
        too_long: What happens to a value beyond ``max_length``: cut it with a warning, make it
            a tag or an artifact, or fail.
        max_length: Characters that a parameter's value may have.
        flatten: Log a parameter that is a dict as one parameter for each leaf.
        recursive: Flatten all levels. false: only the first.
        flatten_lists: Log a list as one parameter for each item.
        separator: What joins the names of the levels.
    """

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
    """Automatic logging of node inputs and outputs.

    Attributes:
        enabled: Log parameters, and the values that no catalog lists.
        auto: Log every node input and output that the catalog does not list, if it is small.
        parameters: Kedro's parameters are MLflow parameters (``params``), numbers among them
            metrics (``by_type``), or not logged (``none``).
        mlflow_catalog: Names of datasets that the catalog does not list, with how each is
            logged, such as ``{report: json}``.
        max_leaves: A dict with more values is not logged.
        max_length: A longer text or list is not logged, except up to 1,000 numbers, which are
            a metric's series.
        unlogged: How the end of a run reports what was not logged. ``error`` fails the run.
    """

    enabled: bool = True
    auto: bool = True
    parameters: str = one_of("params", "by_type", "none")
    mlflow_catalog: dict[str, Any] = field(default_factory=dict)
    max_leaves: int = at_least(1, 100)
    max_length: int = at_least(1, 250)
    unlogged: str = one_of("info", "warn", "ignore", "error")


@dataclass(frozen=True)
class Inputs:
    """Datasets that the pipeline reads and does not make.

    Attributes:
        enabled: Log the datasets that the pipeline reads, in MLflow's "Datasets used".
        max_bytes: Bytes. Files up to this size are read whole for their digest.
    """

    enabled: bool = True
    max_bytes: int = at_least(0, 100_000_000)


@dataclass(frozen=True)
class Artifacts:
    """Files and folders that are logged without an MLflow dataset.

    Attributes:
        enabled: Log these files.
        before_pipeline_run: Files, folders and globs, from the project's root, that are logged
            before the first node.
        after_pipeline_run: The same after the last node, also after a failure.
        after_node_run: Names of datasets whose file is logged once it is saved.
        every: Seconds. The files of ``after_pipeline_run`` are also logged while the pipeline
            runs, when they have changed and nothing writes to them, such as checkpoints.
            null: only after the last node.
    """

    enabled: bool = True
    before_pipeline_run: list[str] = field(default_factory=list)
    after_pipeline_run: list[str] = field(default_factory=list)
    after_node_run: list[str] = field(default_factory=list)
    every: Optional[float] = at_least(1, None)


@dataclass(frozen=True)
class EnvVars:
    """Environment variables that are logged.

    Attributes:
        enabled: Log these variables.
        params: Names of variables that are logged as parameters, or ``__ALL__``.
        metrics: Names of variables that are logged as metrics. Their values must be numbers.
        prefix: What the names in MLflow begin with.
    """

    enabled: bool = True
    params: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    prefix: str = "env.."


@dataclass(frozen=True)
class Provenance:
    """What it takes to repeat a run, as files below ``kedro/`` in its artifacts.

    Attributes:
        enabled: Log these files.
        parameters: ``parameters.yml``: the parameters after all environments and resolvers.
        catalog: ``catalog.yml``: the catalog's configuration after all environments and resolvers.
        pipeline: ``pipeline.json`` and ``pipeline.svg``: the nodes, and a drawing of them.
        code: ``code.diff.txt``: how the project differs from the git commit, if it does. It holds
            code; secrets are masked, and what git ignores is left out.
        packages: ``requirements.txt``: the installed packages.
        environment: ``environment.json``: the command, git, Python, platform and hardware; the
            hardware as tags, too.
        loaded: ``loaded.json``: the versions of models and datasets that were loaded.
    """

    enabled: bool = True
    parameters: bool = True
    catalog: bool = True
    pipeline: bool = True
    code: bool = True
    packages: bool = True
    environment: bool = True
    loaded: bool = True


@dataclass(frozen=True)
class Time:
    """Durations and the Gantt chart.

    Attributes:
        enabled: Log how long nodes, loads and saves take.
        prefix: What the metric of a node begins with. null: ``system/time/``.
        io_metrics: Log each load and save as a metric, too. The timeline has them anyway.
        gantt: Draw the Gantt chart ``gantt.html``.
        gantt_filepath: A local file for the chart, too.
        gantt_params: Options of the chart: ``title``, and the keys of Plotly's layout.
        time_log_filepath: A local JSON file for the times.
    """

    enabled: bool = True
    prefix: Optional[str] = None
    io_metrics: bool = False
    gantt: bool = True
    gantt_filepath: Optional[str] = None
    gantt_params: dict[str, Any] = field(default_factory=dict)
    time_log_filepath: Optional[str] = None


@dataclass(frozen=True)
class SystemMetrics:
    """CPU, memory, disk, network and GPUs of the machine while the pipeline runs.

    Attributes:
        enabled: Log them, and what each node uses. It needs the package psutil, for NVIDIA's GPUs
            nvidia-ml-py, for AMD's pyrsmi. null: as ``MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING`` says.
        interval: Seconds between samples. null: ``MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL``,
            else 10.
    """

    enabled: Optional[bool] = None
    interval: Optional[float] = at_least(0.1, None)


@dataclass(frozen=True)
class Ui:
    """Where `kedro mlflow ui` listens.

    Attributes:
        host: The address to listen at.
        port: The port. null: 5000, or the next free one.
    """

    host: str = "127.0.0.1"
    port: Optional[int] = None


@dataclass(frozen=True)
class Config:
    """All of mlflow.yml; each attribute is a section or a key of its top level.

    Attributes:
        enabled: Track runs. false: ``kedro run`` without MLflow.
        disabled_pipelines: Names of pipelines that run without tracking, such as
            ``__default__``.
        tracking: Where runs are tracked, and what happens when that fails.
        experiment: The experiment of the runs.
        run: How the run is named and described.
        params: How parameters are logged.
        catalog: Automatic logging of node inputs and outputs.
        inputs: Datasets that the pipeline reads and does not make.
        artifacts: Files and folders that are logged without an MLflow dataset.
        env_vars: Environment variables that are logged.
        provenance: What it takes to repeat a run.
        time: Durations and the Gantt chart.
        autolog: MLflow autologging: true, or flavors with their arguments, such as ``{sklearn:
            {log_models: false}}``.
        trace: Make the run an MLflow trace, too. ``nodes``: a span for each node. ``calls``: also
            for what nodes call, such as language models. true or ``all``: also for what they load
            and save. It needs MLflow 3.10 or later.
        trace_per: ``run``: one trace. ``node``: a trace for each node.
        logs: Keep what the pipeline logs and prints, as the artifact ``kedro/run.log``, which is
            there while the pipeline runs.
        system_metrics: CPU, memory, disk, network and GPUs of the machine.
        ui: Where ``kedro mlflow ui`` listens.
        pipeline_models: Pipelines that are logged as models, by the models' names.
        sweep: Sweeps that ``kedro mlflow sweep NAME`` runs, by their names.
    """

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
    provenance: Provenance = field(default_factory=Provenance)
    time: Time = field(default_factory=Time)
    autolog: Any = False
    trace: Any = False
    trace_per: str = one_of("run", "node")
    logs: bool = False
    system_metrics: SystemMetrics = field(default_factory=SystemMetrics)
    ui: Ui = field(default_factory=Ui)
    pipeline_models: dict[str, Any] = field(default_factory=dict)
    sweep: dict[str, Any] = field(default_factory=dict)
