"""The Kedro session of one combination: an ordinary ``kedro run``, below the sweep's run."""

from __future__ import annotations

import contextlib
import copy
import inspect
import logging
import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from ..journal.entries import Metric
from ..journal.span import OF_THE_PLUGIN
from ..runs import run_dataset
from ..runs.project_settings import access_of, settings_of
from ..tracking import orchestrators, store
from ..tracking.finding import COMBINATION_TAG, SWEEP_TAG
from ..utils.secrets import mask_secrets
from .combination import FAILED, FINISHED, Combination, Result, Setup
from .own_files import own_path, redirected
from .sweep_folder import SweepFolder

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.framework.session import KedroSession
    from kedro.io import CatalogProtocol

    from ..tracking.access import Access
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_LOCAL_FILES = ("gantt_filepath", "time_log_filepath")


class CombinationHook:
    """Gives a session the combination's place in MLflow and its own files.

    Args:
        setup: What all combinations have in common.
        combination: What is to run.
    """

    def __init__(self, setup: Setup, combination: Combination) -> None:
        self.setup = setup
        self.combination = combination
        self.run: TrackedRun | None = None
        self._access: Access | None = None

    @hook_impl(trylast=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Change the catalog, after the hooks of the plugin have put mlflow.yml into it."""
        self._access = access_of(context, settings_of(context))
        catalog = dict(context.config_loader["catalog"])
        setup, combination = self.setup, self.combination
        folder = SweepFolder(setup.folder).files(combination.key)
        (settings,) = catalog[run_dataset.RESERVED_NAME]["config"]
        settings["run"] |= {
            "parent": setup.parent,
            "name": combination.name,
            "tags": {
                **settings["run"]["tags"],
                SWEEP_TAG: setup.sweep,
                COMBINATION_TAG: combination.key,
            },
            # An orchestrator's key would make one run of all combinations.
            "key": f"{setup.sweep}/{combination.key}" if orchestrators.run_key() else None,
            "id": None,
            "resume": False,
        }
        for key in _LOCAL_FILES:
            if settings["time"][key]:
                settings["time"][key] = own_path(settings["time"][key], setup.root, folder)
        entries = redirected(catalog, combination.outputs, setup.root, folder)
        context.config_loader["catalog"] = {**catalog, **entries, **setup.kept}

    @hook_impl(trylast=True)
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Note the run, which has been opened."""
        self.run = run_dataset.find_run(catalog)

    def metrics(self) -> dict[str, float] | None:
        """Return the run's metrics once it has ended, without timings; None: unknown."""
        run = self.run
        if run is None:
            return None
        found: Mapping[str, float] | None = None
        if run.opened is not None and self._access is not None:
            self._access.use()
            try:
                found = store.connect(run.uri).get_run(run.opened.run_id).data.metrics
            except Exception as error:
                logger.debug("The run's metrics cannot be read from MLflow: %r", error)
        if run.journal is not None and run.journal.exists():  # MLflow does not have all of it yet
            with contextlib.suppress(OSError, ValueError):
                last = {point.key: point.value for point in run.journal.all_of(Metric)}
                found = {**(found or {}), **last}
        own = (*OF_THE_PLUGIN, *filter(None, [run.config.time.prefix]))
        return (
            {key: value for key, value in found.items() if not key.startswith(own)}
            if found is not None
            else None
        )


def run_combination(
    setup: Setup, combination: Combination, hooks: tuple[Any, ...] | None = None
) -> Result:
    """Run a combination in this process.

    Args:
        setup: What all combinations have in common.
        combination: What is to run.
        hooks: The project's hooks; None: those of settings.py.

    Returns:
        Its result, also if a node has failed.
    """
    from kedro.framework.project import settings

    hook = CombinationHook(setup, combination)
    start = time.perf_counter()
    error = ""
    settings.set("HOOKS", (*(settings.HOOKS if hooks is None else hooks), hook))
    try:
        _run_session(setup, combination)
    except Exception as failure:
        traceback.print_exc()  # into the combination's log
        error = mask_secrets(f"{type(failure).__name__}: {failure}")
    seconds = time.perf_counter() - start
    opened = hook.run.opened if hook.run is not None else None
    return Result(
        combination.key,
        combination.name,
        dict(combination.values),
        FAILED if error else FINISHED,
        opened.run_id if opened is not None else None,
        hook.metrics(),
        round(seconds, 3),
        error,
    )


def with_values(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return runtime parameters with a combination's values, as nested dicts.

    Args:
        params: Runtime parameters as nested dicts.
        values: Values by their dotted names; they come before the others.

    Example:
        >>> with_values({"model": {"C": 1, "tol": 0.1}}, {"model.C": 2})
        {'model': {'C': 2, 'tol': 0.1}}
    """
    merged: dict[str, Any] = copy.deepcopy(dict(params))
    for name, value in values.items():
        *above, last = name.split(".")
        branch = merged
        for part in above:
            if not isinstance(branch.get(part), dict):
                branch[part] = {}
            branch = branch[part]
        branch[last] = value
    return merged


def create_session(setup: Setup, values: Mapping[str, Any]) -> KedroSession:
    """Create a Kedro session with the values of a combination."""
    from kedro.framework.session import KedroSession

    given: dict[str, Any] = {"env": setup.env, "runtime_params": with_values(setup.params, values)}
    if setup.conf_source is not None:
        given["conf_source"] = setup.conf_source
    return KedroSession.create(project_path=setup.root, **given)


def _run_session(setup: Setup, combination: Combination) -> None:
    from kedro.utils import load_obj

    with create_session(setup, combination.values) as session:
        chosen: dict[str, Any] = {
            "tags": setup.tags or None,
            "from_nodes": combination.from_nodes or None,
            "node_names": combination.node_names or None,
        }
        if setup.pipeline != "__default__":
            several = "pipeline_names" in inspect.signature(session.run).parameters
            key = "pipeline_names" if several else "pipeline_name"
            chosen[key] = [setup.pipeline] if several else setup.pipeline
        chosen["runner"] = load_obj(setup.runner, "kedro.runner")()
        session.run(**chosen)
