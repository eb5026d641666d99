"""OwnRun: opening, what it can be told, travelling, and how it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.io import DataCatalog
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.errors import ConfigError, MLflowOnKedroError, ValueTooLongError
from mlflow_on_kedro.mlflow_internals import mlflow_globals
from mlflow_on_kedro.runs import run_dataset
from mlflow_on_kedro.runs.joined_run import JoinedRun
from mlflow_on_kedro.runs.node_calls import fluent
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_dataset import RESERVED_NAME, RunDataset
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

PLUGIN = Path(__file__).parents[3] / "plugin_src"

Opener = Callable[..., OwnRun]


@pytest.fixture
def open_run(store_uri: str, tmp_path: Path) -> Iterator[Opener]:
    """A function that opens a run in the test's own store; its arguments are mlflow.yml's."""
    opened: list[OwnRun] = []

    def open_(**sections: Any) -> OwnRun:
        tracking = {"uri": store_uri, "on_failure": "raise", **sections.pop("tracking", {})}
        config = parse({"tracking": tracking, **sections})
        run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
        assert run is not None
        opened.append(run)
        return run

    yield open_
    for run in opened:
        with contextlib.suppress(MLflowOnKedroError):  # what the test has found already
            run.end("KILLED")


@pytest.fixture(autouse=True)
def _no_other_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No run that another test has left open, and no artifacts in the current folder."""
    monkeypatch.setattr(mlflow_globals, "_saved", mlflow_globals._Saved())
    monkeypatch.chdir(tmp_path)


def unreachable() -> str:
    """A server that is not there, with credentials in its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://me:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def data_of(client: Any, run: OwnRun) -> Any:
    """What MLflow has of a run."""
    return client.get_run(run.run_id).data


class TestOpen:
    """Opening the run of a pipeline."""

    def test_a_new_run(self, open_run: Opener, client: Any, tmp_path: Path) -> None:
        """A new run is in the experiment, with its name, tags, description and folder."""
        run = open_run(
            experiment={"name": "mine"},
            run={"name": "first", "tags": {"team": "wine", "n": 3}, "description": "# About"},
        )
        run.flush()
        found = client.get_run(run.run_id)
        assert client.get_experiment_by_name("mine").experiment_id == found.info.experiment_id
        assert (found.info.run_name, found.info.status) == ("first", "RUNNING")
        tags = found.data.tags
        assert (tags["team"], tags["n"], tags["mlflow.note.content"]) == ("wine", "3", "# About")
        assert found.info.artifact_uri.startswith((tmp_path / "mlruns" / "mine").as_uri())

    def test_the_packages_experiment(self, open_run: Opener, client: Any) -> None:
        """Without a name the experiment has the package's."""
        run = open_run()
        assert client.get_experiment(run.opened.experiment_id).name == "demo"

    def test_tags_of_the_request(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """The request's tags and Kedro's run id are set; the user's own win."""
        config = parse({"tracking": {"uri": store_uri}, "run": {"tags": {"a": "user"}}})
        tags = {"a": "request", "b": "request"}
        request = RunRequest(config=config, root=tmp_path, tags=tags, kedro_run_id="2026-11-23")
        run = OwnRun.open(request)
        assert run is not None
        run.end("FINISHED")
        found = data_of(client, run).tags
        assert (found["a"], found["b"]) == ("user", "request")
        assert found["kedro.run_id"] == "2026-11-23"

    def test_a_deleted_experiment(self, open_run: Opener, client: Any) -> None:
        """A deleted experiment is restored for the run."""
        experiment = open_run().opened.experiment_id
        client.delete_experiment(experiment)
        assert open_run().opened.experiment_id == experiment
        assert client.get_experiment(experiment).lifecycle_stage == "active"

    def test_a_relative_store(self, store_template: Path, tmp_path: Path) -> None:
        """A relative SQLite file counts from the project's root."""
        (tmp_path / "runs.db").write_bytes(store_template.read_bytes())
        config = parse({"tracking": {"uri": "sqlite:///runs.db", "on_failure": "raise"}})
        run = OwnRun.open(RunRequest(config=config, root=tmp_path))
        assert run is not None
        assert run.uri == f"sqlite:///{tmp_path}/runs.db"
        run.end("FINISHED")


class TestContinue:
    """Continuing the run of `run.id`."""

    def test_a_finished_run(self, open_run: Opener, client: Any) -> None:
        """A finished run is running again, keeps what it has, and ends again."""
        first = open_run()
        first.log_param("a", 1)
        first.end("FAILED")
        again = open_run(run={"id": first.run_id})
        assert again.run_id == first.run_id
        assert client.get_run(first.run_id).info.status == "RUNNING"
        again.log_param("b", 2)
        again.end("FINISHED")
        found = client.get_run(first.run_id)
        assert found.data.params == {"a": "1", "b": "2"}
        assert found.info.status == "FINISHED"
        assert len(client.search_runs([first.opened.experiment_id])) == 1

    def test_a_deleted_run(self, open_run: Opener, client: Any) -> None:
        """A deleted run is restored."""
        first = open_run()
        first.end("FINISHED")
        client.delete_run(first.run_id)
        again = open_run(run={"id": first.run_id})
        again.log_param("a", 1)
        again.end("FINISHED")
        assert client.get_run(first.run_id).info.lifecycle_stage == "active"
        assert data_of(client, again).params == {"a": "1"}

    def test_a_changed_param(
        self, open_run: Opener, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A parameter with another value than at first never breaks the run, and is said."""
        first = open_run()
        first.log_param("depth", 3)
        first.end("FINISHED")
        again = open_run(run={"id": first.run_id})
        again.log_param("depth", 4)
        again.log_metric("score", 0.5)
        again.end("FINISHED")
        data = data_of(client, again)
        assert (data.params, data.metrics) == ({"depth": "3"}, {"score": 0.5})
        assert data.tags["param_changed.depth"] == "4"
        assert "'depth' was logged as '3' and now as '4'" in caplog.text

    @pytest.mark.parametrize("run_id", ["0" * 32, "unknown", "no/run", "../x", "ünknown"])
    @pytest.mark.parametrize("on_failure", ["warn", "raise"])
    def test_an_unknown_run(self, open_run: Opener, run_id: str, on_failure: str) -> None:
        """An id that the store has not is a mistake, whatever `on_failure` says."""
        with pytest.raises(ConfigError, match=rf"`run.id` .*{run_id}.*sqlite.*Correct the id"):
            open_run(run={"id": run_id}, tracking={"on_failure": on_failure})


class TestActiveRun:
    """A run that the user's own code has active."""

    def test_used_and_left_open(self, open_run: Opener, store_uri: str, client: Any) -> None:
        """It is used whatever the configuration says, and stays open and active."""
        mlflow.set_tracking_uri(store_uri)
        with mlflow.start_run() as active:
            run = open_run(experiment={"name": "other"}, tracking={"uri": "sqlite:///no.db"})
            assert run.run_id == active.info.run_id
            run.log_param("a", 1)
            run.end("FINISHED")
            assert client.get_run(run.run_id).info.status == "RUNNING"
            current = mlflow.active_run()
            assert current is not None
            assert current.info.run_id == run.run_id
        assert data_of(client, run).params == {"a": "1"}
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert client.get_experiment_by_name("other") is None

    def test_nested(self, open_run: Opener, store_uri: str, client: Any) -> None:
        """With `nested` it becomes the parent of a new run, which ends on its own."""
        mlflow.set_tracking_uri(store_uri)
        with mlflow.start_run() as parent:
            run = open_run(run={"nested": True})
            assert run.run_id != parent.info.run_id
            run.end("FINISHED")
            assert client.get_run(parent.info.run_id).info.status == "RUNNING"
        child = client.get_run(run.run_id)
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.info.status == "FINISHED"

    def test_nested_in_nothing(self, open_run: Opener, client: Any) -> None:
        """With `nested` and no active run it is an ordinary run."""
        run = open_run(run={"nested": True})
        assert "mlflow.parentRunId" not in data_of(client, run).tags

    def test_run_id_wins(self, open_run: Opener, store_uri: str) -> None:
        """A run that is named is continued, also beside an active one."""
        first = open_run()
        first.end("FINISHED")
        mlflow.set_tracking_uri(store_uri)
        with mlflow.start_run():
            assert open_run(run={"id": first.run_id}).run_id == first.run_id


class TestUnreachable:
    """A store that cannot be reached."""

    @pytest.fixture(autouse=True)
    def _no_retries(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    def test_warned(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """One warning names the address without its credentials; nothing is raised."""
        uri = unreachable()
        config = parse({"tracking": {"uri": uri, "timeout": 1.0}})
        run = OwnRun.open(RunRequest(config=config, root=tmp_path))
        run.log_param("a", 1)
        run.end("FINISHED")
        assert run.opened is None
        (record,) = [item for item in caplog.records if item.levelno >= logging.WARNING]
        assert uri.replace("me:hunter2", "***") in record.getMessage()
        assert "hunter2" not in caplog.text

    def test_raised(self, tmp_path: Path) -> None:
        """With `on_failure: raise` it is raised."""
        config = parse({"tracking": {"uri": unreachable(), "on_failure": "raise"}})
        with pytest.raises(Exception, match="refused"):
            OwnRun.open(RunRequest(config=config, root=tmp_path))

    def test_while_running(
        self,
        open_run: Opener,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A store that goes away while the pipeline runs is said once, and nothing is raised."""
        run = open_run(tracking={"on_failure": "warn", "timeout": 3.0})

        def fail(*_: Any, **__: Any) -> None:
            raise ConnectionError("gone")

        for name in ("log_batch", "log_text", "set_terminated"):
            monkeypatch.setattr(mlflow.MlflowClient, name, fail)
        run.log_param("a", 1)
        run.flush()
        run.log_text("text", "a.txt")
        run.end("FINISHED")
        warnings = [item for item in caplog.records if item.levelno >= logging.WARNING]
        assert [item.getMessage().count("cannot be reached") for item in warnings] == [1]


class TestTold:
    """What a run can be told."""

    def test_values(self, open_run: Opener, client: Any) -> None:
        """Values go where the `a` rule says."""
        run = open_run()
        run.log_values("c", {"lr": 0.1, "on": True, "opt": {"name": "adam", "none": {}}})
        run.flush()
        data = data_of(client, run)
        assert data.metrics == {"c.lr": 0.1}
        assert data.params == {"c.on": "True", "c.opt.name": "adam", "c.opt.none": "{}"}

    def test_params(self, open_run: Opener, client: Any) -> None:
        """Parameters are flattened, numbers too."""
        run = open_run()
        run.log_params("", {"lr": 0.1, "model": {"depth": 3, "layers": [1, 2], "x": None}})
        run.log_params("seed", 7)
        run.flush()
        assert data_of(client, run).params == {
            "lr": "0.1",
            "model.depth": "3",
            "model.layers": "[1, 2]",
            "model.x": "None",
            "seed": "7",
        }

    def test_secret_params(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """Parameters that came with the command and look like secrets are left out."""
        request = RunRequest(
            config=parse({"tracking": {"uri": store_uri}}),
            root=tmp_path,
            secret_params=frozenset({"db.token"}),
        )
        run = OwnRun.open(request)
        assert run is not None
        run.log_params("", {"db": {"token": "hunter2", "name": "x"}})
        run.log_values("db", {"token": "hunter2", "size": 3})
        run.end("FINISHED")
        data = data_of(client, run)
        assert (data.params, data.metrics) == ({"db.name": "x"}, {"db.size": 3.0})

    @pytest.mark.parametrize(
        ("flatten", "recursive", "params"),
        [
            (True, True, {"db/name": "x", "db/pool/size": "3", "token": "True"}),
            (True, False, {"db/name": "x", "db/pool": "{'size': 3}", "token": "True"}),
            (False, True, {"db": "{'name': 'x', 'pool': {'size': 3}}", "token": "True"}),
        ],
    )
    def test_secrets_in_dicts(
        self,
        store_uri: str,
        client: Any,
        tmp_path: Path,
        flatten: bool,
        recursive: bool,
        params: dict[str, str],
    ) -> None:
        """Secrets of the command are left out of dicts, too, however those are written."""
        shape = {"flatten": flatten, "recursive": recursive, "separator": "/"}
        secret = frozenset({"db.token", "db.pool.key", "gone.key", "token.key"})
        config = parse({"tracking": {"uri": store_uri}, "params": shape})
        run = OwnRun.open(RunRequest(config=config, root=tmp_path, secret_params=secret))
        hidden = {"token": "hunter2", "pool": {"key": "hunter2", "size": 3}}
        run.log_params("", {"db": {"name": "x", **hidden}, "gone": {"key": "hunter2"}})
        run.log_params("token", True)
        run.end("FINISHED")
        assert data_of(client, run).params == params

    def test_params_by_type(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """Parameters that are logged by type are flattened as the others are."""
        shape = {"recursive": False, "separator": "-"}
        config = parse({"tracking": {"uri": store_uri}, "params": shape})
        run = OwnRun.open(RunRequest(config=config, root=tmp_path))
        run.log_params_by_type("model", {"depth": 3, "more": {"a": 1}})
        run.log_params_by_type("", {"all": {"depth": {"x": 3}}})
        run.end("FINISHED")
        data = data_of(client, run)
        assert data.metrics == {"model-depth": 3}
        assert data.params == {"model-more": "{'a': 1}", "all-depth": "{'x': 3}"}

    def test_metric_points(self, open_run: Opener, client: Any) -> None:
        """Points keep their steps and times; without a time it is now."""
        run = open_run()
        before = time.time()
        run.log_metric("m", 1, step=0)
        run.log_metric("m", 2, step=1, timestamp=1_700_000_000_000)
        run.flush()
        first, second = sorted(client.get_metric_history(run.run_id, "m"), key=lambda x: x.step)
        assert before - 1 < first.timestamp / 1000 < time.time() + 1
        assert (second.value, second.timestamp) == (2, 1_700_000_000_000)

    def test_changed_param(
        self, open_run: Opener, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Of two values of a parameter the first stays, and the later is a tag, and said."""
        run = open_run()
        for value in (3, 3, 4):
            run.log_param("depth", value)
        run.end("FINISHED")
        data = data_of(client, run)
        assert data.params == {"depth": "3"}
        assert data.tags["param_changed.depth"] == "4"
        assert len([item for item in caplog.records if item.levelno >= logging.WARNING]) == 1
        assert "'depth' was logged as '3' and now as '4'" in caplog.text

    def test_changed_param_in_another_process(
        self, open_run: Opener, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The same when the other value came from another process."""
        run = open_run()
        copy = pickle.loads(pickle.dumps(run))  # noqa: S301
        run.log_param("depth", 3)
        run.flush()
        copy.log_param("depth", 4)
        copy.flush()
        data = data_of(client, run)
        assert data.params == {"depth": "3"}
        assert data.tags["param_changed.depth"] == "4"
        assert "'depth' was logged as '3' and now as '4'" in caplog.text

    @pytest.mark.parametrize("first", ["f1 (macro)", "f1 [macro]"])
    def test_keys_that_become_one(
        self, open_run: Opener, client: Any, caplog: pytest.LogCaptureFixture, first: str
    ) -> None:
        """Two keys of one legal form are both kept, whichever comes first, and each is said."""
        keys = sorted({"f1 (macro)", "f1 [macro]"}, key=lambda key: key != first)
        run = open_run()
        for number, key in enumerate([*keys, *keys]):
            run.log_metric(key, number % 2)
            run.log_param(key, number % 2)
            run.set_tag(key, number % 2)
        run.end("FINISHED")
        data = data_of(client, run)
        assert sorted(data.metrics.values()) == [0, 1]
        assert sorted(data.params.values()) == ["0", "1"]
        tags = {key: tag for key, tag in data.tags.items() if key.startswith("f1")}
        assert sorted(tags.values()) == ["0", "1"]
        assert set(data.metrics) == set(data.params) == set(tags)
        assert data.metrics["f1 _macro_"] == 0
        said = [record for record in caplog.records if "MLflow allows no key" in record.msg]
        assert len(said) == 2

    def test_long_values(self, open_run: Opener, client: Any) -> None:
        """The configured way with long values is taken, and a limit given with a value wins."""
        run = open_run(params={"too_long": "artifact", "max_length": 50})
        run.log_param("a", "x" * 60)
        run.log_param("b", "x" * 60, replace(run.config.params, too_long="tag"))
        with pytest.raises(ValueTooLongError, match="'c' is 60"):
            run.log_param("c", "x" * 60, replace(run.config.params, too_long="error"))
        run.flush()
        data = data_of(client, run)
        assert data.params == {"a": "see the artifact params/a.txt"}
        assert data.tags["b"] == "x" * 60
        path = client.download_artifacts(run.run_id, "params/a.txt")
        assert Path(path).read_text() == "x" * 60

    def test_artifacts(self, open_run: Opener, client: Any, tmp_path: Path) -> None:
        """Files, folders, texts and pages are artifacts at their places."""
        (tmp_path / "folder").mkdir()
        file = tmp_path / "folder" / "a.txt"
        file.write_text("a")
        run = open_run()
        run.log_artifact(file)
        run.log_artifact(tmp_path / "folder", "folder")
        run.log_text("text", "notes/b.txt")
        run.log_page("<a href='http://x:y@z'>", "page.html")
        run.flush()
        places = ("a.txt", "folder/a.txt", "notes/b.txt", "page.html")
        texts = [Path(client.download_artifacts(run.run_id, place)).read_text() for place in places]
        assert texts == ["a", "a", "text", "<a href='http://x:y@z'>"]

    def test_few_calls(self, open_run: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """100 params, 300 metrics and 20 tags take one call."""
        run = open_run()
        run.flush()
        calls: list[Any] = []
        monkeypatch.setattr(
            mlflow.MlflowClient, "log_batch", lambda *_, **given: calls.append(given)
        )
        for number in range(100):
            run.log_param(f"p{number}", number)
        for number in range(300):
            run.log_metric(f"m{number}", number)
        for number in range(20):
            run.set_tag(f"t{number}", number)
        run.flush()
        assert [len(given["metrics"]) for given in calls] == [300]


class TestGuard:
    """What goes wrong while something is logged."""

    @pytest.mark.parametrize("error", [RuntimeError("x"), ConnectionError("x"), ValueError("x")])
    def test_warned(
        self, open_run: Opener, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An error is a warning, and the pipeline goes on."""
        run = open_run(tracking={"on_failure": "warn"})
        with run.guard():
            raise error
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_raised(self, open_run: Opener) -> None:
        """With `on_failure: raise` it is raised."""
        run = open_run()
        with pytest.raises(RuntimeError), run.guard():
            raise RuntimeError("x")

    def test_mistakes_of_the_user(self, open_run: Opener) -> None:
        """A mistake in the configuration is raised anyway."""
        run = open_run(tracking={"on_failure": "warn"})
        with pytest.raises(ConfigError), run.guard():
            raise ConfigError("x")


IN_ANOTHER_PROCESS = """
import pickle, sys

run = pickle.load(open(sys.argv[1], "rb"))
assert run.in_worker
run.log_param("there", 2)
run.log_metric("m", 2, step=3)
run.log_artifact(sys.argv[2])
run.settle()
run.end("FAILED")  # not this process's business
"""


class TestTravelling:
    """A run in another process."""

    def test_another_process(self, open_run: Opener, client: Any, tmp_path: Path) -> None:
        """A pickled run logs to the same MLflow run from another process, and does not end it."""
        run = open_run()
        run.log_param("here", 1)
        run.flush()
        (tmp_path / "run.pkl").write_bytes(pickle.dumps(run))
        (tmp_path / "a.txt").write_text("a")
        subprocess.run(
            [
                sys.executable,
                "-c",
                IN_ANOTHER_PROCESS,
                str(tmp_path / "run.pkl"),
                str(tmp_path / "a.txt"),
            ],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            check=True,
        )
        run.flush()
        found = client.get_run(run.run_id)
        assert found.info.status == "RUNNING"
        assert found.data.params == {"here": "1", "there": "2"}
        assert found.data.metrics == {"m": 2.0}
        assert [item.path for item in client.list_artifacts(run.run_id)] == ["a.txt"]

    def test_what_travels(self, open_run: Opener) -> None:
        """A copy has all that hooks ask of a run, and nothing of this process's own."""
        run = open_run(run={"tags": {"a": 1}})
        run.pipeline_info = PipelineInfo(steps={"node": 3})
        run.log_param("a", 1)
        copy = pickle.loads(pickle.dumps(run))  # noqa: S301
        for name in ("uri", "run_id", "opened", "config", "root", "pipeline_info", "name"):
            assert getattr(copy, name) == getattr(run, name)
        assert copy.spans == []
        copy.end("FINISHED")
        assert len(pickle.dumps(run)) < 5000


class TestJoin:
    """Logging to a run of somebody else's."""

    def test_not_ended(self, open_run: Opener, client: Any) -> None:
        """A joined run is logged to and left open."""
        owner = open_run()
        run = JoinedRun.from_id(owner.uri, owner.run_id)
        run.log_param("a", 1)
        run.end("FAILED")
        assert client.get_run(owner.run_id).info.status == "RUNNING"
        assert data_of(client, run).params == {"a": "1"}

    def test_taken_over(self, open_run: Opener, client: Any) -> None:
        """A run that was taken over is ended."""
        owner = open_run()
        JoinedRun.from_id(owner.uri, owner.run_id, owned=True).end("FINISHED")
        assert client.get_run(owner.run_id).info.status == "FINISHED"

    def test_an_unknown_run(self, store_uri: str) -> None:
        """A run that is not there is MLflow's own error."""
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match="not found"):
            JoinedRun.from_id(store_uri, "0" * 32)


class TestEnd:
    """How a run ends."""

    @pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
    def test_status(self, open_run: Opener, client: Any, status: str) -> None:
        """It has the status that it was given, an end, and all that it was told."""
        run = open_run()
        run.log_param("a", 1)
        run.end(status)
        found = client.get_run(run.run_id)
        assert found.info.status == status
        assert found.info.end_time is not None
        assert found.data.params == {"a": "1"}

    def test_once(self, open_run: Opener, client: Any) -> None:
        """The first end counts."""
        run = open_run()
        run.end("FAILED")
        run.end("FINISHED")
        assert client.get_run(run.run_id).info.status == "FAILED"

    @pytest.mark.parametrize("error", [None, ValueError()])
    def test_the_last_to_leave(self, open_run: Opener, client: Any, error: Any) -> None:
        """The last hook to leave ends the run, with what became of the pipeline."""
        run = open_run()
        dataset = RunDataset()
        dataset.run = run
        catalog = DataCatalog({RESERVED_NAME: dataset})
        run_dataset.enter(catalog)
        run_dataset.enter(catalog)
        run_dataset.leave(catalog, error)
        assert client.get_run(run.run_id).info.status == "RUNNING"
        run_dataset.leave(catalog, error)
        assert client.get_run(run.run_id).info.status == ("FAILED" if error else "FINISHED")

    def test_where_to_look_is_said(
        self, open_run: Opener, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The beginning says the run's name and where to look; the end says the status, too."""
        caplog.set_level(logging.INFO, "mlflow_on_kedro")
        run = open_run(run={"name": "first"})
        run.end("FINISHED")
        begin, end = (
            r.getMessage() for r in caplog.records if r.name == "mlflow_on_kedro.runs.run_messages"
        )
        command = f"`mlflow ui --backend-store-uri {run.uri}` shows it."
        assert begin == f"MLflow run first is running; {command}"
        assert end == f"MLflow run first ended as FINISHED; {command}"

    def test_what_was_logged_is_counted(
        self, open_run: Opener, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The end says how much was logged, and what was not, in one line."""
        caplog.set_level(logging.INFO, "mlflow_on_kedro")
        run = open_run()
        for step in range(3):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.log_metric("time/node/train", 1.5)
        run.log_param("depth", 3)
        run.log_text("a,b", "table.csv")
        run.not_logged = "Not logged: frame (DataFrame)."
        run.end("FINISHED")
        assert "Logged 1 metric, 1 param, 1 artifact. Not logged: frame (DataFrame)." in (
            record.getMessage() for record in caplog.records
        )

    def test_a_failing_delivery(
        self, open_run: Opener, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With `on_failure: raise` a run whose last delivery fails is FAILED, never RUNNING."""
        run = open_run()
        fluent.attach(run)
        fluent.detach(run)

        log_batch = mlflow.MlflowClient.log_batch

        def fail_once(*_: Any, **__: Any) -> None:
            monkeypatch.setattr(mlflow.MlflowClient, "log_batch", log_batch)
            raise ConnectionError("gone")

        run.flush()
        monkeypatch.setattr(mlflow.MlflowClient, "log_batch", fail_once)
        run.log_param("a", 1)
        with pytest.raises(MLflowOnKedroError, match="gone"):
            run.end("FINISHED")
        assert client.get_run(run.run_id).info.status == "FAILED"
        assert "MLFLOW_TRACKING_URI" not in os.environ

    def test_the_tracking_uri_is_put_back(self, open_run: Opener) -> None:
        """MLflow's tracking URI is after the run what it was before."""
        before = mlflow.get_tracking_uri()
        for uri in (None, "http://mine:5000"):
            mlflow.set_tracking_uri(uri)  # type: ignore[arg-type]
            run = open_run()
            with fluent.attached(run):
                assert mlflow.get_tracking_uri() == run.uri
            run.end("FINISHED")
            assert mlflow.get_tracking_uri() == (uri or before)
            assert os.environ.get("MLFLOW_TRACKING_URI") == uri


AT_EXIT = """
import os, signal, sys, time
from pathlib import Path
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.runs.joined_run import JoinedRun
from mlflow_on_kedro.runs.own_run import OwnRun

config = parse({{"tracking": {{"uri": sys.argv[1], "on_failure": "raise"}}}})
run = OwnRun.open(RunRequest(config=config, root=Path(sys.argv[2])))
run.log_param("a", 1)
print(run.run_id, flush=True)
{ending}
"""


@pytest.mark.parametrize("ending", ["sys.exit(3)", "time.sleep(60)", "raise RuntimeError"])
def test_killed(ending: str, store_uri: str, client: Any, tmp_path: Path) -> None:
    """A run that its process leaves behind, by an exit or Ctrl-C, is KILLED and complete."""
    script = textwrap.dedent(AT_EXIT).format(ending=ending)
    process = subprocess.Popen(
        [sys.executable, "-c", script, store_uri, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    if "sleep" in ending:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    found = client.get_run(run_id)
    assert found.info.status == "KILLED"
    assert found.data.params == {"a": "1"}


def test_defaults(client: Any, store_uri: str) -> None:
    """A joined run has a configuration, a plan and a root of its own."""
    run_id = client.create_run("0").info.run_id
    run = JoinedRun.from_id(store_uri, run_id)
    assert (run.config, run.pipeline_info, run.root) == (Config(), PipelineInfo(), Path.cwd())
    assert not run.in_worker
