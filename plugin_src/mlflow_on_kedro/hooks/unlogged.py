"""Values that automatic logging leaves out: a message at the end of the run, a list in MLflow."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..config.sections import Catalog
from ..datasets import metrics
from ..errors import UnloggedValueError
from ..journal.entries import Text, Unlogged
from ..journal.values import cut
from ..utils.secrets import without_secrets
from .small_values import Limits, Selection

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

ARTIFACT = "kedro/not_logged.json"

_MOST_NAMES = 5


def limits_from(settings: Catalog) -> Limits:
    """Return the limits in the section ``catalog`` of mlflow.yml."""
    return Limits(settings.max_leaves, settings.max_length)


def log_selection(run: TrackedRun, selection: Selection, settings: Catalog) -> None:
    """Log the selected parts of a value, and note the others.

    Args:
        run: The pipeline's run.
        selection: The parts.
        settings: The section ``catalog`` of mlflow.yml.

    Raises:
        UnloggedValueError: Something is not logged, and ``unlogged`` is ``error``.
    """
    for leaf in selection.leaves:
        if leaf.key in run.secret_params:
            continue
        if leaf.kind == "metric":
            run.log_metric(leaf.key, leaf.value)
        elif leaf.kind == "series":
            metrics.log(run, leaf.key, leaf.value)
        else:
            run.log_param(leaf.key, leaf.value)
    if selection.unlogged and settings.unlogged != "ignore":
        _note(run, selection.unlogged, settings)


def report_at_end(run: TrackedRun, settings: Catalog) -> None:
    """Have the run report unlogged values at its end; once, however many hooks call this."""
    run.at_end(functools.partial(_report, run, settings))


def _note(run: TrackedRun, items: list[Unlogged], settings: Catalog) -> None:
    if settings.unlogged == "error":
        first = items[0]
        raise UnloggedValueError(
            f"'{first.name}' ({first.what}) is not logged to MLflow: {first.why}, and "
            f"`catalog.unlogged` is error. To log it, {first.how}. To leave it out, set "
            f"`catalog.mlflow_catalog: {{{first.dataset}: null}}` in mlflow.yml."
        )
    if not run.note_unlogged(items):  # on another machine, which has only its own log
        logger.info("%s", _in_words(items, _artifact(run)))


def _report(run: TrackedRun, settings: Catalog) -> None:
    if run.unlogged_reported:
        return
    run.unlogged_reported = True
    items = list(dict.fromkeys([*run.unlogged, *run.entries_of_others(Unlogged)]))
    if not items:
        return
    rows = [vars(item) for item in items]
    # Masked before it is JSON: in JSON a mask may take more with it than the text it is in.
    text = json.dumps(without_secrets(rows), indent=1, ensure_ascii=False)
    run.log_entry(Text(_artifact(run), f"{text}\n"))
    message = _in_words(items, _artifact(run))
    if settings.unlogged == "warn":
        logger.warning("%s", message)
    else:
        run.not_logged = message


def _artifact(run: TrackedRun) -> str:
    # Of a run that several processes share, each process leaves out other values.
    return ARTIFACT if run.key is None else ARTIFACT.replace(".", f"-{run.journal_id[:8]}.")


def _in_words(items: Sequence[Unlogged], artifact: str) -> str:
    secrets_first = sorted(items, key=lambda item: item.what != "secret")
    named = [f"{cut(item.name, 80)} ({item.what})" for item in secrets_first]
    more = f" and {len(named) - _MOST_NAMES} more" if named[_MOST_NAMES:] else ""
    return (
        f"Not logged: {', '.join(named[:_MOST_NAMES])}{more}; {artifact} in the run says why, and "
        "how to log them."
    )
