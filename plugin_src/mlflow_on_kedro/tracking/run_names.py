"""``RUN``: the text by which a user names a run, in commands and in notebooks.

It is, in this order:

1. ``latest``, the newest run of a pipeline, or of a sweep, in the project's experiment, however it
   has ended, or ``latest~2``, the second before that. ``last`` means the same.
2. ``@alias``: the run that has made the model version with this alias. If several registered models
   have the alias, the one counts whose run is in the project's experiment.
3. A run's id, of whatever experiment.
4. A run's name: the newest run of that name in the project's experiment.
5. ``model@alias``: the run of that version of a registered model.
6. The first characters of an id in the project's experiment, at least four.
7. The name of a run in another experiment.

Children of a pipeline's run, and the combinations of a sweep, are found by id and name only.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from ..utils.clock import local_time
from ..utils.printable import one_line
from ..utils.secrets import mask_urls
from ..utils.suggestions import did_you_mean
from .failures import is_gone, is_refusal
from .finding import MANY, RECENT, Runs

if TYPE_CHECKING:
    from mlflow.entities import Run

LATEST = "latest"
_LATEST = re.compile(r"(?:latest|last)(?:~([0-9]{1,6}))?")
_LEAST = 4
"""How many characters the beginning of an id needs."""
_PREFIX = re.compile(rf"[A-Za-z0-9]{{{_LEAST},31}}")
_SHORT_PREFIX = re.compile(rf"[0-9a-f]{{1,{_LEAST - 1}}}")
_LISTED = 5
"""How many runs a message lists."""
_MODELS = 1000
"""How many registered models are searched for an alias: what one request returns at most."""


def find_run(runs: Runs, wanted: str) -> Run:
    """Find the run that a user names; what a name may be is said above.

    A few requests are sent, each of which reads few runs.

    Args:
        runs: The runs of the project.
        wanted: The user's text.

    Raises:
        MLflowOnKedroError: There is no such run, or several are meant, or MLflow cannot be reached.
    """
    latest = _LATEST.fullmatch(wanted)
    if latest is not None:
        return _latest(runs, int(latest[1] or 0))
    model, at, alias = wanted.rpartition("@")
    if at and not model:
        return _with_alias(runs, alias)
    found = runs.with_id(wanted) or runs.named(wanted)
    if found is None and model and alias:
        found = _of_version(runs, model, alias)
    found = found or _with_prefix(runs, wanted) or runs.named(wanted, everywhere=True)
    if found is None:
        raise MLflowOnKedroError(_unknown(runs, wanted))
    return found


def _latest(runs: Runs, back: int) -> Run:
    newest = runs.newest(page_size=min(max(back + 1, RECENT), MANY))
    count = 0
    for run in newest:
        if count == back:
            return run
        count += 1
    if not count:
        raise MLflowOnKedroError(f"{runs.place} has no run yet: `kedro run` makes the first.")
    has = "one run" if count == 1 else f"{count:,} runs"
    raise MLflowOnKedroError(
        f"{runs.place} has {has}, so there is no `{LATEST}~{back}`: "
        f"the oldest is `{LATEST}{f'~{count - 1}' if count > 1 else ''}`."
    )


def _with_prefix(runs: Runs, wanted: str) -> Run | None:
    if not _PREFIX.fullmatch(wanted):
        return None
    found = runs.with_id_prefix(wanted, _LISTED + 1)
    if len(found) < 2:  # noqa: PLR2004 - no or one run is meant
        return next(iter(found), None)
    count = f"more than {_LISTED}" if len(found) > _LISTED else str(len(found))
    lines = [f"  {_line(run)}" for run in found[:_LISTED]]
    raise MLflowOnKedroError(
        "\n".join([f"The ids of {count} runs begin with '{wanted}'. Give more of the id:", *lines])
    )


def _line(run: Any) -> str:
    return (
        f"{run.info.run_id}  {local_time(run.info.start_time)}  {one_line(str(run.info.run_name))}"
    )


def _unknown(runs: Runs, wanted: str) -> str:
    names = [str(run.info.run_name) for run in itertools.islice(runs.newest(), RECENT)]
    model, _, alias = wanted.rpartition("@")
    if _SHORT_PREFIX.fullmatch(wanted):
        hint = f" The beginning of an id needs at least {_LEAST} characters."
    else:
        hint = did_you_mean(wanted, names)
    registry = f", and no model '{model}' has the alias '{alias}'" if model and alias else ""
    return (
        f"{runs.place} has no run with the id or name {wanted!r}{registry}."
        f"{hint} `{LATEST}` is the newest run; `kedro mlflow runs` lists "
        "the others."
    )


# -- model@alias -----------------------------------------------------------------------------------


def _with_alias(runs: Runs, alias: str) -> Run:
    """Return the run behind an alias of any registered model."""
    models = runs.request(lambda: list(_models(runs)))
    having = sorted(model.name for model in models if alias in model.aliases)
    if not having:
        known = sorted({name for model in models for name in model.aliases})
        raise MLflowOnKedroError(
            f"No registered model in MLflow at {mask_urls(runs.uri)} has the alias '{alias}'."
            f"{did_you_mean(alias, known)} Give another name of the run: `kedro mlflow runs` lists "
            "them."
        )
    found = [run for name in having if (run := _of_version(runs, name, alias)) is not None]
    if len(having) > 1:
        ids = runs.experiment_ids()
        found = [run for run in found if run.info.experiment_id in ids]
    if len({run.info.run_id for run in found}) == 1:
        return found[0]
    shown = " or ".join(f"`{name}@{alias}`" for name in having[:_LISTED])
    raise MLflowOnKedroError(
        f"{len(having)} registered models have the alias '{alias}', and it is not clear which is "
        f"meant. Name the model, too: {shown}."
    )


def _models(runs: Runs) -> Any:
    return runs.client.search_registered_models(max_results=_MODELS)


def _of_version(runs: Runs, model: str, alias: str) -> Run | None:
    """Return the run behind an alias of one model; None if there is no such model or alias.

    Raises:
        MLflowOnKedroError: The version was not made by a run that is in this MLflow.
    """

    def get() -> Any:
        try:
            return runs.client.get_model_version_by_alias(model, alias)
        except Exception as error:
            if is_gone(error) or is_refusal(error):
                return None
            raise

    version = runs.request(get)
    if version is None:
        return None
    found = runs.with_id(version.run_id or "")
    if found is None:
        raise MLflowOnKedroError(
            f"Version {version.version} of the model '{model}', which has the alias '{alias}', was "
            f"not made by a run in MLflow at {mask_urls(runs.uri)}."
        )
    return found
