"""Which run a pipeline logs to: what mlflow.yml says, the run that is active, the environment."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ..config.sections import Config, Run
from ..utils import run_variables
from . import orchestrators, uris

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunChoice:
    """Which run it is; all empty: a new one.

    Attributes:
        run_id: Go on with this run.
        joins: That is a run which is active in this thread, and is left open.
        parent: The run that is active in this thread, of which the new one is a child.
        given_parent: Another run that was named as its parent.
        key: What it has in common with other processes that log to it.
        resumes: Go on with the pipeline's last run, if that has failed.
    """

    run_id: str | None = None
    joins: bool = False
    parent: str | None = None
    given_parent: str | None = None
    key: str | None = None
    resumes: bool = False


def choose(run: Run, active: str | None, given: str | None) -> RunChoice:
    """Say which run it is.

    What mlflow.yml or ``--params`` name comes first, then what is active, then what a platform has
    put into the environment, of which ``MLFLOW_RUN_ID`` names one run and comes before a key.

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
    """Say which run it is, and use up ``MLFLOW_RUN_ID``.

    MLflow's ``start_run`` uses it up as well: a run that a node starts is another one.

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
