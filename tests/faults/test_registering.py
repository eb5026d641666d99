"""Models are registered once, whatever becomes of the requests, and take nobody's alias away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro import MLflowOnKedroError
from mlflow_on_kedro.config.registration import Promotion, Registration
from mlflow_on_kedro.journal.entries import Model
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.models import logged_models
from mlflow_on_kedro.models.pending_registrations import pending_registrations
from mlflow_on_kedro.models.registry import register, register_models
from mlflow_on_kedro.tracking import store
from mlflow_on_kedro.tracking.opening import end_run, open_run

from .gateway import Gateway, Rule
from .project import PLUGIN
from .server import Server
from .trained import run_with_model

CREATE = "POST .*/model-versions/create"
ALIAS = "POST .*/registered-models/alias"
SCRIPT = Path(__file__).with_name("registering.py")


@pytest.fixture
def train(
    server: Server, model_folder: Path, request: pytest.FixtureRequest
) -> Callable[..., SimpleNamespace]:
    """A function: a run with a model that is to be registered under the test's own name."""
    named = request.node.name.replace("/", "_").replace(":", "_")

    def made(*, registered: str = named, **asked: Any) -> SimpleNamespace:
        client, run_id = run_with_model(server.uri, model_folder, registered, **asked)
        return SimpleNamespace(run_id=run_id, registered=registered, client=client)

    return made


def log(client: Any, run_id: str, entry: Model, **words: Any) -> None:
    """Make a logged model of an entry, with files at the client's own server."""
    with store.artifacts_at(client.tracking_uri):
        logged_models.log(client, run_id, entry, **words)


def versions(trained: SimpleNamespace) -> list[str]:
    """The versions that a run has made."""
    found = trained.client.search_model_versions(f"run_id = '{trained.run_id}'")
    return sorted(str(version.version) for version in found)


def aliases(trained: SimpleNamespace) -> dict[str, str]:
    """The aliases of the run's registered model."""
    found = trained.client.get_registered_model(trained.registered).aliases
    return {alias: str(version) for alias, version in found.items()}


@pytest.mark.parametrize("when", ["before", "after"])
def test_slower_than_the_timeout(
    when: str, train: Callable[..., Any], gate: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes after 3 s, when a request would be given up after 1 s: one version."""
    trained = train(alias="newest")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    gate.rules.append(Rule(CREATE, **{when: 3.0}))
    register_models(store.connect(gate.uri), trained.run_id, gate.uri)
    assert gate.count(CREATE) == 1
    assert versions(trained) == ["1"]
    assert aliases(trained) == {"newest": "1"}
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"


@pytest.mark.parametrize("rule", [{"loses": True}, {"status": 504}], ids=["lost", "504"])
def test_without_an_answer(rule: dict[str, Any], train: Callable[..., Any], gate: Gateway) -> None:
    """The next call finds the version that was made, or makes it; MLflow's client does not."""
    trained = train(alias="newest")
    gate.rules.append(Rule(CREATE, **rule, times=1))
    client = store.connect(gate.uri)
    with pytest.raises(mlflow.MlflowException):
        register_models(client, trained.run_id, gate.uri)
    assert gate.count(CREATE) == 1
    register_models(client, trained.run_id, gate.uri)
    assert versions(trained) == ["1"]
    assert aliases(trained) == {"newest": "1"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed(when: str, train: Callable[..., Any], gate: Gateway) -> None:
    """A process that waits for the answer is killed; the next makes no second version."""
    trained = train(promote=Promotion("champion", "f1"))
    gate.rules.append(Rule(CREATE, **{when: 4.0}))
    env = {**os.environ, "PYTHONPATH": str(PLUGIN)}
    process = subprocess.Popen([sys.executable, str(SCRIPT), gate.uri, trained.run_id], env=env)
    try:
        gate.wait_for(CREATE)
    finally:
        process.kill()
        process.wait()
    register_models(store.connect(gate.uri), trained.run_id, gate.uri)
    assert len(versions(trained)) == 1
    assert aliases(trained) == {"champion": versions(trained)[0]}


def test_a_twin_with_an_alias(train: Callable[..., Any], server: Server) -> None:
    """Of twins that stays to which a user has given an alias; another run's version stays."""
    other = train()
    register_models(other.client, other.run_id, server.uri)
    trained = train()
    register_models(other.client, trained.run_id, server.uri)
    (first,) = trained.client.search_model_versions(f"run_id = '{trained.run_id}'")
    for _ in range(2):
        trained.client.create_model_version(
            first.name, first.source, trained.run_id, model_id=first.source.removeprefix("models:/")
        )
    trained.client.set_registered_model_alias(first.name, "mine", "3")
    register_models(trained.client, trained.run_id, server.uri)
    assert versions(trained) == ["3"]
    assert versions(other) == ["1"]
    assert aliases(trained) == {"mine": "3"}


@pytest.mark.parametrize("moved_to", ["1", "2", None])
def test_an_alias_that_was_moved(
    moved_to: str | None, train: Callable[..., Any], gate: Gateway, server: Server
) -> None:
    """What a user has moved while the registration waited is not taken back, nor later."""
    for _ in range(2):
        earlier = train(alias="newest")
        register_models(earlier.client, earlier.run_id, server.uri)
    trained = train(alias="newest", promote=Promotion("champion", "f1"))
    gate.rules.append(Rule(ALIAS, status=500))
    client = store.connect(gate.uri)
    with pytest.raises(mlflow.MlflowException):
        register_models(client, trained.run_id, gate.uri)
    gate.rules.clear()
    if moved_to == "2":  # where it was
        register_models(client, trained.run_id, gate.uri)
        assert aliases(trained)["newest"] == "3"
        client.set_registered_model_alias(trained.registered, "newest", "2")
    elif moved_to is not None:
        client.set_registered_model_alias(trained.registered, "newest", moved_to)
    else:
        client.delete_registered_model_alias(trained.registered, "newest")
    register_models(client, trained.run_id, gate.uri)
    assert aliases(trained).get("newest") == moved_to
    assert aliases(trained)["champion"] == "3"


def test_a_forbidden_model(
    train: Callable[..., Any], gate: Gateway, model_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that the user may not change is named; the others of the run are registered."""
    trained = train(name="closed", registered="closed_model")
    text = Registration("open_model").to_text()
    entry = logged_models.model_entry(model_folder, "open", tags={logged_models.REGISTER_TAG: text})
    log(trained.client, trained.run_id, entry)
    gate.rules.append(Rule("model-versions/create", status=403, body="closed_model"))
    client = store.connect(gate.uri)
    register_models(client, trained.run_id, gate.uri)
    made = trained.client.search_model_versions(f"run_id = '{trained.run_id}'")
    assert {version.name for version in made} == {"open_model"}
    (message,) = [text for text in caplog.messages if "is not registered" in text]
    assert message.startswith("The model 'closed' is not registered: ")
    assert "403" in message
    with pytest.raises(MLflowOnKedroError, match=r"'closed' is not registered: .*403"):
        register_models(client, trained.run_id, gate.uri, raising=True)
    closed, opened = sorted(
        pending_registrations(client, trained.run_id), key=lambda item: item.name
    )
    assert (closed.name, opened.name) == ("closed", "open")
    register(client, gate.uri, opened)
    with pytest.raises(mlflow.MlflowException, match="403"):
        register(client, gate.uri, closed)


def test_few_requests(train: Callable[..., Any], gate: Gateway) -> None:
    """What a version with an alias and a promotion takes where the model is known."""
    earlier = train(alias="newest", promote=Promotion("champion", "f1"))
    register_models(store.connect(gate.uri), earlier.run_id, gate.uri)
    trained = train(alias="newest", promote=Promotion("champion", "f1"))
    gate.seen.clear()
    register_models(store.connect(gate.uri), trained.run_id, gate.uri, again=False)
    assert len(gate.seen) <= 15, "\n".join(gate.seen)


class TestLoggedModels:
    """An entry becomes one logged model."""

    @pytest.mark.parametrize(
        "rule",
        [{"loses": True}, {"after": 1.5}, {"before": 1.5}, {"status": 502}],
        ids=["lost", "late", "held", "502"],
    )
    def test_once(
        self,
        rule: dict[str, Any],
        server: Server,
        gate: Gateway,
        model_folder: Path,
        monkeypatch: Any,
    ) -> None:
        """Whatever becomes of the request that creates it."""
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        client = store.connect(server.uri)
        experiment = client.create_experiment(f"logged {new_id()}")
        run_id = client.create_run(experiment).info.run_id
        entry = logged_models.model_entry(model_folder, "model")
        gate.rules.append(Rule("POST .*/mlflow/logged-models$", **rule, times=1))
        for _ in range(2):
            try:
                log(store.connect(gate.uri), run_id, entry, again=False)
            except mlflow.MlflowException:
                continue
        (model,) = client.search_logged_models([experiment])
        assert model.status.name == "READY"

    def test_a_twin(self, server: Server, model_folder: Path) -> None:
        """Of twins that stays which has its files."""
        client = store.connect(server.uri)
        experiment = client.create_experiment(f"twins {new_id()}")
        run_id = client.create_run(experiment).info.run_id
        entry = logged_models.model_entry(model_folder, "model")
        log(client, run_id, entry)
        (model,) = client.search_logged_models([experiment])
        client.create_logged_model(
            experiment, name="model", source_run_id=run_id, tags=dict(model.tags)
        )
        log(client, run_id, entry)
        (left,) = client.search_logged_models([experiment])
        assert left.model_id == model.model_id

    def test_a_folder_without_a_model(self, server: Server, tmp_path: Path) -> None:
        """An entry whose files are gone is refused before anything is created."""
        client = store.connect(server.uri)
        experiment = client.create_experiment(f"damaged {new_id()}")
        run_id = client.create_run(experiment).info.run_id
        (tmp_path / "model.pkl").write_bytes(b"")
        for path in (tmp_path, tmp_path / "gone"):
            entry = Model(str(path), "model", logged_models.model_entry(path, "model").about)
            with pytest.raises(ValueError, match="MLmodel is missing"):
                log(client, run_id, entry)
        assert client.search_logged_models([experiment]) == []


class TestRuns:
    """A journal becomes one run."""

    def header(self) -> Header:
        """What is asked for."""
        return Header(journal=new_id(), experiment="once", start_ms=5, root="/")

    def test_no_request_more(self, gate: Gateway, tmp_path: Path) -> None:
        """A run whose creation was answered is ended without a search."""
        client, header = store.connect(gate.uri), self.header()
        opened = open_run(client, header, gate.uri, tmp_path)
        end_run(client, header, opened, "FINISHED", 9)
        assert gate.count("runs/search") == 0

    @pytest.mark.parametrize(
        "rule",
        [{"loses": True}, {"after": 1.5}, {"before": 1.5}, {"status": 503}],
        ids=["lost", "late", "held", "503"],
    )
    def test_once(
        self, rule: dict[str, Any], gate: Gateway, tmp_path: Path, monkeypatch: Any
    ) -> None:
        """A run that is created twice is there once when it ends."""
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        client, header = store.connect(gate.uri), self.header()
        gate.rules.append(Rule("runs/create", **rule, times=1))
        with pytest.raises(mlflow.MlflowException):
            open_run(client, header, gate.uri, tmp_path)
        assert gate.count("runs/create") == 1
        opened = open_run(client, header, gate.uri, tmp_path)
        if "before" in rule:
            time.sleep(1.5)  # until the first request has arrived
        end_run(client, header, opened, "FINISHED", 9)
        tag = f"tags.`mlflow.kedro.journal` = '{header.journal}'"
        (run,) = client.search_runs([opened.experiment_id], tag)
        assert (run.info.run_id, run.info.status) == (opened.run_id, "FINISHED")
