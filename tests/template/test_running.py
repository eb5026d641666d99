"""Generated projects run: their own tests, ``kedro run``, and the wheel elsewhere."""

from __future__ import annotations

import pickle
import shutil
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from .commands import kedro, run, tree


def client_of(folder: Path) -> MlflowClient:
    """Look into the store that a project makes in a folder."""
    return MlflowClient(f"sqlite:///{(folder / 'mlflow.db').as_posix()}")


def only_run(folder: Path) -> Run:
    """Get the one run in a project's store."""
    client = client_of(folder)
    (found,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return found


def files_of(folder: Path, found: Run, path: str | None = None) -> set[str]:
    """List the artifacts of a run."""
    return {file.path for file in client_of(folder).list_artifacts(found.info.run_id, path)}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the folder mlruns, which opening a store makes, out of the current directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def finished(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the example once, from a folder below the project."""
    project = tmp_path_factory.mktemp("finished") / example.name
    shutil.copytree(example, project)
    kedro("run", cwd=project / "src" / "wine_cellar")
    return project


@pytest.mark.parametrize(
    "name", ["example", "museum", pytest.param("wiring", marks=pytest.mark.slow)]
)
def test_its_own_tests_pass(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The project's own tests pass, and leave no store and no data in it."""
    source: Path = request.getfixturevalue(name)
    project = Path(shutil.copytree(source, tmp_path / source.name))
    run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", cwd=project)
    assert set(tree(project)) == set(tree(source))


def test_the_store_lies_in_the_project(finished: Path) -> None:
    """From whatever folder it was started, the run is in the project's store."""
    assert only_run(finished).info.status == "FINISHED"
    assert not (finished / "src" / "wine_cellar" / "mlflow.db").exists()
    assert not (finished / "src" / "wine_cellar" / "mlruns").exists()


def test_parameters_and_metrics(finished: Path) -> None:
    """Kedro's parameters, the scores and the timings are in the run."""
    data = only_run(finished).data
    assert data.params["split.test_fraction"] == "0.3"
    assert data.params["model.max_iter"] == "1000"
    assert data.params["strongest_measurement"] in (finished / "data/01_raw/wine.csv").read_text()
    assert data.metrics["accuracy"] > 0.9
    assert data.metrics["scores.f1.mean"] > 0.9
    assert data.metrics["scores.errors"] >= 0
    assert data.metrics["split_sizes.train"] + data.metrics["split_sizes.test"] == 178
    assert data.metrics["system/time/pipeline"] > 0
    assert data.metrics["system/time/train_model"] > 0


def test_files(finished: Path) -> None:
    """Files of every kind in the catalog are in the run, and in the project."""
    found = only_run(finished)
    files = files_of(finished, found)
    names = ["model.pkl", "predictions.csv", "typical_wines.json", "confusion_matrix.png"]
    assert {*names, "wines.parquet", "gantt.html"} <= files
    for name in names:
        assert (finished / "data" / "mlflow" / name).is_file()
    assert (finished / "data" / "02_intermediate" / "wines.parquet").is_file()


def test_the_model_is_logged_both_ways(finished: Path) -> None:
    """The MLflow model loads, and tells wines apart as the pickled one does."""
    import mlflow.sklearn
    import pandas as pd

    found = only_run(finished)
    (logged,) = client_of(finished).search_logged_models([found.info.experiment_id])
    assert logged.source_run_id == found.info.run_id
    assert [output.model_id for output in found.outputs.model_outputs] == [logged.model_id]
    wines = pd.read_parquet(finished / "data" / "02_intermediate" / "wines.parquet")
    measurements = wines.drop(columns="cultivar")
    predicted = mlflow.sklearn.load_model(logged.artifact_location).predict(measurements)
    file = finished / "data" / "mlflow" / "model.pkl"
    pickled = pickle.loads(file.read_bytes())  # noqa: S301 - the test has just written it
    assert (predicted == pickled.predict(measurements)).all()
    assert (predicted == wines["cultivar"]).mean() > 0.9


@pytest.fixture(scope="session")
def packaged(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run ``kedro package`` and return the folder ``dist``."""
    project = tmp_path_factory.mktemp("packaged") / example.name
    shutil.copytree(example, project)
    kedro("package", cwd=project)
    return project / "dist"


def test_the_wheel_has_both_packages(packaged: Path, example: Path) -> None:
    """The wheel holds the project's package, the plugin, all of both, and nothing else."""
    (wheel,) = packaged.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {name for name in tree(example / "src") if "/" in name}
    assert names == expected


def test_dependencies_are_the_requirements(packaged: Path, example: Path) -> None:
    """What is installed with the wheel is what requirements.txt lists, with lower bounds."""
    (wheel,) = packaged.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        message = Parser().parsestr(archive.read(metadata).decode("utf-8"))
    needed = [text for text in message.get_all("Requires-Dist") if "extra ==" not in text]
    lines = (example / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert needed == [line for line in lines if line and not line.startswith("#")]
    assert {"kedro>=1.0", "mlflow>=3.1"} <= set(needed)
    assert message["Requires-Python"] == ">=3.10"


@pytest.mark.slow
def test_the_wheel_runs_elsewhere(
    packaged: Path, example: Path, tmp_path: Path, store_template: Path
) -> None:
    """With a folder of configuration and the data, ``python -m <package>`` runs the pipelines."""
    (wheel,) = packaged.glob("*.whl")
    library = tmp_path / "library"
    shutil.unpack_archive(wheel, library, "zip")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (configuration,) = packaged.glob("conf-*.tar.gz")
    shutil.unpack_archive(configuration, elsewhere, filter="data")
    shutil.copytree(example / "data", elsewhere / "data")
    shutil.copy(store_template, elsewhere / "mlflow.db")
    command = (sys.executable, "-m", "wine_cellar", "--conf-source", elsewhere / "conf")
    run(*command, cwd=elsewhere, env={"PYTHONPATH": str(library)})
    found = only_run(elsewhere)
    assert found.info.status == "FINISHED"
    assert "model.pkl" in files_of(elsewhere, found)


def test_the_wheel_runs_with_the_archive_of_its_configuration(
    packaged: Path, example: Path, tmp_path: Path, store_template: Path
) -> None:
    """Without any project around, store and journal lie in the current folder, which is said."""
    (wheel,) = packaged.glob("*.whl")
    library = tmp_path / "library"
    shutil.unpack_archive(wheel, library, "zip")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(example / "data", elsewhere / "data")
    shutil.copy(store_template, elsewhere / "mlflow.db")
    (configuration,) = packaged.glob("conf-*.tar.gz")
    command = (sys.executable, "-m", "wine_cellar", "--conf-source", configuration)
    environment = {"PYTHONPATH": str(library), "COLUMNS": "1000"}
    done = run(*command, cwd=elsewhere, env=environment)
    found = only_run(elsewhere)
    assert found.info.status == "FINISHED"
    assert "model.pkl" in files_of(elsewhere, found)
    assert f"`mlflow ui --backend-store-uri sqlite:///{elsewhere / 'mlflow.db'}` shows it" in (
        done.stdout
    )
    there = {path.name for path in elsewhere.iterdir()}
    assert there <= {"data", "mlflow.db", "mlflow.db.lock", "mlruns", ".mlflow_on_kedro"}
    offline = run(*command, cwd=elsewhere, env={**environment, "MLFLOW_ON_KEDRO_MODE": "offline"})
    assert f"this run is kept in {elsewhere / '.mlflow_on_kedro' / 'journal'}" in offline.stdout
