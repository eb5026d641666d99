"""What nodes log with MLflow offline: it is the run's, once the journal is delivered."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery.backlog import find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.journal.folder import OWN
from mlflow_on_kedro.mlflow_internals import run_stack
from mlflow_on_kedro.runs.node_calls import child_runs, fluent, placeholder_run
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

Delivered = Callable[[], Any]
LARGEST = 10_000
"""`tracking.max_copy` of these runs, in bytes."""


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Iterator[OwnRun]:
    """A run that is offline."""
    config = parse({"tracking": {"uri": store_uri, "mode": "offline", "max_copy": LARGEST}})
    opened = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    yield opened
    opened.end("FINISHED")


@pytest.fixture
def delivered(run: OwnRun, store_uri: str, tmp_path: Path, client: Any) -> Delivered:
    """A function that ends the run, delivers it and gives what MLflow then has."""

    def deliver_() -> Any:
        run.end("FINISHED")
        (journal,) = find(tmp_path)
        opened = deliver(journal, Connection(store_uri), tmp_path).opened
        assert not journal.folder.exists()
        assert opened is not None
        return client.get_run(opened.run_id)

    return deliver_


def files(client: Any, run: Any) -> set[str]:
    """The artifacts at the top of a run."""
    return {item.path for item in client.list_artifacts(run.info.run_id)}


def children(client: Any, run: Any) -> list[Any]:
    """The runs below a run."""
    tag = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    return list(client.search_runs([run.info.experiment_id], filter_string=tag))


class TestValues:
    """Values of the pipeline's run."""

    def test_asynchronous_calls(self, run: OwnRun, delivered: Delivered) -> None:
        """What is logged asynchronously is in the journal at once, and can be waited for."""
        with fluent.attached(run):
            operation = mlflow.log_metric("m", 1, synchronous=False)
            assert operation is not None
            operation.wait()
            mlflow.log_params({"p": 1}, synchronous=False)
            mlflow.flush_async_logging()
        found = delivered().data
        assert (found.metrics["m"], found.params["p"]) == (1, "1")

    def test_what_cannot_be_done(self, run: OwnRun, delivered: Delivered, said: list[str]) -> None:
        """A write that the journal has no entry for warns once; a question is an error."""
        with fluent.attached(run):
            client = mlflow.MlflowClient()
            for _ in range(2):
                client.delete_tag(run.journal_id, "t")
            with pytest.raises(MlflowException, match="cannot be asked now"):
                client.search_runs(["0"])
        assert [("`delete_tag`" in message) for message in said] == [True]
        delivered()

    def test_ending_the_run(self, run: OwnRun, delivered: Delivered) -> None:
        """The pipeline's run ends with the pipeline, whatever a node says; its name is taken."""
        with fluent.attached(run):
            active = mlflow.active_run()
            assert active is not None
            client = mlflow.MlflowClient()
            client.set_terminated(active.info.run_id, "FAILED")
            client.update_run(active.info.run_id, name="renamed")
        found = delivered().info
        assert (found.status, found.run_name) == ("FINISHED", "renamed")


class TestOutsideOfNodes:
    """What hooks log, and threads that a node starts."""

    def test_all_kinds(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """Values, files, models and nested runs are delivered, also of a thread that has ended."""
        from sklearn.linear_model import LinearRegression

        def log(name: str) -> None:
            mlflow.log_metric(name, 1)
            mlflow.log_text("text", f"{name}.txt")
            model = LinearRegression().fit([[1], [2]], [2, 4])
            mlflow.sklearn.log_model(model, name=name, pip_requirements=[])
            mlflow.start_run(run_name=name)
            mlflow.log_metric("inner", 1)

        with fluent.attached(run):
            thread = Thread(target=log, args=("thread",))
            thread.start()
            thread.join()
        log("hook")
        found = delivered()
        assert found.data.metrics.keys() == {"thread", "hook"}
        assert {"thread.txt", "hook.txt"} <= files(client, found)
        assert len(found.outputs.model_outputs) == 2
        below = children(client, found)
        assert {child.info.run_name for child in below} == {"thread", "hook"}
        assert [child.info.status for child in below] == ["FINISHED"] * 2
        assert all(child.data.metrics == {"inner": 1} for child in below)


class TestFiles:
    """Artifacts wait in the journal's own folder until the node ends."""

    def test_collected_with_the_node(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """What a node logs is an entry when it ends, and its folder is gone."""
        with fluent.attached(run):
            mlflow.log_text("text", "note.txt")
            place = placeholder_run.artifact_folder(run)
            assert (place / "note.txt").exists()
        assert not place.exists()
        assert files(client, delivered()) == {"note.txt"}

    def test_of_a_node_that_was_killed(
        self, run: OwnRun, delivered: Delivered, client: Any
    ) -> None:
        """What a killed node has left is delivered all the same."""
        fluent.attach(run)
        mlflow.log_text("text", "note.txt")
        run_stack.stack().clear()
        assert run.journal is not None
        assert list((run.journal.folder / OWN).rglob("note.txt")) != []
        assert files(client, delivered()) == {"note.txt"}

    @pytest.mark.parametrize("nested", [False, True])
    def test_large_ones(
        self, run: OwnRun, client: Any, store_uri: str, tmp_path: Path, nested: bool
    ) -> None:
        """What is larger than `tracking.max_copy` is sent from where it lies; the rest is copied.

        That a node's files are too large together is no matter: the journal has copies of them.
        """
        sizes = {"large": LARGEST + 1, "one": LARGEST, "two": LARGEST}
        for name, size in sizes.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_bytes(b"x" * size)
        below: Any = mlflow.start_run if nested else contextlib.nullcontext
        with fluent.attached(run), below(**{"nested": True} if nested else {}):
            mlflow.log_artifact(str(tmp_path / "large" / "file"), "a")
            mlflow.log_artifacts(str(tmp_path / "large"), "b")
            for name in ("one", "two"):
                mlflow.log_artifacts(str(tmp_path / name), name)
        assert run.journal is not None
        kept = [path for path in run.journal.folder.rglob("file") if path.is_file()]
        assert sorted(path.parent.name for path in kept) == ["one", "two"]
        run.end("FINISHED")
        (journal,) = find(tmp_path)
        opened = deliver(journal, Connection(store_uri), tmp_path).opened
        assert opened is not None
        found = client.get_run(opened.run_id)
        of = children(client, found)[0] if nested else found
        for name in ("a", "b", "one", "two"):
            (item,) = client.list_artifacts(of.info.run_id, name)
            assert item.file_size == (LARGEST + 1 if name in "ab" else LARGEST)
        assert not journal.folder.exists()

    def test_a_large_one_that_was_removed(self, run: OwnRun, tmp_path: Path) -> None:
        """It is refused in the words for the plugin's own artifacts."""
        (tmp_path / "large").write_bytes(b"x" * (LARGEST + 1))
        with fluent.attached(run):
            mlflow.log_artifact(str(tmp_path / "large"))
        (tmp_path / "large").unlink()
        run.end("FINISHED")
        (journal,) = find(tmp_path)
        deliver(journal, Connection(run.uri), tmp_path)
        (refused,) = journal.set_aside
        assert "large is not there any more" in refused.reason


class TestChildren:
    """Runs that a node begins."""

    def test_a_child(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """It has its own values, files, name and end, and the pipeline's run as its parent."""
        with fluent.attached(run):
            with mlflow.start_run(nested=True, run_name="inner", tags={"a": "b"}):
                mlflow.log_metric("m", 1)
                mlflow.log_text("text", "note.txt")
            mlflow.log_metric("outer", 1)
        parent = delivered()
        (child,) = children(client, parent)
        assert (child.info.status, child.info.run_name) == ("FINISHED", "inner")
        assert (child.data.metrics, child.data.tags["a"]) == ({"m": 1}, "b")
        assert files(client, child) == {"note.txt"}
        assert "m" not in parent.data.metrics

    def test_one_that_fails(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """It is FAILED; the run's own end does not depend on it."""
        with (
            fluent.attached(run),
            pytest.raises(ValueError, match="no"),
            mlflow.start_run(nested=True),
        ):
            raise ValueError("no")
        (child,) = children(client, delivered())
        assert child.info.status == "FAILED"

    def test_one_that_is_left_open(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """It ends with the node."""
        fluent.attach(run)
        mlflow.start_run(nested=True)
        fluent.detach(run)
        assert run_stack.stack() == []
        (child,) = children(client, delivered())
        assert child.info.status == "FINISHED"

    def test_one_of_a_killed_process(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """It is KILLED, as the pipeline's own run would be."""
        fluent.attach(run)
        mlflow.start_run(nested=True)
        mlflow.log_metric("m", 1)
        run_stack.stack().clear()
        (child,) = children(client, delivered())
        assert (child.info.status, child.data.metrics) == ("KILLED", {"m": 1})

    def test_in_an_experiment_of_its_own(
        self, run: OwnRun, delivered: Delivered, client: Any
    ) -> None:
        """A run that a node begins in an experiment that it names is delivered there."""
        with fluent.attached(run):
            own = mlflow.MlflowClient()
            known = own.get_experiment_by_name("other")
            assert known is not None
            begun = own.create_run(known.experiment_id, run_name="elsewhere")
            own.log_metric(begun.info.run_id, "m", 1)
            own.set_terminated(begun.info.run_id)
        delivered()
        other = client.get_experiment_by_name("other")
        (found,) = client.search_runs([other.experiment_id])
        assert (found.info.run_name, found.data.metrics) == ("elsewhere", {"m": 1})

    def test_of_a_full_disk(
        self, run: OwnRun, delivered: Delivered, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where there can be no journal for it, what it logs is the pipeline's run's."""

        def full(*_: Any, **__: Any) -> Any:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(child_runs, "create", full)
        with fluent.attached(run), mlflow.start_run(nested=True):
            mlflow.log_metric("m", 1)
        assert delivered().data.metrics["m"] == 1


class TestModels:
    """Models that a node logs."""

    def test_a_model(self, run: OwnRun, delivered: Delivered, client: Any) -> None:
        """It is a logged model of the run, with what it was given, and registered."""
        from sklearn.linear_model import LinearRegression

        with fluent.attached(run):
            logged = mlflow.sklearn.log_model(
                LinearRegression().fit([[1], [2]], [2, 4]),
                name="line",
                params={"depth": 1},
                step=7,
                registered_model_name="lines",
            )
            mlflow.set_logged_model_tags(logged.model_id, {"colour": "red"})
        found = delivered()
        (output,) = found.outputs.model_outputs
        model = client.get_logged_model(output.model_id)
        assert (output.step, model.name, model.status.value) == (7, "line", "READY")
        assert (model.params["depth"], model.tags["colour"]) == ("1", "red")
        (version,) = client.search_model_versions("name = 'lines'")
        assert model.model_id in version.source
