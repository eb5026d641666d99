"""Finding or creating the MLflow run that a pipeline logs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.checks import check_choice
from ..config.sections import Config, Tracking, choices
from ..journal.entry_lines import storable
from ..journal.folder import new_id
from ..journal.records import Header, Opened
from ..mlflow_internals import run_stack
from ..utils import environment
from ..utils.pipeline_info import PipelineInfo
from ..utils.secrets import without_credentials
from . import creating, experiments, finding, resuming, shared_run, store, uris
from .choosing import choose_here
from .description import within_limit
from .user import USER_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_TAG = "mlflow.parentRunId"
KEDRO_RUN_TAG = "kedro.run_id"


@dataclass(frozen=True)
class RunRequest:
    """What is asked of MLflow when a run is opened.

    Attributes:
        config: The whole configuration.
        root: The project's root.
        package: The project's package, None outside of a project.
        kedro_run_id: Kedro's own id of the run.
        env: The Kedro environment that was asked for.
        series: What runs of the same pipeline have in common: see :mod:`resuming`.
        tags: Tags to set at once.
        plan: What is known of the pipeline.
        secret_params: Keys of parameters that came with the command and look like secrets.
        registers: Whether the pipeline saves models for the model registry.
        work: What the pipeline does: see :func:`.parts.work_of`.
        spread: Where nodes run: in this ``process``, on this ``machine`` or on ``any`` machine.
    """

    config: Config = field(default_factory=Config)
    root: Path = field(default_factory=Path.cwd)
    package: str | None = None
    kedro_run_id: str | None = None
    env: str | None = None
    series: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    plan: PipelineInfo = field(default_factory=PipelineInfo)
    secret_params: frozenset[str] = frozenset()
    registers: bool = False
    work: Sequence[str] = ()
    spread: str = "machine"

    @property
    def offline(self) -> bool:
        """Whether no server may be contacted.

        Raises:
            ConfigError: The environment names no known mode.
        """
        given = environment.mode()
        if given is not None:
            check_choice(environment.MODE, given, choices(Tracking)["mode"], "the environment")
        return (given or self.config.tracking.mode) == "offline"

    @property
    def uri(self) -> str:
        """Where to track.

        Raises:
            ConfigError: No MLflow can be there.
        """
        return uris.resolve_uri(self.config.tracking.uri, self.root)

    @property
    def all_tags(self) -> dict[str, Any]:
        """The tags of the request, and over them those that the user chose."""
        run = self.config.run
        note = within_limit(run.description or "")
        own = {KEDRO_RUN_TAG: self.kedro_run_id, "mlflow.note.content": note}
        given = {key: value for key, value in own.items() if value}
        return {**self.tags, **given, **run.tags}

    def begin(self, start_ms: int) -> tuple[Header, str]:
        """Say what run this will be; nothing is asked of MLflow.

        Which run that is says :func:`.choosing.choose`. Whether ``run.resume`` has a run to go on
        with, and whether a run that is named is there, MLflow is asked later.

        Args:
            start_ms: When the pipeline began, in milliseconds since the epoch.

        Returns:
            The header of its journal, and the tracking URI with its credentials.

        Raises:
            ConfigError: No MLflow can be at the tracking URI, or at the registry's if it is needed.
        """
        if self.registers:
            uris.check_registry_variable()
        run, uri = self.config.run, self.uri
        active = None if self.offline else run_stack.active_run_id()
        choice = choose_here(self.config, self.root, active)
        if choice.joins:
            import mlflow

            uri = mlflow.get_tracking_uri()
        header = Header(
            journal=new_id(),
            uri=None if self.offline else without_credentials(uri),
            experiment=storable(
                store.resolve_experiment(self.config.experiment.name, self.package)
            ),
            experiment_id=experiments.from_environment(self.config, self.root),
            artifact_location=self.config.experiment.artifact_location,
            experiment_tags=experiments.tag_texts(self.config.experiment.tags),
            restore_experiment=self.config.experiment.restore_if_deleted,
            run_name=storable(run.name) if run.name else None,
            run_id=choice.run_id,
            parent=choice.parent,
            given_parent=choice.given_parent,
            key=choice.key,
            work=list(self.work) if choice.key else [],
            resume=resuming.last(self.root, self.series) if choice.resumes else None,
            owned=not choice.joins,
            registers=self.registers,
            trace=self.config.trace,
            start_ms=start_ms,
            root=str(self.root),
            kedro_run_id=self.kedro_run_id,
            user=storable(self.tags.get(USER_TAG, "")) or None,
            max_copy=self.config.tracking.max_copy,
        )
        return header, uri


def open_run(
    client: MlflowClient,
    header: Header,
    uri: str,
    root: Path,
    *,
    again: bool = False,
    known: dict[str, str] | None = None,
) -> Opened:
    """Find or create the run of a journal.

    Args:
        client: A client of the store.
        header: What is asked for.
        uri: The tracking URI.
        root: The root of the project that delivers.
        again: It was tried before, so the run may be there.
        known: Ids of experiments that were found before, by name; it is added to.

    Raises:
        ConfigError: ``run.id`` or ``run.parent`` names no run of the store, or MLFLOW_EXPERIMENT_ID
            no experiment.
        DeletedExperimentError: The experiment was deleted, and is not to be restored.
        Exception: MLflow cannot be reached.
    """
    if header.run_id is not None:
        return _continue(client, header, uri)
    experiment = experiments.of_run(client, header, uri, root, {} if known is None else known)
    if header.key is not None:
        return as_opened(shared_run.join(client, experiment, header, _tags(header)))
    again = again or creating.may_exist(header.journal)
    tag = shared_run.JOURNAL_TAG
    found = shared_run.with_tag(client, experiment, tag, header.journal) if again else []
    if found:
        if header.resume is not None:
            resuming.reopen(client, found[0])
        return as_opened(found[0].info)
    resumed = resuming.go_on(client, experiment, header)
    if resumed is not None:
        return as_opened(resumed)
    with creating.creating(header.journal):
        created = client.create_run(
            experiment, start_time=header.start_ms, run_name=header.run_name, tags=_tags(header)
        )
    return as_opened(created.info)


def end_run(
    client: MlflowClient,
    header: Header,
    opened: Opened,
    status: str,
    time_ms: int,
    *,
    again: bool = False,
) -> str:
    """End the run of a journal in MLflow, if that is up to its pipeline.

    Args:
        client: A client of the store.
        header: What was asked for.
        opened: The run.
        status: How the pipeline has ended.
        time_ms: When, in milliseconds since the epoch.
        again: Another process may have asked for the run without getting an answer.

    Returns:
        The status that the run has then: that of a run with a key depends on its other pipelines.
    """
    if not header.owned:
        return status
    if header.key is not None:
        return shared_run.leave(client, opened.run_id, header, status, time_ms)
    if header.run_id is None and (again or creating.may_exist_twice(header.journal)):
        _remove_twins(client, header, opened)
    client.set_terminated(opened.run_id, status=status, end_time=time_ms)
    return status


def _remove_twins(client: MlflowClient, header: Header, opened: Opened) -> None:
    # A request to create the run may have arrived after another one had been sent.
    for run in shared_run.with_tag(
        client, opened.experiment_id, shared_run.JOURNAL_TAG, header.journal
    ):
        if run.info.run_id != opened.run_id:
            client.delete_run(run.info.run_id)
    creating.note_single(header.journal)


def _tags(header: Header) -> dict[str, str]:
    # MLflow takes the user from the tags that a run is created with, and never again.
    given = {PARENT_TAG: header.parent or header.given_parent, USER_TAG: header.user}
    known = {key: value for key, value in given.items() if value}
    return {**known, shared_run.JOURNAL_TAG: header.journal}


def _continue(client: MlflowClient, header: Header, uri: str) -> Opened:
    run_id = str(header.run_id)
    info = finding.named_run(client, run_id, uri, "`run.id` in mlflow.yml (or MLFLOW_RUN_ID)")
    if header.owned:
        if info.lifecycle_stage == "deleted":
            client.restore_run(run_id)
        client.update_run(run_id, status="RUNNING")
    return as_opened(info)


def as_opened(info: Any) -> Opened:
    """Take from MLflow's ``RunInfo`` what is needed of it."""
    return Opened(info.run_id, info.experiment_id, info.artifact_uri, info.run_name or "")
