"""Warnings of datasets and pipelines that mlflow.yml names and the project does not have."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..utils.pipeline_info import DEFAULT, pipeline_names
from ..utils.suggestions import alike, did_you_mean

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


NamesOf = Callable[["Pipeline"], Iterable[str]]
"""Returns the names in a pipeline that are known."""


def warn_of_unknown(
    message: str,
    names: Iterable[str],
    running: Pipeline,
    run_params: Mapping[str, Any],
    names_of: NamesOf,
) -> None:
    """Warn of each name that no registered pipeline has.

    Args:
        message: The message about a name, with ``%s`` in its place.
        names: The names.
        running: The pipeline that runs.
        run_params: The argument of Kedro's ``before_pipeline_run``.
        names_of: Returns the names that a pipeline has.
    """
    unknown = set(names) - set(names_of(running))
    known = _known(names_of) | set(names_of(running)) if unknown else set()
    unknown -= known
    if unknown and not _all_are_loaded(run_params):
        # Pipelines that are not loaded may have the names. It takes time to load them, which is
        # only worth it for a name that looks misspelt.
        unknown = {name for name in unknown if any(alike(name, other) for other in known)}
        try:
            known |= _known(names_of, of_all=True) if unknown else set()
        except Exception:  # of the project's own code, in pipelines that do not run
            logger.debug("Not all pipelines can be loaded.", exc_info=True)
            return
    for name in sorted(unknown - known):
        logger.warning("%s%s", message % name, did_you_mean(name, sorted(known)))


def warn_of_unknown_pipelines(
    key: str, names: Iterable[str], run_params: Mapping[str, Any]
) -> None:
    """Warn of each name that no registered pipeline has, if Kedro has loaded all of them."""
    from kedro.framework.project import pipelines

    if not names or not _all_are_loaded(run_params):
        return
    known = sorted(pipelines)
    for name in names:
        if name not in known:
            meant = did_you_mean(name, known)
            logger.warning("%s: there is no pipeline '%s'.%s", key, name, meant)


def _all_are_loaded(run_params: Mapping[str, Any]) -> bool:
    """Whether Kedro has loaded all pipelines, and not only those that a command names."""
    from kedro.framework.project import pipelines

    selects = hasattr(pipelines, "set_requested")
    return not selects or DEFAULT in pipeline_names(run_params)


def _known(names_of: NamesOf, *, of_all: bool = False) -> set[str]:
    """The names that the pipelines have, those that are loaded or all."""
    from kedro.framework.project import pipelines

    if of_all:
        pipelines.set_requested(None)
    return {name for pipeline in pipelines.values() for name in names_of(pipeline)}
