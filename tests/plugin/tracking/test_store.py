"""Where runs are kept: SQLite stores opened by several processes, experiments, artifacts."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.tracking import store
from mlflow_on_kedro.utils import locks

PLUGIN = Path(__file__).parents[3] / "plugin_src"


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


class TestSqlitePath:
    """The file of a SQLite URI."""

    @pytest.mark.parametrize(
        ("uri", "path"),
        [
            ("sqlite:////abs/runs.db", Path("/abs/runs.db")),
            ("sqlite:///runs.db?timeout=5", Path("runs.db")),
            ("sqlite:///:memory:", None),
            ("sqlite://", None),
            ("http://localhost", None),
            ("postgresql:///db", None),
        ],
    )
    def test_path(self, uri: str, path: Path | None) -> None:
        """Only URIs of SQLite files have one."""
        assert store.sqlite_path(uri) == path


# The children share the parent's import of mlflow, and nothing else: no store is open yet.
OPEN = """
import os, sys
from pathlib import Path
import mlflow, mlflow.store.tracking.sqlalchemy_store
from mlflow_on_kedro.tracking import experiments; from mlflow_on_kedro.tracking import store

uri, root, count = sys.argv[1:]


def work():
    client = store.connect(uri)
    location = store.resolve_artifact_location(None, uri, "demo", Path(root))
    experiment = experiments.experiment_id(client, "demo", location)
    run = client.create_run(experiment)
    client.log_metric(run.info.run_id, "m", 1.0)
    client.log_text(run.info.run_id, "text", "note.txt")
    client.set_terminated(run.info.run_id)


start, children = os.pipe(), []
for _ in range(int(count)):
    child = os.fork()
    if child == 0:
        os.close(start[1])
        os.read(start[0], 1)  # until the parent has made all of them
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    children.append(child)
os.close(start[1])
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


class TestConnect:
    """Clients, and the first use of a store."""

    @pytest.mark.parametrize("count", [pytest.param(2, marks=pytest.mark.slow), 6])
    def test_processes_at_once_on_a_new_store(self, tmp_path: Path, count: int) -> None:
        """Processes that open a new SQLite store at once all succeed, in one experiment."""
        from mlflow import MlflowClient

        uri = f"sqlite:///{tmp_path}/new/folder/mlflow.db"
        done = subprocess.run(
            [sys.executable, "-c", OPEN, uri, str(tmp_path), str(count)],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        client = MlflowClient(uri)
        runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
        assert [run.data.metrics for run in runs] == [{"m": 1.0}] * count
        assert all(run.info.status == "FINISHED" for run in runs)
        assert all(f"{tmp_path}/mlruns/demo" in run.info.artifact_uri for run in runs)

    def test_a_missing_folder_is_made(self, tmp_path: Path) -> None:
        """The folder of a SQLite file is made."""
        path = tmp_path / "a" / "b" / "mlflow.db"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "_client", lambda _: _Client())
            store.connect(f"sqlite:///{path}")
        assert path.parent.is_dir()

    def test_creation_is_said(
        self,
        tmp_path: Path,
        store_uri: str,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """That a store is created is in the log, because it takes seconds; later uses are not."""
        monkeypatch.setattr(store, "_client", lambda _: _Client())
        caplog.set_level(logging.DEBUG, "mlflow_on_kedro")
        store.connect(store_uri)
        assert caplog.text == ""
        store.connect(f"sqlite:///{tmp_path}/new.db")
        assert f"Creating the MLflow store {tmp_path}/new.db" in caplog.text

    def test_the_first_call_is_made_under_the_lock(
        self, store_uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The store is opened while no other process can."""
        path = store.sqlite_path(store_uri)
        assert path is not None
        lock = path.with_name("mlflow.db.lock")
        entered: list[str] = []

        def second() -> None:
            with locks.locked(lock):
                entered.append("second")

        thread = threading.Thread(target=second)

        class Client:
            def search_experiments(self, **_: Any) -> None:
                thread.start()
                thread.join(0.3)
                entered.append("first")

        monkeypatch.setattr(store, "_client", lambda _: Client())
        store.connect(store_uri)
        thread.join(10)
        assert entered == ["first", "second"]

    def test_a_lock_ends_with_its_process(self, tmp_path: Path) -> None:
        """A process that was killed while it held the lock leaves it free."""
        code = (
            "import os, sys\nfrom pathlib import Path\n"
            "from mlflow_on_kedro.utils.locks import locked\n"
            "with locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
        )
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "lock")],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            check=False,
        )
        entered = False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(locks, "LOCK_SECONDS", 1)
            with locks.locked(tmp_path / "lock"):
                entered = True
        assert entered

    def test_other_stores_are_not_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client for a server is made without a call to it and without a lock."""
        monkeypatch.setattr(store, "locked", None)
        assert store.connect("http://127.0.0.1:9").tracking_uri == "http://127.0.0.1:9"


class _Client:
    def search_experiments(self, **_: Any) -> None:
        """Find nothing."""


class TestExperiment:
    """Its name."""

    def test_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is given wins over MLFLOW_EXPERIMENT_NAME, and that over the package."""
        assert store.resolve_experiment(None, None) == "Default"
        assert store.resolve_experiment(None, "package") == "package"
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "env")
        assert store.resolve_experiment(None, "package") == "env"
        assert store.resolve_experiment("given", "package") == "given"


class TestArtifactLocation:
    """Where an experiment that is created keeps its artifacts."""

    @pytest.mark.parametrize("given", [None, ""])
    def test_beside_sqlite(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
    ) -> None:
        """Beside a SQLite store it is a folder of the project, not of the current folder."""
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        location = store.resolve_artifact_location(given, "sqlite:////a/b.db", "demo", tmp_path)
        assert location == (tmp_path / "mlruns" / "demo").as_uri()

    @pytest.mark.parametrize("name", ["a/b", "../up", "with space", "東京", "?", "a:b"])
    def test_any_name_stays_in_the_folder(self, tmp_path: Path, name: str) -> None:
        """Whatever the experiment's name, its folder is directly below mlruns."""
        location = store.resolve_artifact_location(None, "sqlite:////a/b.db", name, tmp_path)
        assert location is not None
        prefix = (tmp_path / "mlruns").as_uri() + "/"
        assert location.startswith(prefix)
        assert set(location.removeprefix(prefix)).isdisjoint("/. ")

    def test_of_a_server(self, tmp_path: Path) -> None:
        """A server decides for itself."""
        assert store.resolve_artifact_location(None, "http://host", "demo", tmp_path) is None

    @pytest.mark.parametrize(
        "location", ["s3://bucket/x", "file:///abs/x", "dbfs:/x", "mlflow-artifacts:/x"]
    )
    def test_uris_stay(self, tmp_path: Path, location: str) -> None:
        """A URI is used as it is."""
        found = store.resolve_artifact_location(location, "http://host", "demo", tmp_path)
        assert found == location

    @pytest.mark.parametrize("location", ["artifacts/here", "./artifacts/here"])
    def test_a_path(self, tmp_path: Path, location: str) -> None:
        """A relative path counts from the project's root."""
        found = store.resolve_artifact_location(location, "sqlite:////a.db", "demo", tmp_path)
        assert found == (tmp_path / "artifacts" / "here").as_uri()


class TestRunUrl:
    """Where to look at a run."""

    def test_of_a_server(self) -> None:
        """The page shows runs in a fresh browser, and has no credentials."""
        url = store.run_url("https://me:pw@host/mlflow/", "3", "abc")
        assert url == (
            "https://***@host/mlflow/#/experiments/3/runs/abc?workflowType=machine_learning"
        )

    def test_of_a_file(self) -> None:
        """A store that is no server has no page."""
        assert store.run_url("sqlite:///mlflow.db", "3", "abc") is None


def test_the_lock_is_a_file_of_its_own(store_uri: str) -> None:
    """The lock is beside the store and leaves the store's own file as it was."""
    import sqlite3

    path = store.sqlite_path(store_uri)
    assert path is not None
    before = path.read_bytes()
    with locks.locked(path.with_name("mlflow.db.lock")), closing(sqlite3.connect(path)) as open_:
        open_.execute("SELECT count(*) FROM runs").fetchone()
    assert path.read_bytes() == before
