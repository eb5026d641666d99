"""models/source.py: the places that a model can be loaded from, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from mlflow_on_kedro.models import logged_models
from mlflow_on_kedro.models.flavors import find_flavor
from mlflow_on_kedro.models.source import ModelSource
from sklearn.linear_model import LogisticRegression


@pytest.mark.parametrize(
    "uri",
    [
        "models:/m-0123abc",
        "models:/classifier/7",
        "models:/my model@champion",
        "models:/my model/latest",
        "models:/classifier/Production",
        "runs:/abc/model",
    ],
)
def test_what_can_be_loaded(uri: str) -> None:
    """A logged model, a version, an alias, the newest, that of a stage, and a model of a run."""
    assert str(ModelSource.from_args(None, uri)) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "models:/classifier",
        "models:/classifier/newest",
        "models:/classifier/0",
        "models:/a/b/1",
        "runs:/abc",
        "runs:/abc/models/model",
        "file:///etc",
        "s3://bucket/model",
        "../model",
        "",
    ],
)
def test_what_cannot_be_loaded(uri: str) -> None:
    """The message says what can: what is no model is refused."""
    with pytest.raises(DatasetError, match=r"is not one of models:/m-… .* give `run_id`"):
        ModelSource.from_args(None, uri)


def test_one_place() -> None:
    """No source, one source; never two."""
    assert ModelSource.from_args(None, None) is None
    assert str(ModelSource.from_args("abc", None)) == "Run abc"
    with pytest.raises(DatasetError, match="two places"):
        ModelSource.from_args("abc", "models:/m-1")
    with pytest.raises(DatasetError, match="no id of an MLflow run"):
        ModelSource.from_args("../abc", None)


@pytest.fixture
def version(client: Any, store_uri: str, tmp_path: Path) -> Any:
    """A registered model `clf` with version 1, alias `champion`."""
    mlflow.set_tracking_uri(store_uri)  # MLflow's registry looks the model up by it
    experiment = client.create_experiment("x", (tmp_path / "artifacts").as_uri())
    run = client.create_run(experiment)
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    find_flavor("sklearn").save_model(model, str(tmp_path / "m"), pip_requirements=["scikit-learn"])
    logged_models.log(client, run.info.run_id, logged_models.model_entry(tmp_path / "m", "model"))
    (logged,) = client.search_logged_models([experiment])
    client.create_registered_model("clf")
    made = client.create_model_version("clf", f"models:/{logged.model_id}", run.info.run_id)
    client.set_registered_model_alias("clf", "champion", made.version)
    return made


def test_resolving(client: Any, version: Any) -> None:
    """A version and an alias lead to the logged model, a run to its model of the given name."""
    assert ModelSource(uri="models:/clf/1").location(client, "").uri == version.source
    assert ModelSource(uri="models:/clf@champion").location(client, "").uri == version.source
    assert ModelSource(uri=version.source).location(client, "").uri == version.source
    assert ModelSource(run_id="abc").location(client, "model").uri == "runs:/abc/model"


@pytest.mark.filterwarnings("ignore:.*stages.*:FutureWarning")
def test_what_moves(client: Any, version: Any) -> None:
    """An alias, `latest` and a stage are the version that they stand for when it is loaded."""
    for number in range(2, 12):  # a version's number is no text
        client.create_model_version("clf", version.source, version.run_id)
        if number == 3:
            client.transition_model_version_stage("clf", "3", "Staging")
    named = {
        "models:/clf@champion": "models:/clf/1",
        "models:/clf/latest": "models:/clf/11",
        "models:/clf/Latest": "models:/clf/11",
        "models:/clf/staging": "models:/clf/3",
        "models:/clf/1": "models:/clf/1",
        version.source: version.source,
    }
    assert {uri: ModelSource(uri=uri).pinned(client).uri for uri in named} == named
    assert ModelSource(uri="models:/clf/latest").location(client, "").uri == version.source
    assert ModelSource(run_id="abc", step=3).pinned(client) == ModelSource("abc", step=3)
    for uri in ("models:/clf/Archived", "models:/nothing/latest", "models:/clf@nobody"):
        assert not ModelSource(uri=uri).exists(client, "")
    with pytest.raises(MlflowException, match="'clf' has no version in the stage 'archived'"):
        ModelSource(uri="models:/clf/Archived").pinned(client)


def test_version_of_other_tools(client: Any, tmp_path: Path) -> None:
    """A version that was registered from a folder leads to that folder."""
    client.create_registered_model("clf")
    client.create_model_version("clf", (tmp_path / "m").as_uri())
    found = ModelSource(uri="models:/clf/1").location(client, "").uri
    assert found == (tmp_path / "m").as_uri()


def test_existing(client: Any, version: Any) -> None:
    """Without a download it is known what is there."""
    sources = {
        "models:/clf/1": True,
        "models:/clf/2": False,
        "models:/clf@champion": True,
        "models:/clf@other": False,
        "models:/nothing@champion": False,
        version.source: True,
        f"models:/m-{'0' * 32}": False,
    }
    assert {uri: ModelSource(uri=uri).exists(client, "") for uri in sources} == sources
    assert ModelSource(run_id=version.run_id).exists(client, "model")
    assert not ModelSource(run_id=version.run_id).exists(client, "other")
