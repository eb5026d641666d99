"""What it takes to repeat a run is below `kedro/` in its artifacts; each file has a switch."""

from __future__ import annotations

import json
import pickle
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.io import DataCatalog, Version
from kedro.pipeline import node, pipeline
from kedro.runner import ThreadRunner
from kedro_datasets.text import TextDataset
from mlflow.artifacts import load_text
from mlflow_on_kedro import MLflowProvenanceLoggerHook
from mlflow_on_kedro.comparing.reading import _loaded_in_workers
from mlflow_on_kedro.config.sections import Provenance
from mlflow_on_kedro.hooks import later_files
from mlflow_on_kedro.hooks.base import PipelineRun
from mlflow_on_kedro.hooks.later_files import LaterFiles
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.provenance import code_diff, files, git_state
from mlflow_on_kedro.provenance.git_state import GitState
from mlflow_on_kedro.runs.run_dataset import RESERVED_NAME, RunDataset
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

NODES = """
from kedro.pipeline import node, pipeline

def scale(wines, table, model):
    return len(wines) * model["factor"]

def create_pipeline():
    return pipeline([
        node(scale, ["wines", "table", "params:model"], "score", name="scale", namespace=None),
        node(lambda score: score + 1, "score", "more", name="add"),
    ])
"""
CATALOG = {
    "wines": {"type": "text.TextDataset", "filepath": "data/wines.txt", "versioned": True},
    "table": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
    "score": {"type": "json.JSONDataset", "filepath": "data/score.json", "versioned": True},
}
PARAMETERS = {"model": {"factor": "${globals:factor}", "api_key": "hunter2"}, "other": [1, 2]}
ON = {"provenance": {"enabled": True}}
FIRST = {files.PARAMETERS, files.CATALOG, files.PIPELINE, files.DRAWING, files.PACKAGES}


def git(folder: Path, *words: str) -> None:
    """Run git."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def make(make_project: Callable[..., Any], **mlflow: Any) -> Any:
    """A project in a repository, one file of which is changed, with a version of its input."""
    project = make_project(NODES, catalog=CATALOG, parameters=PARAMETERS, mlflow={**ON, **mlflow})
    project.write("conf/base/globals.yml", "factor: 3")
    project.write("data/wines.txt/2026-01-01T00.00.00.000Z/wines.txt", "old")
    project.write("data/wines.txt/2026-02-01T00.00.00.000Z/wines.txt", "new")
    project.write(
        ".gitignore", "data\nmlflow.db*\nmlruns\nconf/local\n.mlflow_on_kedro\n__pycache__\n"
    )
    git(project.root, "init", "-q", "-b", "main")
    git(project.root, "add", ".")
    git(project.root, "commit", "-q", "-m", "x")
    project.write("data/mlflow/table.json", "[1]")
    nodes = project.root / "src" / project.package / "nodes.py"
    nodes.write_text(nodes.read_text() + "# changed\n")
    project.write("notes.txt", "new")
    return project


def text_of(run: Any, path: str) -> str:
    """The text of an artifact."""
    return str(load_text(f"{run.info.artifact_uri}/{path}"))


def test_all_of_it(make_project: Callable[..., Any]) -> None:
    """A run says with which configuration, pipeline, code, packages and data it was made."""
    project = make(make_project)
    given = {"model": {"factor": 4}, "pin_password": 1234}
    project.session_run(runtime_params=given, runner=ThreadRunner())
    run = project.run
    made = {path for path in project.artifacts(run.info.run_id) if path.startswith("kedro/")}
    rest = {files.CODE, files.ENVIRONMENT, files.LOADED, "kedro/timeline.json"}
    assert made == FIRST | rest
    assert yaml.safe_load(text_of(run, files.PARAMETERS)) == {
        "model": {"factor": 4, "api_key": "***"},
        "other": [1, 2],
        "pin_password": "***",
    }
    catalog = yaml.safe_load(text_of(run, files.CATALOG))
    assert set(catalog) == set(CATALOG)
    assert catalog["wines"] == CATALOG["wines"]
    nodes = json.loads(text_of(run, files.PIPELINE))["nodes"]
    assert [item["name"] for item in nodes] == ["scale", "add"]
    assert nodes[0]["func"] == f"{project.package}.nodes.scale"
    assert ">scale</text>" in text_of(run, files.DRAWING)
    assert "\nkedro==" in text_of(run, files.PACKAGES)
    assert "+# changed" in text_of(run, files.CODE)
    environment = json.loads(text_of(run, files.ENVIRONMENT))
    assert environment["command"] == run.data.tags["kedro_command"]
    assert environment["kedro"]["runner"] == "ThreadRunner"
    cores = environment["hardware"]["cores"]
    assert run.data.tags["kedro.hardware.cpu"].startswith(f"{cores} core")
    assert environment["git"]["untracked"] == ["notes.txt"]
    assert environment["git"]["commit"] == run.data.tags["kedro.git.commit"]
    loaded = json.loads(text_of(run, files.LOADED))["datasets"]
    assert loaded == {"wines": {"version": "2026-02-01T00.00.00.000Z"}}


def test_clean_and_from_a_run(make_project: Callable[..., Any]) -> None:
    """Without changes there is no diff; what a run was chosen for is named with it."""
    project = make(make_project)
    git(project.root, "add", ".")
    git(project.root, "commit", "-q", "-m", "y")
    project.session_run()
    first = project.run
    with_run = CATALOG["table"] | {"loading_run_id": first.info.run_id}
    project.client.log_dict(first.info.run_id, [1], "table.json")
    project.write("conf/other/catalog.yml", yaml.safe_dump({"table": with_run}))
    project.session_run(env="other", load_versions={"wines": "2026-01-01T00.00.00.000Z"})
    second = project.client.get_run(project.runs()[0].info.run_id)
    assert files.CODE not in project.artifacts(second.info.run_id)
    assert json.loads(text_of(second, files.LOADED))["datasets"] == {
        "table": {"uri": f"runs:/{first.info.run_id}/table.json", "run_id": first.info.run_id},
        "wines": {"version": "2026-01-01T00.00.00.000Z"},
    }


def test_a_shared_run(make_project: Callable[..., Any]) -> None:
    """Of the processes with one key, the first one says it, for the whole pipeline."""
    project = make(make_project, run={"key": "k"})
    project.session_run(node_names=["scale"])
    project.session_run(node_names=["add"], runtime_params={"other": 3})
    run = project.run
    assert yaml.safe_load(text_of(run, files.PARAMETERS))["other"] == [1, 2]
    nodes = json.loads(text_of(run, files.PIPELINE))["nodes"]
    assert [item["name"] for item in nodes] == ["scale", "add"]
    assert sum("kedro/loaded/" in path for path in project.artifacts(run.info.run_id)) == 2


def test_a_worker_on_another_machine(
    open_run: Callable[..., Any], client: Any, tmp_path: Path
) -> None:
    """Without the run's journal, what a node has loaded is a tag, which no list of tags shows."""
    version = "2026-01-01T00.00.00.000Z"
    file = tmp_path / "wines.txt"
    (file / version).mkdir(parents=True)
    (file / version / file.name).write_text("old")
    run = open_run(PipelineInfo(readers={"wines": "count"}))
    there = pickle.loads(pickle.dumps(run))  # noqa: S301
    there.journal = Journal(tmp_path / "of another machine")
    holder = RunDataset()
    holder.run = there
    wines = TextDataset(filepath=file.as_posix(), version=Version(None, None))
    catalog = DataCatalog({RESERVED_NAME: holder, "wines": wines})
    wines.load()
    MLflowProvenanceLoggerHook().before_node_run(
        node(len, "wines", "count", name="count"), catalog, {"wines": "old"}
    )
    tags = client.get_run(run.opened.run_id).data.tags
    assert json.loads(tags["mlflow.kedro.loaded.wines"]) == {"version": version}
    assert dict(_loaded_in_workers(tags)) == {"wines": {"version": version}}


SWITCHES = {
    "parameters": {files.PARAMETERS},
    "catalog": {files.CATALOG},
    "pipeline": {files.PIPELINE, files.DRAWING},
    "code": {files.CODE},
    "packages": {files.PACKAGES},
    "environment": {files.ENVIRONMENT},
    "loaded": set(),
}


def begin(
    open_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, **arguments: Any
) -> set[str]:
    """Begin a run with the hook alone; return the paths of its artifacts."""
    made = pipeline([node(len, "wines", "count", name="count")])
    run = open_run(PipelineInfo())
    logged: set[str] = set()
    monkeypatch.setattr(run, "log_entry", lambda entry: logged.add(entry.path))
    holder = RunDataset()
    holder.git = GitState("4f1c", changed=True)
    holder.catalog_config = ({RESERVED_NAME: {}, "wines": {"type": "x.Y"}}, frozenset())
    catalog = DataCatalog({RESERVED_NAME: holder})
    monkeypatch.setattr(code_diff, "read", lambda _: code_diff.CodeDiff("x"))
    MLflowProvenanceLoggerHook(**arguments).begin(PipelineRun(run, {}, made, catalog))
    run.end("FINISHED")
    return logged


@pytest.mark.parametrize("switch", SWITCHES)
def test_switches(
    open_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    """Each switch leaves out its own files, and no others."""
    everything = set().union(*SWITCHES.values())
    assert begin(open_run, monkeypatch, **{switch: False}) == everything - SWITCHES[switch]


def test_one_that_fails(
    open_run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A file that cannot be made is left out with a warning, and the others are there."""

    class Odd:
        """A value that has no text."""

        def __repr__(self) -> str:
            """Fail."""
            raise ValueError("no text")

    monkeypatch.setattr(RunDataset, "_describe", dict)
    monkeypatch.setattr("mlflow_on_kedro.hooks.provenance.catalog_text", lambda *_: repr(Odd()))
    found = begin(open_run, monkeypatch)
    assert found == set().union(*SWITCHES.values()) - {files.CATALOG}
    assert "no text" in caplog.text


def test_git_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer is given up, and the run says so."""
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(git_state, "SECONDS", 0.2)
    assert git_state.read(tmp_path).problem == "git has not answered within 0.2 seconds"


@pytest.mark.parametrize("fails", [True, False])
def test_a_slow_end(
    open_run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    """A run does not wait long for git, and says so; an error of this thread is a warning."""
    seen: dict[str, str] = {}
    waiting = threading.Event()

    def read(_: Path) -> code_diff.CodeDiff:
        if fails:
            raise OSError("the disk is full")
        waiting.wait(20)
        return code_diff.CodeDiff("late")

    run = open_run(PipelineInfo())
    monkeypatch.setattr(run, "log_entry", lambda entry: seen.update({entry.path: entry.content}))
    monkeypatch.setattr(code_diff, "read", read)
    monkeypatch.setattr(later_files, "WAIT_SECONDS", 0.1)
    later = LaterFiles(run, Provenance(), GitState("4f1c", changed=True), "kedro run", {})
    later.log()
    run.end("FINISHED")
    waiting.set()
    assert files.CODE not in seen
    if fails:
        assert "the disk is full" in caplog.text
    else:
        problem = json.loads(seen[files.ENVIRONMENT])["git"]["problem"]
        assert problem == "git has not answered before the run ended"
