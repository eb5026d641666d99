"""``kedro mlflow sync``: what it delivers, what it says, and its exit status."""

from __future__ import annotations

import importlib
import io
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow import MlflowClient
from mlflow_on_kedro.delivery.pending import PendingSize
from mlflow_on_kedro.journal.entries import End, Metric, Param, Text
from mlflow_on_kedro.journal.folder import HEADER, Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.writer import Writer

command: Any = importlib.import_module("mlflow_on_kedro.commands.sync")

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""

Leave = Callable[..., Journal]


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project that tracks to a store of its own, and waits for no server for long."""
    return make_project(NODES, mlflow={"tracking": {"on_failure": "raise", "timeout": 1.0}})


@pytest.fixture
def leave(project: Any) -> Leave:
    """A function that leaves a journal behind; its arguments are the header's."""

    def leave_(root: Path | None = None, *more: Any, **header: Any) -> Journal:
        root = root or project.root
        content = {"experiment": project.package, "start_ms": 5, "root": str(root), **header}
        journal = Journal.create(root / ".mlflow_on_kedro/journal", Header(new_id(), **content))
        write = Writer(journal)
        for entry in (*more, Param("p", "v"), Text("a.txt", "a"), End("FINISHED", 99)):
            write.append(entry)
        journal.release()
        return Journal(journal.folder)

    return leave_


def sync(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "sync", *words], obj=metadata)


def dead_server() -> str:
    """A server that is not there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://me:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def test_nothing(project: Any) -> None:
    """Where there is nothing it says so, and all is well."""
    result = sync(project)
    assert result.output == "Nothing to deliver.\n"
    assert result.exit_code == 0


def test_all(project: Any, leave: Leave) -> None:
    """All that waits is delivered, each run with a line of its own that names it."""
    leave(run_name="mine", uri=project.uri)
    leave(run_name="offline")
    result = sync(project)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    runs = {run.info.run_name: run for run in project.runs()}
    assert set(runs) == {"mine", "offline"}
    for name, run in runs.items():
        (line,) = [line for line in lines if f"Run {name} ({project.package})" in line]
        assert f"delivered to {project.uri} as {name} ({run.info.run_id}), FINISHED." in line
        assert project.artifacts(run.info.run_id) == {"a.txt"}
    assert sync(project).output == "Nothing to deliver.\n"


def test_dry_run(project: Any, leave: Leave) -> None:
    """A dry run says what would be delivered where, and delivers nothing."""
    journal = leave(run_name="mine")
    result = sync(project, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "Run mine" in result.output
    assert f"and 1 artifact (1 bytes) would go to {project.uri}." in result.output
    assert project.runs() == []
    assert journal.exists()


def test_in_progress(project: Any, leave: Leave) -> None:
    """A run that another process delivers is left alone, which is said and is no failure."""
    journal = leave()
    journal.hold()
    result = sync(project)
    assert result.exit_code == 0, result.output
    assert "being delivered now, left alone." in result.output
    assert journal.exists()
    journal.release()


def test_a_dead_server(project: Any, leave: Leave) -> None:
    """What cannot be delivered stays, the rest is delivered; the exit status is 1."""
    uri = dead_server()
    stays = leave(uri=uri.replace("me:hunter2@", ""), run_name="stays")
    leave(run_name="goes")
    result = sync(project)
    assert result.exit_code == 1
    assert "Run stays" in result.output
    assert "cannot be reached" in result.output
    assert str(stays.folder) in result.output
    assert stays.exists()
    assert [run.info.run_name for run in project.runs()] == ["goes"]


def test_no_credentials_are_printed(project: Any, leave: Leave) -> None:
    """The password of a URI that is given is printed nowhere."""
    leave()
    uri = dead_server()
    for words in (["--dry-run"], []):
        result = sync(project, "--uri", uri, *words)
        assert "http://***@127.0.0.1:" in result.output
        assert "hunter2" not in result.output


@pytest.mark.parametrize("header", ["", "[]", '{"format": 99, "new": 1}', '{"start_ms": "x"}'])
def test_a_damaged_one(project: Any, leave: Leave, header: str) -> None:
    """A journal that cannot be read is named, stays, and keeps no other from being delivered."""
    leave()
    bad = leave()
    (bad.folder / HEADER).write_text(header)
    result = sync(project)
    assert result.exit_code == 1
    assert f"{bad.folder}: not delivered." in result.output
    assert bad.folder.exists()
    assert len(project.runs()) == 1
    assert "Traceback" not in result.output


def test_another_store(project: Any, leave: Leave, store_uri: str, client: Any) -> None:
    """``--uri`` delivers to another store than was meant, also what is of an absent one."""
    absent = leave(uri="sqlite:////no/such/folder/x.db")
    result = sync(project)
    assert result.exit_code == 1
    assert "give `--uri`" in result.output
    result = sync(project, "--uri", store_uri)
    assert result.exit_code == 0, result.output
    experiment = client.get_experiment_by_name(project.package)
    assert len(client.search_runs([experiment.experiment_id])) == 1
    assert project.runs() == []
    assert not absent.folder.exists()


@pytest.mark.parametrize("part", ["", ".mlflow_on_kedro", ".mlflow_on_kedro/journal"])
def test_from_another_machine(project: Any, leave: Leave, tmp_path: Path, part: str) -> None:
    """What was copied from another machine goes to where this project tracks."""
    other = tmp_path / "other"
    leave(other)
    leave(run_name="own")
    result = sync(project, str(other / part))
    assert result.exit_code == 0, result.output
    assert len(project.runs()) == 1
    assert sync(project, str(other)).output == "Nothing to deliver.\n"
    assert len(project.runs()) == 1, "only what is there, not this project's own"


def test_one_journal(project: Any, leave: Leave) -> None:
    """One journal can be named."""
    journal = leave()
    other = leave()
    assert sync(project, str(journal.folder)).exit_code == 0
    assert len(project.runs()) == 1
    assert other.exists()


def test_two_copies(project: Any, leave: Leave, tmp_path: Path) -> None:
    """Twice delivered, from two copies, a journal is one run."""
    journal = leave()
    shutil.copytree(journal.folder, tmp_path / "copy")
    assert sync(project, str(journal.folder)).exit_code == 0
    assert sync(project, str(tmp_path / "copy")).exit_code == 0
    assert len(project.runs()) == 1


def test_another_experiment(project: Any, leave: Leave) -> None:
    """``--experiment`` delivers to another experiment than was meant."""
    leave(experiment="refused//by the server")
    result = sync(project, "--experiment", "/Shared/x")
    assert result.exit_code == 0, result.output
    assert len(project.runs("/Shared/x")) == 1
    assert project.client.get_experiment_by_name("refused//by the server") is None


def test_refused(project: Any, leave: Leave) -> None:
    """What MLflow refuses is a failure each time; all else of the run is delivered once."""
    journal = leave(None, Metric("..", 1.0, 5), run_name="mine")
    tries = [0]
    for _ in range(2):
        result = sync(project)
        assert result.exit_code == 1
        assert "FINISHED; but for 1 refused entry: `kedro mlflow status`" in result.output
        tries.append(journal.set_aside[0].tries)
    assert tries == sorted(set(tries)), "each time it was tried again"
    assert project.run.data.params == {"p": "v"}
    result = sync(project, "--no-refused")
    assert result.exit_code == 1
    assert "1 refused entry, left alone." in result.output
    assert journal.set_aside[0].tries == tries[-1]


def test_no_refused_delivers_the_rest(project: Any, leave: Leave) -> None:
    """``--no-refused`` delivers what was not refused, of this run and of others."""
    journal = leave(None, Metric("..", 1.0, 5), run_name="mine")
    sync(project)
    Writer(journal).append(Param("late", "v"))
    leave(run_name="other")
    result = sync(project, "--no-refused")
    assert result.exit_code == 1
    assert {run.info.run_name for run in project.runs()} == {"mine", "other"}
    assert {len(run.data.params) for run in project.runs()} == {1, 2}
    assert len(journal.set_aside) == 1


def test_the_artifact_store_is_away(
    project: Any, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is delivered and ends; that its files wait is said with the store's address."""
    journal = leave(run_name="mine")

    def closed(*_: Any) -> None:
        raise ConnectionError("the store is down")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_artifact", closed)
        patch.setattr(
            "mlflow_on_kedro.delivery.journal_delivery._keep_trying", lambda call, *_: call()
        )
        result = sync(project)
    assert result.exit_code == 1
    assert "1 artifact (1 bytes) could not be delivered to" in result.output
    assert "the store is down" in result.output
    assert project.run.info.status == "FINISHED"
    assert journal.exists()
    result = sync(project)
    assert result.exit_code == 0, result.output
    assert project.artifacts(project.run.info.run_id) == {"a.txt"}


def test_one_that_is_not_allowed(
    project: Any, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run that the server does not allow keeps no other of the same server."""
    stays = leave(experiment="of others")
    leave(run_name="goes", start_ms=6)
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
    from mlflow_on_kedro.tracking import experiments

    real = experiments.experiment_id

    def experiment_id(client: Any, name: str, *words: Any, **named: Any) -> str:
        if name == "of others":
            raise MlflowException("no", PERMISSION_DENIED)
        return real(client, name, *words, **named)

    monkeypatch.setattr(experiments, "experiment_id", experiment_id)
    result = sync(project)
    assert result.exit_code == 1
    assert "denies permission to this user" in result.output
    assert stays.exists()
    assert [run.info.run_name for run in project.runs()] == ["goes"]


def test_no_such_path(project: Any) -> None:
    """A path that is not there is an error of the command line."""
    result = sync(project, "no/such/path")
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar moves with what is left; elsewhere nothing is in the way."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    whole = PendingSize(entry_bytes=100, files=1, file_bytes=300)
    monkeypatch.setattr(sys, "stdout", Terminal())
    with command._progress("Run of today", whole) as progress:
        progress(PendingSize(entry_bytes=0, files=1, file_bytes=200))
        progress(PendingSize())
    shown = sys.stdout.getvalue()
    assert "Run of today" in shown
    assert "50%" in shown
    assert "100%" in shown
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with command._progress("Run of today", whole) as progress:
        progress(PendingSize())
    assert sys.stdout.getvalue() == ""


def test_a_model_that_is_registered(project: Any, leave: Leave, tmp_path: Path) -> None:
    """It is said, as a run says it."""
    from mlflow_on_kedro.config.registration import Registration
    from mlflow_on_kedro.models import logged_models
    from mlflow_on_kedro.models.flavors import find_flavor
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [0, 1])
    find_flavor("sklearn").save_model(
        model, str(tmp_path / "m"), pip_requirements=[], serialization_format="cloudpickle"
    )
    tags = {logged_models.REGISTER_TAG: Registration("clf", alias="newest").to_text()}
    leave(None, logged_models.model_entry(tmp_path / "m", "m", tags=tags), registers=True)
    done = sync(project)
    assert done.exit_code == 0
    said = done.output.splitlines()[-1]
    assert said == "The model 'm' is registered as 'clf' version 1; alias 'newest'."
