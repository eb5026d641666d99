"""Looking for what a project must not leave: stray runs, runs without an end, stray stores."""

from __future__ import annotations

from typing import Any

PARENT = "mlflow.parentRunId"


class Found:
    """All runs of a project's store, in whatever experiment, after its pipeline has run.

    Args:
        project: The project.
        pipelines: How many pipelines have run.

    Raises:
        AssertionError: There is something that must not be there.
    """

    def __init__(self, project: Any, pipelines: int = 1) -> None:
        import mlflow

        assert mlflow.active_run() is None
        client = project.client
        experiments = [each.experiment_id for each in client.search_experiments()]
        self.all = {run.info.run_id: run for run in client.search_runs(experiments)}
        tops = [run for run in self.all.values() if PARENT not in run.data.tags]
        assert [each for each in tops if "kedro_command" not in each.data.tags] == []
        assert len(tops) == pipelines
        self.tops = tops
        for run in self.all.values():
            assert run.data.tags.get(PARENT, run.info.run_id) in self.all
            assert run.info.status != "RUNNING", run.info.run_name
        place = project.root.parent
        own = {project.root / "mlflow.db", place / "mlflow.db"}  # that of the fixture `store_uri`
        assert set(place.rglob("*.db")) <= own
        # MLflow 3.1 makes an empty folder wherever it opens a store.
        folders = [each for each in place.rglob("mlruns") if any(each.iterdir())]
        assert [each for each in folders if each != project.root / "mlruns"] == []
        # Of the experiment Default, which MLflow takes when it is told of no other one.
        assert not (project.root / "mlruns" / "0").exists()

    @property
    def run(self) -> Any:
        """The pipeline's run."""
        (run,) = self.tops
        return run

    def children(self, of: Any = None) -> list[Any]:
        """The runs below a run, by name."""
        parent = (of or self.run).info.run_id
        found = [run for run in self.all.values() if run.data.tags.get(PARENT) == parent]
        return sorted(found, key=lambda run: run.info.run_name)
