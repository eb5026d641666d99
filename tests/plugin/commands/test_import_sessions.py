"""``kedro mlflow import``: sessions of Kedro-Viz become runs, each once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.plugin.compat.kedro_viz.old_sessions import (
    EMPTY,
    FAILED,
    FIRST,
    FIRST_MS,
    SECOND,
    make_store,
    record,
    save,
)

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([
        node(lambda: {"f1": 0.75}, None, "scores", name="score"),
        node(lambda: {"columns": ["a", "b"], "rows": 3}, None, "columns", name="describe"),
    ])
"""
TRACKING = "data/09_tracking"
CATALOG = {
    "scores": {"type": "tracking.MetricsDataset", "filepath": f"{TRACKING}/scores.json"},
    "columns": {
        "type": "kedro.extras.datasets.tracking.JSONDataSet",
        "filepath": f"{TRACKING}/columns.json",
    },
    "plot": {
        "type": "matplotlib.MatplotlibWriter",
        "filepath": "data/08_reporting/plot.png",
        "versioned": True,
    },
}


def import_(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "import", *words], obj=metadata)


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project with three sessions that have files, one of them failed, and one without files."""
    project = make_project(NODES, catalog=CATALOG)
    root: Path = project.root
    exception = {"type": "ValueError", "value": "negative", "traceback": ["line 1\n", "line 2\n"]}
    make_store(
        root / "data/session_store.db",
        record(FIRST),
        record(FAILED, exception=exception),
        record(EMPTY),
        details={FIRST: ("the best", "With *more* data", True)},
    )
    make_store(root / "data/colleague.db", record(SECOND), record(FIRST))
    save(root / f"{TRACKING}/scores.json", FIRST, {"f1": 0.5, "recall": 1.0})
    save(root / f"{TRACKING}/scores.json", SECOND, {"f1": 0.625})
    save(root / f"{TRACKING}/scores.json", FAILED, "{")
    content = {"columns": ["a", "b"], "rows": 2, "api_key": "hunter2"}
    save(root / f"{TRACKING}/columns.json", FIRST, content)
    save(root / "data/08_reporting/plot.png", FIRST, b"png")
    save(root / "data/08_reporting/plot.png", FAILED, b"png")
    return project


def runs(project: Any) -> dict[str, Any]:
    """The runs of the project, by the ids of their sessions."""
    return {run.data.tags["kedro.run_id"]: run for run in project.runs()}


def test_the_environment(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog is that of the environment that KEDRO_ENV or `--env` names."""
    project.write(
        "conf/prod/catalog.yml", "old: {type: tracking.MetricsDataset, filepath: a/b.json}"
    )
    save(project.root / "a/b.json", FIRST, {"f1": 0.5})
    monkeypatch.setenv("KEDRO_ENV", "prod")
    result = import_(project)
    assert result.exit_code == 0, result.output
    assert runs(project)[FIRST].data.metrics["old.f1"] == 0.5


def test_all(project: Any) -> None:
    """Each session is a run with its own time, names and values; the second time there is none."""
    result = import_(project)
    assert result.exit_code == 0, result.output
    found = runs(project)
    assert set(found) == {FIRST, SECOND, FAILED}
    first = found[FIRST]
    assert (first.info.run_name, first.info.status) == ("the best", "FINISHED")
    assert (first.info.start_time, first.info.end_time) == (FIRST_MS, FIRST_MS)
    assert first.data.metrics == {"scores.f1": 0.5, "scores.recall": 1.0, "columns.rows": 2}
    assert first.data.params == {"columns.columns": "['a', 'b']"}
    (point,) = project.client.get_metric_history(first.info.run_id, "scores.f1")
    assert (point.timestamp, point.step) == (FIRST_MS, 0)
    expected = {
        "kedro.imported_from": "Kedro-Viz",
        "kedro.bookmark": "True",
        "kedro.env": "prod",
        "kedro.pipeline": "train",
        "kedro.git.dirty": "True",
        "kedro_command": "kedro run --env=prod --pipeline=train",
        "mlflow.user": "maria",
        "mlflow.source.git.commit": "1a2b3c4",
        "mlflow.source.git.branch": "main",
        "mlflow.note.content": "With *more* data",
    }
    assert expected.items() <= first.data.tags.items()
    assert project.artifacts(first.info.run_id) == {"plot.png", "columns.json"}
    text = Path(project.client.download_artifacts(first.info.run_id, "columns.json")).read_text()
    assert "hunter2" not in text + result.output
    assert "their names look like those of secrets: columns.api_key." in result.output

    failed = found[FAILED]
    assert (failed.info.status, failed.data.tags["error"]) == ("FAILED", "ValueError: negative")
    assert project.artifacts(failed.info.run_id) == {"plot.png", "error/traceback.txt"}
    assert "scores.json is left out, because it cannot be read" in result.output
    assert found[SECOND].info.run_name == SECOND
    assert f"3 were imported into the experiment '{project.package}'" in result.output
    assert "Left out: 1 without files, title and notes" in result.output

    again = import_(project)
    assert again.exit_code == 0, again.output
    assert "0 were imported" in again.output
    assert "Left out: 3 that have a run in MLflow already." in again.output
    assert len(project.runs()) == 3

    project.client.delete_run(first.info.run_id)  # it stays deleted
    again = import_(project)
    assert "3 that have a run in MLflow already, 1 of them deleted there." in again.output
    assert len(project.runs()) == 2


def test_dry_run(project: Any) -> None:
    """A dry run shows a table, and imports nothing."""
    result = import_(project, "--dry-run")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert [FIRST, "the", "best", "2", "1", "1"] in lines
    assert [SECOND, "1", "0", "0"] in lines
    assert "3 would be imported" in result.output
    assert project.runs() == []


def test_interrupted(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C in the middle the next time completes what was begun, and doubles nothing."""
    from mlflow_on_kedro.delivery import artifact_writer

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(artifact_writer.ArtifactWriter, "send", interrupt)
        assert import_(project).exit_code != 0
    (run,) = project.runs()
    assert run.info.status == "RUNNING"
    result = import_(project)
    assert result.exit_code == 0, result.output
    found = runs(project)
    assert set(found) == {FIRST, SECOND, FAILED}
    assert len(project.runs()) == 3
    assert found[FIRST].info.run_id == run.info.run_id
    assert found[FIRST].info.status == "FINISHED"
    assert project.artifacts(run.info.run_id) == {"plot.png", "columns.json"}
    points = project.client.get_metric_history(run.info.run_id, "scores.f1")
    assert len(points) == 1


def test_what_is_tracked_anyway(project: Any) -> None:
    """Values of tracking datasets are logged now, by the same names; such a run is not imported."""
    project.session_run()
    assert project.run.data.metrics["scores.f1"] == 0.75
    assert project.run.data.metrics["columns.rows"] == 3
    assert project.run.data.params["columns.columns"] == "['a', 'b']"
    session = project.run.data.tags["kedro.run_id"]
    assert (project.root / f"{TRACKING}/scores.json/{session}/scores.json").is_file()
    result = import_(project)
    assert result.exit_code == 0, result.output
    assert "3 were imported" in result.output
    assert "Left out: 1 that have a run in MLflow already." in result.output


def test_places(project: Any, tmp_path: Path) -> None:
    """`--store` and `--data` name other places; files alone are enough; `--all` takes the rest."""
    save(tmp_path / "old/rates.json", FIRST, {"rate": 0.5})
    save(tmp_path / "old/rates.json", "2022-01-02T03.04.05.678Z", {"rate": 0.25})
    store = make_store(tmp_path / "other.db", record(EMPTY))
    result = import_(
        project, "--store", str(store), "--data", str(tmp_path / "old"), "--all", "--uri", "x.db"
    )
    assert result.exit_code != 0
    result = import_(project, "--store", str(store), "--data", str(tmp_path / "old"), "--all")
    assert result.exit_code == 0, result.output
    found = runs(project)
    assert set(found) == {FIRST, SECOND, FAILED, EMPTY, "2022-01-02T03.04.05.678Z"}
    assert found[FIRST].data.metrics["rates.rate"] == 0.5


def test_none(make_project: Callable[..., Any]) -> None:
    """Where there is no session it says where they could be."""
    result = import_(make_project(NODES))
    assert result.exit_code == 0, result.output
    assert "No session of Kedro-Viz is found. `--store` names its" in result.output


def test_a_server_that_falls_silent(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import stops there and says so; the next one goes on."""
    from mlflow_on_kedro.commands.importing.session_run import Destination

    deliver = Destination.deliver

    def silent_at_the_second(self: Any, content: Any) -> Any:
        if content.session.id == SECOND:
            raise ConnectionRefusedError(111, "refused")
        assert content.session.id == FIRST
        return deliver(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Destination, "deliver", silent_at_the_second)
        result = import_(project)
    assert result.exit_code == 1
    assert "1 were imported" in result.output
    assert "cannot be reached, so the import stops here; run it again later" in result.output
    assert "2 were imported" in import_(project).output


def test_no_server(project: Any) -> None:
    """A server that does not answer is one clear message, and nothing is left behind."""
    module: Any = importlib.import_module("mlflow_on_kedro.commands.import_sessions")
    assert module.import_sessions.name == "import"
    result = import_(project, "--uri", "http://me:hunter2@127.0.0.1:9")
    assert result.exit_code == 1
    assert "MLflow at http://***@127.0.0.1:9 cannot be reached, so nothing is imported" in (
        result.output
    )
    assert not list(project.root.glob(".mlflow_on_kedro/journal/*/run.json"))
