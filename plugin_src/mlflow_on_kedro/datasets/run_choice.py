"""Which run a dataset saves to, and which one it loads from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import DatasetError
from kedro.utils import find_kedro_project

from ..mlflow_internals import run_stack
from ..runs import known_projects
from ..tracking import uris
from .saved_files import SavedFiles

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun


class RunChoice(SavedFiles):
    """Chooses the run that a dataset saves to, and the one that it loads from."""

    filepath: str | None
    _saving_tracking_uri: str | None = None
    _saving_experiment_name: str | None = None
    _saving_run_id: str | None = None

    # Set by `TrackedDataset.bind`; class attributes, so that a dataset without it has them too.
    _root: Path | None = None
    _tracking_uri: str | None = None
    _run: TrackedRun | None = None
    _logs: bool = True

    def key(self) -> str:
        """Return the name of the value in MLflow.

        Raises:
            DatasetError: The dataset has no name yet.
        """
        if not self.dataset_name:
            raise DatasetError(
                f"This {type(self).__name__} has no name to be logged or stored under: it is used "
                "outside of a Kedro session. Give it `dataset_name` (or `filepath`)."
            )
        return self.dataset_name

    @property
    def root(self) -> Path:
        """The project's root; outside of a project the current directory."""
        if self._root is not None:
            return self._root
        project = self._project()
        return project.root if project else find_kedro_project(Path.cwd()) or Path.cwd()

    @property
    def pipeline_run(self) -> TrackedRun | None:
        """The pipeline's run; None if no pipeline runs, or it is not tracked."""
        return self._run

    def run(self) -> TrackedRun | None:
        """Return the run to log to or load from: the pipeline's, else the active one, else None."""
        if self._run is not None or not self._logs:
            return self._run
        active = run_stack.active_run_id()
        if active is None:
            return None
        import mlflow

        return self._join(mlflow.get_tracking_uri(), active)

    # -- loading from a run ---------------------------------------------------------------------

    def _project(self) -> known_projects.KnownProject | None:
        """The project, if a notebook or script uses its catalog; None within a run."""
        if self._run is not None or not self._logs:
            return None
        return known_projects.project_of(self._root, self.filepath)

    def chosen_run(self) -> str | None:
        """Return the id of the run from which a notebook has chosen to load everything."""
        project = self._project()
        return project.chosen if project is not None else None

    def run_to_load_from(self, is_in_run: Callable[[str], bool]) -> str | None:
        """Return the id of the run to load from if there is no local file.

        Args:
            is_in_run: Whether a run has the dataset's value.

        Returns:
            The id of the pipeline's or the active run. In a notebook, if the active run does not
            have the value, the newest run that has it.
        """
        run = self.run()
        if run is not None:
            run.flush()
        active = run.run_id if run is not None and run.opened is not None else None
        project = self._project()
        if project is None:
            return active
        if active is not None:
            with suppress(Exception):  # the active run is in another store
                if is_in_run(active):
                    return active
        return project.newest_with(self.key(), is_in_run) or active

    def tracking_uri_for(self, given: str | None) -> str:
        """Return the tracking URI to load from: the given one, else the run's or the project's."""
        if given is None and self._run is not None:
            return self._run.uri
        project = self._project()
        if given is None and project is not None:
            return project.uri
        return uris.resolve_uri(given or self._tracking_uri, self.root)

    # -- saving to a run ------------------------------------------------------------------------

    @contextmanager
    def saving_run(self) -> Iterator[TrackedRun | None]:
        """Enter the run to save to; None if nothing is logged.

        A run that the user chose instead of the pipeline's ends when the context does.
        """
        if not self._logs:
            yield None
            return
        if not self._saves_elsewhere:
            run = self.run()
            yield run
            if run is not None and run is self._run:
                run.settle()
            elif run is not None:
                run.flush()
            return
        run = self._run_elsewhere()
        try:
            yield run
        except BaseException:
            if run is not None:
                run.end("FAILED")
            raise
        if run is not None:
            run.end("FINISHED")

    @property
    def _saves_elsewhere(self) -> bool:
        """Whether the user chose another run, experiment or MLflow to save to."""
        chosen = self._saving_run_id or self._saving_experiment_name or self._saving_tracking_uri
        return bool(chosen)

    def _run_elsewhere(self) -> TrackedRun | None:
        from . import other_runs  # most datasets need no other run, and no command but `run` does

        if self._run is not None and self._run.is_offline:
            other_runs.warn_offline(str(self.dataset_name))
            return None
        uri = self.tracking_uri_for(self._saving_tracking_uri)
        try:
            if self._saving_run_id:
                return self._join(uri, self._saving_run_id)
            return other_runs.start(self._run, uri, self._saving_experiment_name, self.root)
        except DatasetError:
            raise
        except Exception as error:
            if self._run is not None and self._run.config.tracking.on_failure == "raise":
                raise
            other_runs.warn_unreachable(str(self.dataset_name), uri, error)
            return None

    def _join(self, uri: str, run_id: str) -> TrackedRun:
        from . import other_runs

        config = self._run.config if self._run else None
        return other_runs.join(str(self.dataset_name), uri, run_id, config)
