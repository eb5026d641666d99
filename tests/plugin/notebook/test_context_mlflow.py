"""``context.mlflow``: MLflow where no pipeline runs, and what the catalog then loads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.notebook import notebook_calls
from mlflow_on_kedro.runs import known_projects
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

NODES = """
from kedro.pipeline import node, pipeline

def make(n):
    if n < 0:
        raise ValueError("negative")
    return {"n": n}, n / 2

def create_pipeline():
    return pipeline([
        node(make, "params:n", ["report", "score"], name="make"),
        node(lambda report: str(report["n"]), "report", "other", name="last"),
    ])
"""
DATASET = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    "report": {"type": DATASET, "dataset": "json", "artifact_path": "reports"},
    "score": {"type": DATASET, "dataset": "m"},
    "other": {"type": DATASET, "dataset": "txt", "filepath": "other.txt"},
    "{any}_text": {"type": DATASET, "dataset": "txt"},
}


@pytest.fixture
def make(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project; its arguments are sections of mlflow.yml."""

    def make_(**sections: Any) -> Any:
        return make_project(NODES, catalog=CATALOG, parameters={"n": 1}, mlflow=sections)

    return make_


def run(project: Any, n: int, name: str, **given: Any) -> str:
    """Run the pipeline and take the files away that it has made; gives the run's id."""
    runtime = {"n": n, "mlflow": {"run": {"name": name}}}
    if n < 0:
        with pytest.raises(ValueError, match="negative"):
            project.session_run(runtime_params=runtime, **given)
    else:
        project.session_run(runtime_params=runtime, **given)
    for path in (project.root / "data/mlflow").glob("*"):
        path.unlink()
    return str(project.runs()[0].info.run_id)


class TestTheObject:
    """What the attribute gives."""

    def test_client_and_runs(self, make: Any) -> None:
        """It gives the client, the store, the experiment and runs by name, id or age."""
        project = make(experiment={"name": "ideas"})
        context = project.context()
        assert context.mlflow.last_run is None
        project.session_run(runtime_params={"mlflow": {"run": {"name": "try7"}}})
        found = context.mlflow
        assert found.uri == found.client.tracking_uri == project.uri
        assert found.experiment == "ideas"
        assert found.last_run.info.run_name == "try7"
        run_id = found.last_run.info.run_id
        assert found.run("try7").info.run_id == found.run(run_id).info.run_id == run_id
        assert repr(found).startswith("<experiment 'ideas' in MLflow at sqlite:///")
        with pytest.raises(MLflowOnKedroError, match=r"'try8'\. Did you mean 'try7'"):
            found.run("try8")

    def test_lazily(self, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Until it is used neither MLflow is imported nor the configuration parsed again."""
        project = make()
        monkeypatch.setattr("mlflow_on_kedro.runs.project_settings.settings_of", lambda *_: 1 / 0)
        monkeypatch.setitem(sys.modules, "mlflow", None)
        assert project.context().mlflow is not None

    def test_an_attribute_that_is_there(self, make: Any) -> None:
        """A context that has the attribute already, from another plugin, keeps it."""
        from mlflow_on_kedro.notebook.context_mlflow import add_to_context

        context = make().context()
        context.mlflow = "another"
        add_to_context(context)
        assert context.mlflow == "another"

    def test_credentials(self, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Credentials are used as soon as MLflow is, and are not shown."""
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
        project = make(tracking={"credentials": "server", "uri": "http://me:hunter2@localhost:9"})
        project.write("conf/local/credentials.yml", "server: {username: somebody}")
        found = project.context().mlflow
        assert "hunter2" not in repr(found)
        assert os.environ["MLFLOW_TRACKING_USERNAME"] == "somebody"

    def test_empty_credentials(self, make: Any) -> None:
        """An empty name of credentials is none, as for a pipeline."""
        project = make(tracking={"credentials": ""})
        assert project.context().mlflow.uri == project.uri

    def test_start_run(self, make: Any) -> None:
        """A run that it starts is the project's, and the catalog's saves are logged to it."""
        project = make()
        context = project.context()
        with context.mlflow.start_run("by hand") as active:
            context.catalog.save("score", 0.75)
            context.catalog.save("report", {"a": 1})
            context.catalog.save("a_text", "hello")
        (found,) = project.runs()
        assert found.info.run_id == active.info.run_id
        assert (found.info.run_name, found.info.status) == ("by hand", "FINISHED")
        assert found.data.metrics["score"] == 0.75
        files = project.artifacts(found.info.run_id)
        assert files == {"reports/report.json", "a_text.txt"}
        assert not (Path.cwd() / "elsewhere").exists()


class TestOwnCalls:
    """MLflow's own calls, where no pipeline runs."""

    def test_a_context(self, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """They go to the project's store and experiment, wherever the notebook is."""
        given = {"name": "ideas", "artifact_location": "files", "tags": {"team": "wine"}}
        project = make(experiment=given)
        project.context()
        elsewhere = tmp_path / "notebooks"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        with mlflow.start_run(run_name="by hand") as active:
            mlflow.log_metric("m", 1)
            mlflow.log_text("x", "x.txt")
        (found,) = project.runs("ideas")
        assert (found.info.run_id, found.info.run_name) == (active.info.run_id, "by hand")
        assert found.data.metrics == {"m": 1}
        assert found.info.artifact_uri.startswith((project.root / "files").as_uri())
        assert project.client.get_experiment_by_name("ideas").tags["team"] == "wine"
        # MLflow 3.1 makes an empty folder mlruns wherever it opens a store.
        assert [path for path in elsewhere.rglob("*") if path.name != "mlruns"] == []
        assert project.context().mlflow.last_run.info.run_id == active.info.run_id

    def test_another_project(self, make: Any) -> None:
        """The latest context decides; a project without a store of its own has its default one."""
        first, second = make(), make(tracking={"on_failure": "raise"})
        first.context()
        second.context()
        with mlflow.start_run():
            pass
        assert first.runs() == []
        assert len(second.runs()) == 1
        second.session_run()
        assert len(second.runs()) == 2

    def test_the_users_own_choice(self, make: Any, store_uri: str) -> None:
        """Who sets another store or experiment afterwards has it, also after a pipeline."""
        project = make()
        project.context()
        mlflow.set_tracking_uri(store_uri)
        with mlflow.start_run() as active:
            pass
        assert active.info.experiment_id == "0"
        assert project.runs() == []
        project.write("conf/base/mlflow.yml", f"tracking: {{uri: '{project.uri}'}}")
        project.session_run()
        assert len(project.runs()) == 1
        assert mlflow.get_tracking_uri() == store_uri

    def test_after_a_pipeline(self, make: Any) -> None:
        """A session leaves MLflow as it was: at the project in a notebook, else where it was."""
        project = make()
        project.session_run()
        assert not mlflow.is_tracking_uri_set()
        project.context()
        project.session_run()
        assert mlflow.get_tracking_uri() == project.uri
        with mlflow.start_run(run_name="by hand"):
            pass
        assert project.runs()[0].info.run_name == "by hand"

    def test_beside_a_pipeline(self, make: Any, open_run: Callable[..., OwnRun]) -> None:
        """A pipeline that begins in another thread leaves those of one that runs alone."""
        project = make()
        with ThreadPoolExecutor(1) as other:
            other.submit(project.context).result()
            run = open_run(PipelineInfo(), uri=project.uri)
            other.submit(notebook_calls.release).result()
            mlflow.log_metric("m", 1)
        run.end("FINISHED")
        assert project.client.get_run(run.run_id).data.metrics["m"] == 1
        assert not mlflow.is_tracking_uri_set()
        assert "MLFLOW_TRACKING_URI" not in os.environ

    @pytest.mark.parametrize("sections", [{"tracking": {"mode": "offline"}}, {"enabled": False}])
    def test_where_tracking_is_off(self, make: Any, sections: Any) -> None:
        """MLflow is left alone."""
        make(**sections).context()
        assert not mlflow.is_tracking_uri_set()

    def test_what_cannot_be_set_up(
        self, make: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mistake is a warning there: it must not fail who imports MLflow."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "htp://host")
        make().context()
        (message,) = said
        assert "MLflow's own calls do not go to this project: " in message
        assert "MLFLOW_TRACKING_URI" in message


def test_the_environment_after_a_run(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry and credentials of a session are gone once its run has ended."""
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    before = dict(os.environ)
    project = make(tracking={"registry_uri": "sqlite:///models.db", "credentials": "server"})
    project.write("conf/local/credentials.yml", "server: {username: you, password: hunter2}")
    project.session_run()
    names = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    assert [os.environ.get(name) for name in names] == [before.get(name) for name in names]
    assert project.run.info.status == "FINISHED"


class TestLoading:
    """What ``catalog.load`` gives in a notebook."""

    def test_the_local_file(self, make: Any) -> None:
        """A file that is here is loaded; MLflow is not asked."""
        project = make()
        project.session_run()
        project.write("data/mlflow/report.json", '{"n": 99}')
        assert project.context().catalog.load("report") == {"n": 99}

    def test_the_newest_finished_run(self, make: Any) -> None:
        """Without a file it is the newest FINISHED run that has it: artifacts and metrics."""
        project = make()
        run(project, 1, "one")
        run(project, 2, "two")
        run(project, -1, "failed")
        project.write("data/mlflow/report.json", '{"n": 5}')
        run(project, 3, "only the last node", node_names=["last"])
        catalog = project.context().catalog
        assert catalog.load("report") == {"n": 2}
        assert catalog.load("score") == 1.0

    def test_nowhere(self, make: Any) -> None:
        """What no run has is missing as without MLflow, and it is said how runs are chosen."""
        project = make()
        run(project, -1, "failed")
        with pytest.raises(DatasetError, match=r"(?s)No such file.*context\.mlflow\.use"):
            project.context().catalog.load("report")

    def test_a_chosen_run(self, make: Any) -> None:
        """A chosen run is where everything is loaded from, whatever lies here, until no more."""
        project = make()
        run(project, 1, "one")
        run(project, 2, "two")
        project.write("data/mlflow/report.json", '{"n": 99}')
        context = project.context()
        context.mlflow.use("one")
        assert (context.catalog.load("report"), context.catalog.load("score")) == ({"n": 1}, 0.5)
        context.mlflow.use("last")
        assert context.catalog.load("score") == 1.0
        context.mlflow.use(None)
        assert context.catalog.load("report") == {"n": 99}
        with pytest.raises(MLflowOnKedroError, match="no run with the id or name 'none'"):
            context.mlflow.use("none")

    def test_a_chosen_run_that_has_it_not(self, make: Any) -> None:
        """What the chosen run has not is not taken from elsewhere."""
        project = make()
        run(project, -1, "failed")
        project.write("data/mlflow/report.json", '{"n": 99}')
        context = project.context()
        context.mlflow.use("failed")
        try:
            with pytest.raises(DatasetError, match=r"gave no artifact 'reports/report\.json'"):
                context.catalog.load("report")
        finally:
            context.mlflow.use(None)

    def test_a_pipeline_meanwhile(self, make: Any) -> None:
        """A pipeline that is run from the notebook loads its own; the choice outlives it."""
        project = make()
        run(project, 1, "one")
        context = project.context()
        context.mlflow.use("one")
        try:
            project.session_run(runtime_params={"n": 8})
            assert (project.root / "other.txt").read_text() == "8"
            assert context.catalog.load("report") == {"n": 1}
        finally:
            context.mlflow.use(None)
        assert context.catalog.load("report") == {"n": 8}

    def test_an_active_run(self, make: Any) -> None:
        """An active run goes before the others if it has what is loaded."""
        project = make()
        run(project, 1, "one")
        context = project.context()
        with context.mlflow.start_run():
            assert context.catalog.load("report") == {"n": 1}
            context.catalog.save("report", {"n": 7})
            (project.root / "data/mlflow/report.json").unlink()
            assert project.context().catalog.load("report") == {"n": 7}

    def test_from_another_folder(
        self, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also where the notebook lies elsewhere; nothing is left there."""
        project = make()
        run(project, 1, "one")
        context = project.context()
        elsewhere = tmp_path / "notebooks"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert context.catalog.load("report") == {"n": 1}
        with context.mlflow.start_run():
            context.catalog.save("score", 1)
        assert list(elsewhere.iterdir()) == []

    @pytest.mark.parametrize(
        "sections", [{"tracking": {"mode": "offline"}}, {"enabled": False}], ids=str
    )
    def test_where_tracking_is_off(self, make: Any, sections: Any) -> None:
        """Offline, and with `enabled: false`, MLflow is not asked."""
        project = make(**sections)
        with pytest.raises(DatasetError, match="No such file"):
            project.context().catalog.load("report")

    def test_a_pipeline_without_tracking(self, make: Any) -> None:
        """Nor by a pipeline that is not tracked."""
        project = make()
        run(project, 1, "one")
        project.write("conf/base/mlflow.yml", "enabled: false")
        with pytest.raises(DatasetError, match="No such file"):
            project.session_run(node_names=["last"])

    def test_no_context(self, make: Any) -> None:
        """A dataset of a project of which there is no context is a plain one."""
        project = make()
        run(project, 1, "one")
        known_projects._known.pop(project.root, None)
        known_projects._known.pop(project.root.resolve(), None)
        dataset = MLflowDataset("json", dataset_name="report", artifact_path="reports")
        with pytest.raises(DatasetError, match="No such file"):
            dataset.load()


MODELS = """
from kedro.pipeline import node, pipeline
from sklearn.dummy import DummyClassifier

def train(n):
    return DummyClassifier(strategy="constant", constant=n).fit([[0]], [n])

def create_pipeline():
    return pipeline([node(train, "params:n", "model", name="train")])
"""


def test_models(make_project: Callable[..., Any]) -> None:
    """Models are loaded the same way: from the newest run that has them, or a chosen one."""
    import shutil

    catalog = {"model": {"type": "mlflow_on_kedro.MLflowModelDataset", "flavor": "sklearn"}}
    project = make_project(MODELS, catalog=catalog, parameters={"n": 1})
    for n, name in ((3, "try3"), (4, "try4")):
        project.session_run(runtime_params={"n": n, "mlflow": {"run": {"name": name}}})
    shutil.rmtree(project.root / "data/mlflow/model")
    context = project.context()
    assert context.catalog.load("model").predict([[0]]).tolist() == [4]
    context.mlflow.use("try3")
    try:
        assert context.catalog.load("model").predict([[0]]).tolist() == [3]
    finally:
        context.mlflow.use(None)


def test_a_pipeline_in_an_active_run(make: Any) -> None:
    """A pipeline that is run while a run is active logs to that, and leaves it open."""
    project = make()
    with project.context().mlflow.start_run("mine") as active:
        project.session_run(runtime_params={"n": 4})
        assert project.client.get_run(active.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("by hand", 1)
    (found,) = project.runs()
    assert (found.info.run_name, found.info.status) == ("mine", "FINISHED")
    assert (found.data.metrics["score"], found.data.metrics["by hand"]) == (2.0, 1.0)
