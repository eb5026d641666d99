"""What the tests share: a place to run the project without touching its data or its MLflow store."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from mlflow.entities import Run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Choose one MLflow store for all tests: it takes seconds to create."""
    return f"sqlite:///{(tmp_path_factory.mktemp('store') / 'mlflow.db').as_posix()}"


@pytest.fixture
def session(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KedroSession]:
    """Open a session in a copy of the project's configuration and raw data."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copytree(ROOT / "data" / "01_raw", tmp_path / "data" / "01_raw")
{%- if cookiecutter.__example == "llm" %}
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
{%- endif %}
    # Whatever conf/base says, tests log into their own store, and fail when that fails.
    local = tmp_path / "conf" / "local" / "mlflow.yml"
    local.parent.mkdir(exist_ok=True)
    tracking = {"uri": store, "on_failure": "raise"}
    local.write_text(json.dumps({"tracking": tracking}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    bootstrap_project(ROOT)
    with KedroSession.create(tmp_path) as session:
        yield session


@pytest.fixture
def client(store: str) -> MlflowClient:
    """Look into the store."""
    return MlflowClient(store)


@pytest.fixture
def last_run(client: MlflowClient) -> Callable[[], Run]:
    """Get the newest run in the store."""

    def get() -> Run:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return client.search_runs(experiments, max_results=1)[0]

    return get
