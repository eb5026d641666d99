"""registry.py: versions, aliases and promotions of a run's models."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.registration import Promotion, Registration
from mlflow_on_kedro.models import logged_models, versions
from mlflow_on_kedro.models.flavors import find_flavor
from mlflow_on_kedro.models.registry import register_models
from mlflow_on_kedro.tracking import store
from mlflow_on_kedro.utils import session_variables
from sklearn.linear_model import LogisticRegression

CHAMPION = Promotion("champion", "f1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in MLflow's format."""
    path = tmp_path_factory.mktemp("model") / "m"
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    find_flavor("sklearn").save_model(
        model, str(path), pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
    )
    return path


@pytest.fixture
def train(
    client: Any, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Callable[..., Any]:
    """A function: a run with a model for the registry, which is registered; gives the run's id."""
    caplog.set_level(logging.INFO, "mlflow_on_kedro")
    experiment = client.create_experiment("x", (tmp_path / "artifacts").as_uri())

    def made(registration: Registration | None, *, name: str = "model", **metrics: float) -> str:
        run_id = str(client.create_run(experiment).info.run_id)
        for key, value in metrics.items():
            client.log_metric(run_id, key, value)
        tags = {}
        if registration is not None:
            tags[logged_models.REGISTER_TAG] = registration.to_text()
        entry = logged_models.model_entry(folder, name, tags=tags)
        with store.artifacts_at(client.tracking_uri):
            logged_models.log(client, run_id, entry)
        register_models(client, run_id, client.tracking_uri)
        return run_id

    return made


def said(caplog: Any) -> list[str]:
    """What the plugin has logged."""
    return [item.getMessage() for item in caplog.records if item.name.startswith("mlflow_on")]


def test_version(client: Any, train: Callable[..., Any], caplog: Any) -> None:
    """It has the run, the logged model, tags and alias, and is said in one line."""
    run_id = train(Registration("clf", alias="newest", tags={"owner": "me"}))
    version = client.get_model_version_by_alias("clf", "newest")
    (model,) = client.search_logged_models([client.get_run(run_id).info.experiment_id])
    assert (version.run_id, version.source) == (run_id, f"models:/{model.model_id}")
    assert version.tags == {"owner": "me", versions.ALIASES_TAG: versions.ASSIGNED}
    assert said(caplog) == ["The model 'model' is registered as 'clf' version 1; alias 'newest'."]


def test_again_changes_nothing(client: Any, train: Callable[..., Any]) -> None:
    """A second delivery finds the version of the first."""
    run_id = train(Registration("clf", promote=CHAMPION), f1=0.5)
    register_models(client, run_id, client.tracking_uri)
    (version,) = client.search_model_versions("name = 'clf'")
    assert client.get_model_version_by_alias("clf", "champion").version == version.version


def test_models_without_a_registration(client: Any, train: Callable[..., Any]) -> None:
    """Nothing is registered that was not asked for."""
    train(None)
    assert client.search_registered_models() == []


PROMOTIONS = {
    "better": (0.9, True, "alias 'champion': its f1 0.9 is better than 0.5 of version 1"),
    "worse": (0.4, False, "does not get the alias 'champion': its f1 0.4 is not better than 0.5"),
    "equal": (0.5, False, "does not get the alias 'champion': its f1 0.5 is not better than 0.5"),
    "unknown": (
        None,
        False,
        "its run has no metric 'f1' (there: f1_val; did you mean 'f1_val'?)",
    ),
}


@pytest.mark.parametrize("case", PROMOTIONS)
def test_promotion(case: str, client: Any, train: Callable[..., Any], caplog: Any) -> None:
    """The alias goes to the first version, and from it to a better one only; one line says why."""
    train(Registration("clf", promote=CHAMPION), f1=0.5)
    assert "alias 'champion', which no version had (f1 0.5)" in caplog.text
    caplog.clear()
    value, gets_it, why = PROMOTIONS[case]
    train(Registration("clf", promote=CHAMPION), **({"f1": value} if value else {"f1_val": 1.0}))
    holder = client.get_model_version_by_alias("clf", "champion")
    assert str(holder.version) == ("2" if gets_it else "1")
    (message,) = said(caplog)
    assert message.startswith("The model 'model' is registered as 'clf' version 2; ")
    assert why in message
    is_warning = caplog.records[-1].levelno == logging.WARNING
    assert is_warning == (case == "unknown"), "a metric that is not there is a mistake"


def aliases_of(client: Any) -> dict[str, str]:
    """The aliases of the registered model, each with its version."""
    found = client.get_registered_model("clf").aliases
    return {alias: str(version) for alias, version in found.items()}


def test_nan_is_no_reason(client: Any, train: Callable[..., Any], caplog: Any) -> None:
    """A model whose metric is NaN gets no alias, also if nobody has it."""
    train(Registration("clf", promote=CHAMPION), f1=math.nan)
    assert aliases_of(client) == {}
    assert "because its run has f1 NaN" in caplog.text


def test_delivered_late(client: Any, train: Callable[..., Any], caplog: Any) -> None:
    """The model of an earlier run does not take an alias from that of a later one."""
    earlier = train(None)
    train(Registration("clf", alias="newest"))
    (model,) = client.get_run(earlier).outputs.model_outputs
    tag = {logged_models.REGISTER_TAG: Registration("clf", alias="newest").to_text()}
    client.set_logged_model_tags(model.model_id, tag)
    register_models(client, earlier, client.tracking_uri)
    assert aliases_of(client) == {"newest": "1"}
    assert "version 2; it does not get the alias 'newest', which version 1 has" in caplog.text


def test_only_one(client: Any, train: Callable[..., Any]) -> None:
    """What makes one more model of a run leaves the registration of its others alone."""
    run_id = train(Registration("clf", alias="old"))
    train(Registration("clf", alias="newest"))
    register_models(client, run_id, client.tracking_uri, only="another")
    client.set_registered_model_alias("clf", "old", "2")
    register_models(client, run_id, client.tracking_uri, only="another")
    assert aliases_of(client) == {"old": "2", "newest": "2"}


def test_lower_is_better(client: Any, train: Callable[..., Any]) -> None:
    """With `greater_is_better: false` the metric is a loss."""
    promote = Promotion("champion", "loss", greater_is_better=False)
    for loss in (0.5, 0.7, 0.3):
        train(Registration("clf", promote=promote), loss=loss)
    assert str(client.get_model_version_by_alias("clf", "champion").version) == "3"


def test_holder_of_which_nothing_is_known(
    client: Any, train: Callable[..., Any], caplog: Any
) -> None:
    """A version that somebody has registered by hand keeps its alias, and that is said."""
    client.create_registered_model("clf")
    client.create_model_version("clf", "s3://bucket/model", "0" * 32)
    client.set_registered_model_alias("clf", "champion", "1")
    train(Registration("clf", promote=CHAMPION), f1=0.5)
    assert str(client.get_model_version_by_alias("clf", "champion").version) == "1"
    assert "nothing is known of the f1 of version 1, which has it" in caplog.text


def test_metric_under_its_legal_name(client: Any, train: Callable[..., Any]) -> None:
    """A metric is named as the user names it, and found as MLflow has it."""
    train(Registration("clf", promote=Promotion("champion", "f1 (macro)")), **{"f1 _macro_": 1.0})
    assert str(client.get_model_version_by_alias("clf", "champion").version) == "1"


def test_last_of_one_name(client: Any, train: Callable[..., Any], folder: Path) -> None:
    """A model that was saved twice in a run is registered once."""
    run_id = train(None)
    ids = []
    for _ in range(2):
        tags = {logged_models.REGISTER_TAG: Registration("clf").to_text()}
        with store.artifacts_at(client.tracking_uri):
            entry = logged_models.model_entry(folder, "model", tags=tags)
            logged_models.log(client, run_id, entry)
        ids.append(client.get_run(run_id).outputs.model_outputs)
    register_models(client, run_id, client.tracking_uri)
    (version,) = client.search_model_versions("name = 'clf'")
    first = {output.model_id for output in ids[0]}
    (last,) = {output.model_id for output in ids[1]} - first
    assert version.source == f"models:/{last}"


def test_refused_name(train: Callable[..., Any], caplog: Any) -> None:
    """What the registry refuses is said, and the run goes on."""
    train(Registration("clf", alias="v1"))
    assert "The model 'model' is not registered: " in caplog.text
    assert "reserved" in caplog.text


def test_damaged_registration(client: Any, train: Callable[..., Any], caplog: Any) -> None:
    """A tag that somebody has changed is said."""
    run_id = train(None)
    (output,) = client.get_run(run_id).outputs.model_outputs
    client.set_logged_model_tags(output.model_id, {logged_models.REGISTER_TAG: "{}"})
    register_models(client, run_id, client.tracking_uri)
    assert "The model 'model' is not registered: ValueError: not a registration" in caplog.text


def test_registry_elsewhere(
    client: Any,
    store_template: Path,
    train: Callable[..., Any],
    tmp_path: Path,
    client_of: Callable[[str], Any],
) -> None:
    """Versions are made in `tracking.registry_uri`, metrics are those of the tracking server."""
    path = tmp_path / "registry.db"
    shutil.copy(store_template, path)
    uri = f"sqlite:///{path.as_posix()}"
    session_variables.use({}, uri)
    try:
        other = client_of(client.tracking_uri)
        run_id = train(None)
        (output,) = client.get_run(run_id).outputs.model_outputs
        asked = Registration("clf", promote=CHAMPION)
        client.set_logged_model_tags(output.model_id, {logged_models.REGISTER_TAG: asked.to_text()})
        client.log_metric(run_id, "f1", 0.5)
        register_models(other, run_id, other.tracking_uri)
    finally:
        session_variables.use({}, None)
    assert client.search_registered_models() == []
    assert client_of(uri).get_model_version_by_alias("clf", "champion").run_id == run_id


def test_the_logged_model_names_its_version(client: Any, train: Callable[..., Any]) -> None:
    """MLflow's page of models shows it; registering again adds nothing."""
    run_id = train(Registration("clf"))
    register_models(client, run_id, client.tracking_uri)
    (output,) = client.get_run(run_id).outputs.model_outputs
    tags = client.get_logged_model(output.model_id).tags
    assert json.loads(tags["mlflow.modelVersions"]) == [{"name": "clf", "version": "1"}]
