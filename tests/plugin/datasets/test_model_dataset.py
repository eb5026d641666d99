"""MLflowModelDataset: models in MLflow's own format, saved and loaded by real pipelines."""

from __future__ import annotations

import importlib.util
import inspect
import pickle
import shutil
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import yaml
from kedro.io import DataCatalog, DatasetError
from kedro.runner import ThreadRunner
from mlflow.pyfunc import PyFuncModel
from mlflow_on_kedro import ConfigError, MLflowModelDataset
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo
from sklearn.linear_model import LogisticRegression

TYPE = "mlflow_on_kedro.MLflowModelDataset"

SKLEARN = """
    from kedro.pipeline import node, pipeline
    from sklearn.linear_model import LogisticRegression

    def train():
        return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])

    def predict(model):
        return {"class": type(model).__name__, "y": model.predict([[0.0], [3.0]]).tolist()}

    def create_pipeline(**_):
        return pipeline([
            node(train, None, "model", name="train"),
            node(predict, "model", "report", name="predict"),
        ])
"""

PYFUNC = """
    from kedro.pipeline import node, pipeline
    from mlflow.pyfunc import PythonModel

    class Doubler(PythonModel):
        def predict(self, context, model_input: list[float], params=None) -> list[float]:
            return [2 * x for x in model_input]

    def train():
        return Doubler()

    def predict(model):
        return {"class": type(model).__name__, "y": list(model.predict([1.0, 2.0]))}

    def create_pipeline(**_):
        return pipeline([
            node(train, None, "model", name="train"),
            node(predict, "model", "report", name="predict"),
        ])
"""

# The kinds of model, with what their pipeline reports of the loaded one.
FLAVORS = {
    "sklearn": (SKLEARN, {"class": "LogisticRegression", "y": [0, 1]}),
    "pyfunc": (PYFUNC, {"class": "PyFuncModel", "y": [2.0, 4.0]}),
}
REPORT = {"type": "json.JSONDataset", "filepath": "report.json"}


def classifier() -> LogisticRegression:
    """A small fitted model."""
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def logged_models(client: Any, run: Any) -> list[Any]:
    """The models that MLflow holds for a run."""
    found = client.search_logged_models([run.info.experiment_id])
    return [model for model in found if model.source_run_id == run.info.run_id]


def report(project: Any) -> Any:
    """What the node `predict` said."""
    return yaml.safe_load((project.root / "report.json").read_text())


@pytest.fixture
def no_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's inference of requirements, which takes seconds, fails the test."""

    def called(*_: Any, **__: Any) -> None:
        raise AssertionError("MLflow infers requirements")

    monkeypatch.setattr("mlflow.models.infer_pip_requirements", called)
    monkeypatch.setattr("mlflow.utils.requirements_utils._capture_imported_modules", called)


@pytest.mark.usefixtures("no_inference")
@pytest.mark.parametrize("flavor", FLAVORS)
def test_model_in_a_run_in_a_later_one_and_from_mlflow(
    make_project: Callable[..., Any], flavor: str
) -> None:
    """The next node, a later session and one that has MLflow only get a model that predicts."""
    pipeline, expected = FLAVORS[flavor]
    entry = {"type": TYPE, "flavor": flavor}
    project = make_project(pipeline, catalog={"model": entry, "report": REPORT})
    project.session_run()
    assert report(project) == expected
    run = project.run
    assert run.info.status == "FINISHED"
    (model,) = logged_models(project.client, run)
    assert (model.name, model.status.name) == ("model", "READY")
    folder = project.root / "data" / "mlflow" / "model"
    assert (folder / "MLmodel").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]

    (project.root / "report.json").unlink()
    project.session_run(from_nodes=["predict"])
    assert report(project) == expected

    shutil.rmtree(folder)
    (project.root / "report.json").unlink()
    again = {"model": {**entry, "run_id": run.info.run_id, "pyfunc": True}}
    project.write("conf/reload/catalog.yml", yaml.safe_dump(again))
    project.session_run(from_nodes=["predict"], env="reload")
    assert report(project) == {**expected, "class": "PyFuncModel"}
    assert not folder.exists()


@pytest.mark.parametrize("flavor", ["sklearn", pytest.param("pyfunc", marks=pytest.mark.slow)])
def test_model_in_parallel_processes(make_project: Callable[..., Any], flavor: str) -> None:
    """With ParallelRunner the model reaches a node in another process, and the same run."""
    pipeline, expected = FLAVORS[flavor]
    catalog = {"model": {"type": TYPE, "flavor": flavor}, "report": REPORT}
    project = make_project(pipeline, catalog=catalog)
    result = project.kedro("run", "--runner", "ParallelRunner")
    assert result.returncode == 0, result.stderr + result.stdout
    assert report(project) == expected
    assert [model.name for model in logged_models(project.client, project.run)] == ["model"]


def test_model_in_threads(make_project: Callable[..., Any]) -> None:
    """With ThreadRunner the model is in the pipeline's run."""
    pipeline, expected = FLAVORS["sklearn"]
    catalog = {"model": {"type": TYPE, "flavor": "sklearn"}, "report": REPORT}
    project = make_project(pipeline, catalog=catalog)
    project.session_run(runner=ThreadRunner(max_workers=2))
    assert report(project) == expected
    assert len(logged_models(project.client, project.run)) == 1


@pytest.mark.usefixtures("active")
def test_model_from_the_own_run_when_the_folder_is_gone(tmp_path: Path) -> None:
    """Without a local folder the model is loaded from the run that it was logged to."""
    dataset = MLflowModelDataset("sklearn", tmp_path / "m", "model")
    dataset.save(classifier())
    shutil.rmtree(tmp_path / "m")
    loaded = dataset.load()
    assert isinstance(loaded, LogisticRegression)
    assert loaded.predict([[3.0]]).tolist() == [1]


@pytest.mark.usefixtures("no_inference")
def test_requirements_are_the_flavors_own_and_complete(
    active: Any, client: Any, tmp_path: Path
) -> None:
    """The packages that loading needs are listed, whatever format MLflow chose."""
    MLflowModelDataset("sklearn", tmp_path / "m", "model").save(classifier())
    (model,) = logged_models(client, active)
    path = mlflow.artifacts.download_artifacts(f"{model.artifact_location}/requirements.txt")
    for file in (tmp_path / "m" / "requirements.txt", Path(path)):
        packages = {line.partition("==")[0] for line in file.read_text().split()}
        saved = mlflow.models.Model.load(str(tmp_path / "m"))
        written_by = saved.flavors["sklearn"]["serialization_format"]  # older MLflow: cloudpickle
        assert {"mlflow", "scikit-learn", written_by} <= packages


@pytest.mark.usefixtures("no_inference")
@pytest.mark.parametrize(
    ("save_args", "there", "missing"),
    [
        ({"pip_requirements": ["scikit-learn", "mypackage"]}, {"mypackage"}, {"skops"}),
        ({"extra_pip_requirements": ["mypackage==1.0"]}, {"mypackage", "scikit-learn"}, set()),
        ({"serialization_format": "cloudpickle"}, {"cloudpickle"}, {"skops"}),
        (
            {"conda_env": {"dependencies": ["python", {"pip": ["mlflow", "mypackage"]}]}},
            {"mypackage"},
            {"skops"},
        ),
    ],
    ids=["pip_requirements", "extra_pip_requirements", "serialization_format", "conda_env"],
)
def test_requirements_given_by_the_user(
    tmp_path: Path, save_args: dict[str, Any], there: set[str], missing: set[str]
) -> None:
    """`pip_requirements` and `conda_env` replace the flavor's, `extra_pip_requirements` adds."""
    MLflowModelDataset("sklearn", tmp_path / "m", save_args=save_args).save(classifier())
    lines = (tmp_path / "m" / "requirements.txt").read_text().split()
    packages = {line.partition("==")[0] for line in lines}
    assert there <= packages
    assert not missing & packages


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_arguments_of_log_model_pass_through(active: Any, client: Any, tmp_path: Path) -> None:
    """Signature, input example, metadata, tags and registration reach MLflow."""
    signature = mlflow.models.infer_signature(np.array([[0.0]]), np.array([0]))
    dataset = MLflowModelDataset(
        "sklearn",
        tmp_path / "m",
        "model",
        save_args={
            "signature": signature,
            "input_example": np.array([[1.5]]),
            "registered_model_name": "classifier",
            "metadata": {"owner": "Zoë"},
            "tags": {"stage": "test"},
            "model_type": "classification",
        },
    )
    dataset.save(classifier())
    (model,) = logged_models(client, active)
    info = mlflow.models.get_model_info(f"models:/{model.model_id}")
    assert info.signature == signature
    assert info.metadata == {"owner": "Zoë"}
    assert model.tags["stage"] == "test"
    assert model.model_type == "classification"
    (version,) = client.search_model_versions("name='classifier'")
    assert version.run_id == active.info.run_id
    assert mlflow.models.Model.load(str(tmp_path / "m")).signature == signature
    assert (tmp_path / "m" / "input_example.json").exists()


@pytest.mark.usefixtures("active")
def test_registering_leaves_logging_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model registry, which is opened for it, does not replace the project's logging."""
    replaced: list[str] = []
    monkeypatch.setattr("logging.config.fileConfig", lambda fname, **_: replaced.append(fname))
    save_args = {"registered_model_name": "classifier"}
    MLflowModelDataset("sklearn", tmp_path / "m", "model", save_args=save_args).save(classifier())
    assert replaced == []


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_model_of_a_step(active: Any, store_uri: str, tmp_path: Path) -> None:
    """Of several that a run has under a name the one of a step is loaded, also of this run."""
    for step in (1, 2):
        MLflowModelDataset("sklearn", tmp_path / "m", "model", save_args={"step": step}).save(
            LogisticRegression(C=step).fit([[0.0], [1.0]], [0, 1])
        )
    other = {"run_id": active.info.run_id, "tracking_uri": store_uri}
    for where in ({"filepath": tmp_path / "m"}, other):
        for step in (1, 2):
            named = {"dataset_name": "model", "load_args": {"step": step}, **where}
            loaded = MLflowModelDataset(**named).load()
            assert int(loaded.C) == step
    missing = MLflowModelDataset(dataset_name="model", load_args={"step": 3}, **other)
    assert not missing.exists()
    with pytest.raises(DatasetError, match=r"of step 3\. Its models are of step 1, 2"):
        missing.load()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"load_args": {"step": "2"}}, "`load_args`: 'step' must be a whole number: '2'"),
        ({"load_args": {"step": True}}, "'step' must be a whole number: True"),
        (
            {"load_args": {"step": 2}, "model_uri": "models:/clf/1"},
            "`load_args: step` is of a model in a run: give `run_id` instead of `model_uri`",
        ),
    ],
)
def test_no_step(given: dict[str, Any], message: str) -> None:
    """What is no step, or makes no sense beside one, is refused when the catalog is made."""
    with pytest.raises(DatasetError, match=message):
        MLflowModelDataset(**given)


def test_load_args_pass_through(tmp_path: Path) -> None:
    """`load_args` reach the flavor's load_model."""
    MLflowModelDataset("sklearn", tmp_path / "m").save(classifier())
    copy = tmp_path / "copy"
    copy.mkdir()
    reader = MLflowModelDataset("sklearn", tmp_path / "m", load_args={"dst_path": str(copy)})
    assert reader.load().predict([[3.0]]).tolist() == [1]
    wrong = MLflowModelDataset("sklearn", tmp_path / "m", load_args={"nonsense": 1})
    with pytest.raises(DatasetError, match="nonsense"):
        wrong.load()


@pytest.mark.parametrize("name", ["ns.model", "a/b", "100%", "a:b"])
def test_names_that_mlflow_does_not_allow(active: Any, client: Any, name: str) -> None:
    """A namespaced or odd name is logged under a legal one, and found again."""
    dataset = MLflowModelDataset("sklearn")
    dataset.bind(name, Path.cwd(), mlflow.get_tracking_uri())
    dataset.save(classifier())
    (model,) = logged_models(client, active)
    assert not set(model.name) & set("/:.%")
    shutil.rmtree(dataset._folder())
    assert isinstance(dataset.load(), LogisticRegression)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default places are below the test's own folder."""
    monkeypatch.chdir(tmp_path)


# -- the local folder --------------------------------------------------------------------------


def test_alone_it_is_a_plain_dataset(tmp_path: Path) -> None:
    """Without session, run and server the model is in its folder."""
    catalog = DataCatalog({"model": MLflowModelDataset("sklearn", tmp_path / "m")})
    catalog.save("model", classifier())
    again = DataCatalog({"model": MLflowModelDataset("sklearn", tmp_path / "m", pyfunc=True)})
    assert not (tmp_path / "mlflow.db").exists()
    # Loading it so makes a store with some versions of MLflow, as MLflow itself does.
    assert isinstance(again.load("model"), PyFuncModel)


def test_saving_again_replaces_the_model(tmp_path: Path) -> None:
    """The folder holds the last model, and nothing of the one before."""
    dataset = MLflowModelDataset("sklearn", tmp_path / "m")
    dataset.save(classifier())
    (tmp_path / "m" / "stale.txt").write_text("stale")
    dataset.save(LogisticRegression(C=5.0).fit([[0.0], [1.0]], [0, 1]))
    assert dataset.load().C == 5.0
    assert not (tmp_path / "m" / "stale.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_failed_save_keeps_the_last_model(tmp_path: Path) -> None:
    """A model that cannot be written does not destroy the one that was."""
    dataset = MLflowModelDataset("sklearn", tmp_path / "m")
    dataset.save(classifier())
    unpicklable = classifier()
    unpicklable.lock = threading.Lock()
    with pytest.raises(DatasetError):
        dataset.save(unpicklable)
    assert dataset.load().predict([[3.0]]).tolist() == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_folder_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    """A wrong `filepath` never deletes a user's files."""
    precious = tmp_path / "data" / "precious.csv"
    precious.parent.mkdir()
    precious.write_text("x")
    dataset = MLflowModelDataset("sklearn", tmp_path / "data", "model")
    with pytest.raises(DatasetError, match=r"data is there already and holds no model"):
        dataset.save(classifier())
    assert precious.read_text() == "x"


def test_relative_folder_counts_from_the_project_root(tmp_path: Path) -> None:
    """A relative `filepath` lies in the project, whatever the current directory."""
    dataset = MLflowModelDataset("sklearn", "models/best")
    dataset.bind("model", tmp_path / "project", None)
    dataset.save(classifier())
    assert (tmp_path / "project" / "models" / "best" / "MLmodel").exists()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..", "a\\..\\b"])
def test_hostile_name_stays_in_the_data_folder(name: str, tmp_path: Path) -> None:
    """A dataset's name leads nowhere else."""
    dataset = MLflowModelDataset("sklearn")
    dataset.bind(name, tmp_path / "project", None)
    dataset.save(classifier())
    written = {path.parent.parent for path in tmp_path.rglob("MLmodel")}
    assert written == {tmp_path / "project" / "data" / "mlflow"}


# -- what can be wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flavor", "message"),
    [
        ("sklaern", r"no flavor 'sklaern': MLflow has none, .* Did you mean 'sklearn'\?"),
        ("tracking", "mlflow.tracking is no flavor: it has no save_model"),
        ("sklearn.evil", "There is no flavor 'sklearn.evil': no such module"),
        ("", "'' is no name of a flavor"),
    ],
)
def test_unknown_flavor(flavor: str, message: str, tmp_path: Path) -> None:
    """The message names it, when it is saved and when it is loaded."""
    dataset = MLflowModelDataset(flavor, tmp_path / "m")
    with pytest.raises(DatasetError, match=message):
        dataset.save(1)
    (tmp_path / "m").mkdir()
    with pytest.raises(DatasetError, match=message):
        dataset.load()


@pytest.mark.parametrize(
    ("flavor", "module", "package"),
    [
        ("xgboost", "xgboost", "xgboost"),
        ("tensorflow", "tensorflow", "tensorflow"),
        ("sklearn", "sklearn", "scikit-learn"),
    ],
)
def test_missing_package_gives_the_command_that_installs_it(
    flavor: str, module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flavor whose library is not installed names it as pip does."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DatasetError, match=rf"flavor: {flavor} .* run `pip install {package}`"):
        MLflowModelDataset(flavor, tmp_path / "m").save(object())


def test_nothing_to_load(tmp_path: Path) -> None:
    """Without folder and run the message says where it looked and what to do."""
    dataset = MLflowModelDataset("sklearn", tmp_path / "m", "model")
    with pytest.raises(DatasetError, match=r"no model 'model' at .*m, and no run .*save it first"):
        dataset.load()


@pytest.mark.parametrize("run_id", ["nosuchrun", None])
def test_run_without_the_model(
    run_id: str | None, client: Any, store_uri: str, tmp_path: Path
) -> None:
    """The message names the run, the store and the model."""
    run_id = run_id or client.create_run("0").info.run_id
    dataset = MLflowModelDataset(
        "sklearn", tmp_path / "m", "model", run_id=run_id, tracking_uri=store_uri
    )
    with pytest.raises(DatasetError, match=rf"Run {run_id} in MLflow at {store_uri} gave no model"):
        dataset.load()


# -- Kedro's other duties ----------------------------------------------------------------------


def test_exists_follows_the_folder(tmp_path: Path) -> None:
    """False before the first save, True after it."""
    dataset = MLflowModelDataset("sklearn", tmp_path / "m")
    assert not dataset.exists()
    dataset.save(classifier())
    assert dataset.exists()


@pytest.mark.usefixtures("active")
def test_exists_asks_mlflow_for_a_given_run(store_uri: str, client: Any, tmp_path: Path) -> None:
    """With `run_id` it is True for a run that has the model, whatever lies in the local folder."""
    folder = tmp_path / "m"
    MLflowModelDataset("sklearn", folder, "model").save(classifier())
    run_id = mlflow.active_run().info.run_id
    other = client.create_run("0").info.run_id
    found = {
        (name, run): MLflowModelDataset(
            "sklearn", folder, name, run_id=run, tracking_uri=store_uri
        ).exists()
        for name, run in [
            ("model", run_id),
            ("mode", run_id),
            ("model", other),
            ("model", "0" * 32),
        ]
    }
    assert list(found.values()) == [True, False, False, False]


def test_exists_says_that_mlflow_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead server is no answer: neither True nor False."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    dataset = MLflowModelDataset(
        "sklearn", tmp_path / "m", "model", run_id="abc", tracking_uri="http://127.0.0.1:9"
    )
    with pytest.raises(DatasetError, match="Max retries exceeded"):
        dataset.exists()


def test_repr_and_pickle() -> None:
    """It reads like Kedro's datasets, without secrets, and travels to other processes."""
    dataset = MLflowModelDataset(
        "sklearn",
        "m",
        "model",
        run_id="abc",
        tracking_uri="http://me:hunter2@host",
        save_args={"registered_model_name": "best"},
    )
    travelling = pickle.dumps(dataset)
    text = repr(pickle.loads(travelling))  # noqa: S301 - it was made just above
    assert text.startswith("mlflow_on_kedro.datasets.model_dataset.MLflowModelDataset(")
    for part in ("flavor='sklearn'", "filepath='m'", "run_id='abc'", "dataset_name='model'"):
        assert part in text
    assert "hunter2" not in text


def test_constructing_it_imports_no_mlflow_flavor() -> None:
    """A catalog with a model of a library that is missing can be built and described."""
    repr(MLflowModelDataset("tensorflow", "m"))
    assert "mlflow.tensorflow" not in sys.modules


@pytest.mark.parametrize(("argument", "instead"), [("name", "name"), ("path", "filepath")])
def test_save_args_that_the_dataset_sets_itself(argument: str, instead: str) -> None:
    """The message names the argument to give instead."""
    with pytest.raises(DatasetError, match=f"'{argument}' is set by this dataset.*`{instead}`"):
        MLflowModelDataset("sklearn", save_args={argument: "x"})


# -- the flavor, where it is not given ---------------------------------------------------------


@pytest.mark.parametrize("pyfunc", [False, True])
def test_flavor_of_the_object(tmp_path: Path, pyfunc: bool) -> None:
    """Without `flavor` it is that of the object, and of what was saved."""
    dataset = MLflowModelDataset(filepath=tmp_path / "m", pyfunc=pyfunc)
    dataset.save(classifier())
    assert isinstance(dataset.load(), PyFuncModel if pyfunc else LogisticRegression)


def test_object_without_a_flavor(tmp_path: Path) -> None:
    """A mistake leaves no folder behind."""
    with pytest.raises(DatasetError, match=r"no MLflow flavor for an object of type builtins\.int"):
        MLflowModelDataset(filepath=tmp_path / "m").save(3)
    assert list(tmp_path.iterdir()) == []


class Own(LogisticRegression):
    """A class of a project's own, which MLflow's default format refuses."""


@pytest.mark.usefixtures("no_inference")
def test_class_of_the_users_own_is_saved_fast(tmp_path: Path, caplog: Any) -> None:
    """Any estimator can be saved, without MLflow's word on a format that nobody chose."""
    dataset = MLflowModelDataset(filepath=tmp_path / "m")
    dataset.save(Own().fit([[0.0], [1.0]], [0, 1]))
    assert isinstance(dataset.load(), Own)
    assert "requires exercising caution" not in caplog.text
    begin = time.perf_counter()
    dataset.save(classifier())
    assert time.perf_counter() - begin < 0.5


def test_pickles_are_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then scikit-learn's models have MLflow's own format."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    MLflowModelDataset(filepath=tmp_path / "m").save(classifier())
    saved = mlflow.models.Model.load(str(tmp_path / "m")).flavors["sklearn"]
    default = mlflow.sklearn.get_default_pip_requirements
    if "include_skops" in inspect.signature(default).parameters:
        assert saved["serialization_format"] == "skops"


# -- name, tags, metadata and the registry, in a run of the user's own ---------------------------


def test_arguments_of_the_dataset(active: Any, client: Any, tmp_path: Path) -> None:
    """They reach MLflow; outside of a pipeline the model is registered at once."""
    dataset = MLflowModelDataset(
        filepath=tmp_path / "m",
        dataset_name="model",
        name="best model",
        signature={"inputs": [{"name": "x", "type": "double"}]},
        tags={"stage": "test"},
        metadata={"owner": "Zoë", "kedro-viz": {"layer": "models"}},
        registered_model_name="clf",
        alias="newest",
    )
    dataset.save(classifier())
    (model,) = logged_models(client, active)
    assert model.name == "best model"
    assert model.tags["stage"] == "test"
    info = mlflow.models.get_model_info(f"models:/{model.model_id}")
    assert info.metadata == {"owner": "Zoë"}
    assert dataset.metadata == {"owner": "Zoë", "kedro-viz": {"layer": "models"}}
    assert [item["name"] for item in info.signature.inputs.to_dict()] == ["x"]
    version = client.get_model_version_by_alias("clf", "newest")
    assert version.tags["stage"] == "test"
    reader = MLflowModelDataset(model_uri="models:/clf@newest")
    assert isinstance(reader.load(), LogisticRegression)
    assert reader.exists()
    assert not MLflowModelDataset(model_uri="models:/clf@oldest").exists()


@pytest.mark.parametrize("name", ["a/b", "a.b", ""])
def test_name_that_mlflow_does_not_allow(name: str) -> None:
    """A name that the user chooses is not changed."""
    with pytest.raises(DatasetError, match="`name`: MLflow allows none of"):
        MLflowModelDataset(name=name)


@pytest.mark.parametrize("source", [{"run_id": "abc"}, {"model_uri": "models:/clf/1"}])
def test_source_is_never_saved_to(source: dict[str, str], tmp_path: Path) -> None:
    """What is loaded from elsewhere is not written, not even the local folder."""
    dataset = MLflowModelDataset(filepath=tmp_path / "m", dataset_name="model", **source)
    with pytest.raises(DatasetError, match=r"'model' loads .*, which is never written"):
        dataset.save(classifier())
    assert not (tmp_path / "m").exists()


def test_dataset_named_outside_of_a_pipeline(tmp_path: Path, caplog: Any) -> None:
    """Its value is known to a run only: the model is saved without, and that is said."""
    dataset = MLflowModelDataset(
        filepath=tmp_path / "m", signature="features", input_example="features"
    )
    dataset.save(classifier())
    assert dataset.load().predict([[3.0]]).tolist() == [1]
    assert (
        "'m' is saved without the parts of its signature and input example that come from "
        "'features'"
    ) in caplog.text


@pytest.mark.parametrize("uri", ["models:/clf/1", "models:/clf@champion", f"models:/m-{'0' * 32}"])
def test_nothing_there(uri: str, client: Any, store_uri: str) -> None:
    """The message names what was asked for, and the store."""
    client.search_experiments()
    dataset = MLflowModelDataset(dataset_name="model", model_uri=uri, tracking_uri=store_uri)
    with pytest.raises(DatasetError, match=f"{uri} in MLflow at {store_uri} gave no model 'model'"):
        dataset.load()


def test_as_a_run_has_it(active: Any, store_uri: str, tmp_path: Path) -> None:
    """A copy that loads from a run, by the model's own name; the dataset itself stays."""
    dataset = MLflowModelDataset(filepath=tmp_path / "m", name="best model")
    dataset.bind("model", tmp_path, store_uri)
    dataset.save(classifier())
    shutil.rmtree(tmp_path / "m")
    other = dataset.for_run(active.info.run_id, store_uri, "model")
    assert isinstance(other.load(), LogisticRegression)
    assert not dataset.exists()
    assert other.for_run("another", store_uri, "model") is other


def test_a_package_that_is_missing(make_project: Callable[..., Any]) -> None:
    """A flavor whose package is not installed is found before anything is trained for it."""
    if importlib.util.find_spec("catboost") is not None:
        pytest.skip("it is installed")
    catalog = {"model": {"type": TYPE, "flavor": "catboost"}}
    project = make_project(FLAVORS["sklearn"][0], catalog=catalog)
    with pytest.raises(ConfigError, match=r"catboost needs a package .* `pip install catboost`"):
        project.session_run()
    assert project.runs() == []


PLAN = PipelineInfo(outputs=frozenset({"model"}))


def model_of(run: OwnRun, in_catalog: str = "model", **given: Any) -> MLflowModelDataset:
    """The dataset of a model as a run has it."""
    dataset = MLflowModelDataset("sklearn", **given)
    dataset.bind(in_catalog, run.root, run.uri, run)
    return dataset


def trained(c: float) -> LogisticRegression:
    """A model that is told from others."""
    return LogisticRegression(C=c).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_two_runs_at_once(open_run: Callable[..., OwnRun], tmp_path: Path, mode: str) -> None:
    """Each saves without disturbing the other, and loads what it has saved itself."""
    models = [model_of(open_run(PLAN, mode=mode)) for _ in range(2)]
    meeting = threading.Barrier(2)

    def work(number: int) -> list[float]:
        meeting.wait(60)
        found = []
        for step in range(3):
            models[number].save(trained(1.0 + number + step / 10))
            found.append(models[number].load().C)
        return found

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [[1.0, 1.1, 1.2], [2.0, 2.1, 2.2]]
    assert [path.name for path in (tmp_path / "data" / "mlflow").iterdir()] == ["model"]


def test_two_models_of_one_name(open_run: Callable[..., OwnRun]) -> None:
    """Each is loaded again by its dataset."""
    names = ["de.model", "fr.model"]
    run = open_run(replace(PLAN, own_folders=frozenset(names)))
    for number, name in enumerate(names):
        model_of(run, name, name="classifier").save(trained(1.0 + number))
    run.flush()
    saved = logged_models(run.client, run.client.get_run(run.run_id))
    assert sorted(model.name for model in saved) == ["de_model", "fr_model"]
    for number, name in enumerate(names):
        dataset = model_of(run, name, name="classifier", run_id=run.run_id)
        assert 1.0 + number == dataset.load().C
