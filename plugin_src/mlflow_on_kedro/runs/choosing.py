"""The first step of opening a run: deciding which run it is. No server is contacted for that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ..config import trace_options
from ..config.sections import Config, Run
from ..journal import values
from ..journal.entry_lines import storable
from ..journal.folder import new_id
from ..journal.records import Header
from ..mlflow_internals import run_stack
from ..tracking import experiments, orchestrators, store, uris
from ..tracking.user import USER_TAG
from ..utils import run_variables
from ..utils.mlflow_limits import MAX_RUN_NAME_LENGTH
from ..utils.secrets import without_credentials
from . import last_runs
from .run_request import RunRequest

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunChoice:
    """Which run a pipeline logs to; all empty: a new one.

    Attributes:
        run_id: Continue this run.
        joins: The run is active in this thread, and stays open after the pipeline.
        parent: The run that is active in this thread becomes the parent of a new one.
        given_parent: Another run, named by the user or a platform, becomes the parent.
        key: Share the run with the other processes that have this key.
        resumes: Continue the pipeline's last run, if that has failed.
    """

    run_id: str | None = None
    joins: bool = False
    parent: str | None = None
    given_parent: str | None = None
    key: str | None = None
    resumes: bool = False


def decide(request: RunRequest, start_ms: int) -> tuple[Header, str]:
    """Decide what run this will be.

    Whether there is a run to resume, and whether a named run exists, is found out later, by
    :func:`mlflow_on_kedro.tracking.opening.open_run`.

    Args:
        request: What the run is to be.
        start_ms: When the pipeline began, in milliseconds since the epoch.

    Returns:
        The header of the run's journal, and the tracking URI with its credentials.

    Raises:
        ConfigError: No MLflow can be at the tracking URI, or at the registry's if it is needed.
    """
    if request.registers:
        uris.check_registry_variable()
    config, root, uri = request.config, request.root, request.uri
    active = None if request.is_offline else run_stack.active_run_id()
    choice = choose_here(config, root, active)
    if choice.joins:
        import mlflow

        uri = mlflow.get_tracking_uri()
    header = Header(
        journal=new_id(),
        uri=None if request.is_offline else without_credentials(uri),
        experiment=storable(store.resolve_experiment(config.experiment.name, request.package)),
        experiment_id=experiments.from_environment(config, root),
        artifact_location=config.experiment.artifact_location,
        experiment_tags=experiments.tag_texts(config.experiment.tags),
        restore_experiment=config.experiment.restore_if_deleted,
        run_name=_within_limit(config.run.name) if config.run.name else None,
        run_id=choice.run_id,
        parent=choice.parent,
        given_parent=choice.given_parent,
        key=choice.key,
        work=list(request.work) if choice.key else [],
        resume=last_runs.read(root, request.series) if choice.resumes else None,
        owned=not choice.joins,
        registers=request.registers,
        trace=bool(config.trace),
        trace_detail=trace_options.detail_of(config.trace) or trace_options.ALL,
        trace_per=config.trace_per,
        start_ms=start_ms,
        root=str(root),
        kedro_run_id=request.kedro_run_id,
        user=storable(request.tags.get(USER_TAG, "")) or None,
        max_copy=config.tracking.max_copy,
    )
    return header, uri


def _within_limit(name: str) -> str:
    """Cut a run's name that a server with a database other than SQLite would refuse."""
    name = storable(name)
    if len(name) > MAX_RUN_NAME_LENGTH:
        logger.warning(
            "The run's name is %d characters long and was cut to %d.",
            len(name),
            MAX_RUN_NAME_LENGTH,
        )
    return values.cut(name, MAX_RUN_NAME_LENGTH)


def choose(run: Run, active: str | None, given: str | None) -> RunChoice:
    """Choose the run that a pipeline logs to.

    What mlflow.yml or ``--params`` name comes first, then the active run, then what a platform has
    put into the environment, where ``MLFLOW_RUN_ID`` comes before a key.

    Args:
        run: That section of mlflow.yml.
        active: The id of the run that is active in this thread.
        given: ``MLFLOW_RUN_ID``.

    Example:
        >>> choose(Run(nested=True), active=None, given="1a2b").given_parent
        '1a2b'
    """
    if run.id:
        return RunChoice(run_id=run.id)
    if active and not (run.nested or run.parent):
        return RunChoice(run_id=active, joins=True)
    if given and not (run.nested or run.parent or run.key):
        return RunChoice(run_id=given)
    key = run.key or orchestrators.run_key()
    resumes = run.resume and not key
    if run.parent:
        return RunChoice(given_parent=run.parent, key=key, resumes=resumes)
    if run.nested and active:
        return RunChoice(parent=active, key=key, resumes=resumes)
    return RunChoice(given_parent=given if run.nested else None, key=key, resumes=resumes)


def choose_here(config: Config, root: Path, active: str | None) -> RunChoice:
    """Choose the run with ``MLFLOW_RUN_ID`` of this process, which only one run may use.

    MLflow's ``start_run`` removes the variable as well: a run that a node starts is another one.

    Args:
        config: The whole configuration.
        root: The project's root.
        active: The id of the run that is active in this thread.

    Raises:
        ConfigError: No MLflow can be at the tracking URI.
    """
    given = run_variables.run_id()
    is_here = given is None or uris.is_of_environment(config.tracking.uri, root)
    choice = choose(config.run, active, given if is_here else None)
    if given is None or choice.joins:
        return choice
    run_variables.unset_run_id()
    if not is_here:
        reason = "`tracking.uri` is another MLflow than MLFLOW_TRACKING_URI"
    elif given in {choice.run_id, choice.given_parent}:
        return choice
    else:
        winner = "id" if choice.run_id else "parent" if choice.given_parent else "key"
        reason = f"`run.{winner}` is given" if not choice.parent else "a run is active"
    logger.info("MLFLOW_RUN_ID (%s) is not used: %s.", given, reason)
    return choice
