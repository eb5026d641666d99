"""``context.mlflow``: a project's MLflow in notebooks and scripts, where no pipeline runs."""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compat.kedro_mlflow.context_view import ConfigView
from ..config.sections import Config
from ..mlflow_internals import mlflow_globals, run_stack
from ..runs import known_projects, project_settings
from ..tracking import experiments, store, uris
from ..tracking.access import is_offline
from ..tracking.finding import FINISHED, RECENT, Runs, name_and_id
from ..utils import client_variables, kedro_internals
from ..utils.secrets import mask_urls
from . import notebook_calls
from .run_history import RunHistory

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from mlflow import ActiveRun, MlflowClient
    from mlflow.entities import Run

logger = logging.getLogger(__name__)

ATTRIBUTE = "mlflow"


class ContextMlflow(RunHistory):
    """A project's MLflow; nothing is imported and no request is sent before the first use.

    Args:
        context: The project's context.

    Example:
        >>> from types import SimpleNamespace
        >>> context = SimpleNamespace(project_path="/project", env=None)
        >>> ContextMlflow(context).root.name
        'project'
    """

    def __init__(self, context: KedroContext) -> None:
        self._context = context
        self.root = Path(context.project_path)
        # All contexts of a project share it: `session.run()` has another one than the notebook.
        self._choice = known_projects.choice_of(self.root, context.env)

    @functools.cached_property
    def settings(self) -> Config:
        """The configuration, from mlflow.yml and the hooks' arguments."""
        return project_settings.settings_of(self._context)

    @functools.cached_property
    def uri(self) -> str:
        """The tracking URI."""
        project_settings.access_of(self._context, self.settings).use()
        client_variables.set_mlflow_defaults()
        return uris.resolve_uri(self.settings.tracking.uri, self.root)

    @functools.cached_property
    def experiment(self) -> str:
        """The name of the experiment.

        Raises:
            MLflowOnKedroError: Only its id is known, and MLflow cannot be reached.
        """
        if self._experiment_id is not None:
            return str(self.client.get_experiment(self._experiment_id).name)
        return store.resolve_experiment(
            self.settings.experiment.name, kedro_internals.package_name()
        )

    @functools.cached_property
    def _experiment_id(self) -> str | None:
        return experiments.from_environment(self.settings, self.root)

    @property
    def experiment_id(self) -> str:
        """The id of the experiment, which is created or restored if needed.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        given = self.settings.experiment
        tags = experiments.tag_texts(given.tags)
        restore = given.restore_if_deleted
        if self._experiment_id is not None:
            return experiments.check_experiment(
                self.client, self._experiment_id, tags, restore=restore
            )
        place = store.resolve_artifact_location(
            given.artifact_location, self.uri, self.experiment, self.root
        )
        return experiments.experiment_id(self.client, self.experiment, place, tags, restore=restore)

    @property
    def client(self) -> MlflowClient:
        """MLflow's client of the project's tracking server.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        return self._runs.client

    @property
    def last_run(self) -> Run | None:
        """The newest run of the experiment, with any status; None if there is none.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        return next(self._runs.newest(), None)

    def use(self, wanted: str | None) -> None:
        """Make ``catalog.load`` load all MLflow datasets from one run.

        Args:
            wanted: As for :meth:`run`; None: load local files again.

        Raises:
            MLflowOnKedroError: There is no such run, or MLflow cannot be reached.
        """
        if wanted is None:
            self._choice.run_id = None
            return
        run = self.run(wanted)
        self._choice.run_id = run.info.run_id
        logger.info(
            "MLflow datasets are loaded from the run %s, until `context.mlflow.use(None)`.",
            name_and_id(run),
        )

    def start_run(self, name: str | None = None, **given: Any) -> ActiveRun:
        """Start a run in the project's store and experiment, to which ``catalog.save`` logs.

        Args:
            name: The run's name.
            given: Further arguments of ``mlflow.start_run``, whose result is returned: use it in a
                ``with`` block, or call ``mlflow.end_run()``.
        """
        experiment = self.experiment_id
        import mlflow

        mlflow_globals.set_tracking_uri(self.uri)
        return mlflow.start_run(run_name=name, experiment_id=experiment, **given)

    @property
    def chosen(self) -> str | None:
        """The id of the run that :meth:`use` has chosen."""
        return self._choice.run_id

    def newest_with(self, name: str, is_in: Callable[[str], bool]) -> str | None:
        """Find the newest FINISHED run that has a dataset.

        Args:
            name: The dataset's name.
            is_in: A function that returns whether the run of an id has it.

        Returns:
            The run's id; None if no run has the dataset, or tracking is off.
        """
        if not self.settings.enabled or is_offline(self.settings.tracking):
            return None
        for run in itertools.islice(self._runs.newest(FINISHED), RECENT):
            if is_in(run.info.run_id):
                logger.info(
                    "'%s' has no local file: it is loaded from %s, the newest FINISHED run that "
                    "has it.",
                    name,
                    name_and_id(run),
                )
                return str(run.info.run_id)
        return None

    # -- kedro-mlflow's names -------------------------------------------------------------------

    @property
    def server(self) -> ConfigView:
        """The section ``server`` of kedro-mlflow: ``server.mlflow_tracking_uri`` is :attr:`uri`."""
        return self._view("server")

    @property
    def tracking(self) -> ConfigView:
        """The section ``tracking`` of kedro-mlflow, such as ``tracking.experiment.name``."""
        return self._view("tracking")

    def _view(self, section: str) -> ConfigView:
        return ConfigView(
            section,
            functools.partial(_value, self.settings),
            {
                "server.mlflow_tracking_uri": lambda: self.uri,
                "server._mlflow_client": lambda: self.client,
                "tracking.experiment.name": lambda: self.experiment,
                "tracking.experiment._experiment": lambda: self.client.get_experiment(
                    self.experiment_id
                ),
                "tracking.run.id": lambda: self.settings.run.id or run_stack.active_run_id(),
                "tracking.run.nested": lambda: True,
            },
        )

    @functools.cached_property
    def _runs(self) -> Runs:
        name = store.resolve_experiment(
            self.settings.experiment.name, kedro_internals.package_name()
        )
        return Runs(self.uri, name, self._experiment_id)

    def __repr__(self) -> str:
        experiment = self._experiment_id or self.experiment
        place = f"experiment {experiment!r} in MLflow at {mask_urls(self.uri)}"
        calls = (
            "runs(), best(metric), show(name), diff(a, b), run(name), use(name), start_run(name)"
        )
        return f"<{place}: client, last_run, {calls}>"


def _value(settings: Any, key: str) -> Any:
    for name in key.split("."):
        is_mapping = isinstance(settings, Mapping)
        settings = settings.get(name) if is_mapping else getattr(settings, name)
    return settings


def add_to_context(context: KedroContext) -> None:
    """Set a context's attribute ``mlflow``, unless it has one, and send MLflow's calls there."""
    if not hasattr(context, ATTRIBUTE):
        project = ContextMlflow(context)
        setattr(context, ATTRIBUTE, project)
        known_projects.remember(project)
        notebook_calls.send_to(project)
