"""MLflowArtifactsLoggerHook: files, folders and globs, before and after, and files of datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow.artifacts import load_text

NODES = """
from pathlib import Path

import pandas as pd
from kedro.pipeline import node, pipeline

def make(n):
    Path("made.log").write_text("made by the node")
    Path("before.txt").write_text("changed by the node")
    return pd.DataFrame({"x": [n]}), {"n": n}, "memory"

def last(frame):
    if frame["x"][0] < 0:
        raise ValueError("negative")
    return 1

def create_pipeline():
    return pipeline([
        node(make, "params:n", ["frame", "summary", "memory"], name="make"),
        node(last, "frame", "end", name="last"),
    ])
"""
CATALOG = {
    "frame": {"type": "pandas.CSVDataset", "filepath": "data/frame.csv"},
    "summary": {"type": "json.JSONDataset", "filepath": "data/summary.json", "versioned": True},
}
HOOK = """
from mlflow_on_kedro import MLflowArtifactsLoggerHook

HOOKS = (MLflowArtifactsLoggerHook({}),)
"""


@pytest.fixture
def make(make_project: Any) -> Any:
    """A function that makes a project with some files."""

    def make(arguments: str = "", n: int = 1, **config: Any) -> Any:
        project = make_project(
            NODES,
            catalog=CATALOG,
            parameters={"n": n},
            mlflow={"artifacts": config},
            settings=HOOK.format(arguments),
        )
        project.write("before.txt", "as it was")
        project.write("docs/a.md", "a")
        project.write("docs/deep/b.md", "b")
        project.write("docs/deep/c.txt", "c")
        project.write("conf/local/credentials.yml", "db: {password: hush}")
        return project

    return make


def text_of(project: Any, path: str) -> str:
    """The text of an artifact of the project's only run."""
    return str(load_text(f"{project.run.info.artifact_uri}/{path}"))


@pytest.mark.parametrize("way", ["arguments", "mlflow.yml"])
def test_before_and_after(make: Any, way: str) -> None:
    """Files are logged before the pipeline, as they are then, and after it."""
    if way == "arguments":
        project = make("['before.txt'], ['made.log', 'docs/a.md']")
    else:
        project = make(
            before_pipeline_run=["before.txt"], after_pipeline_run=["made.log", "docs/a.md"]
        )
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"before.txt", "made.log", "a.md"}
    assert text_of(project, "before.txt") == "as it was"
    assert text_of(project, "made.log") == "made by the node"


def test_after_a_failure(make: Any) -> None:
    """What comes after the pipeline is logged after a failure too."""
    project = make("[], ['made.log']", n=-1)
    with pytest.raises(ValueError, match="negative"):
        project.session_run()
    assert project.run.info.status == "FAILED"
    assert project.artifacts(project.run.info.run_id) == {"made.log"}


@pytest.mark.parametrize(
    ("pattern", "logged"),
    [
        ("docs", {"docs/a.md", "docs/deep/b.md", "docs/deep/c.txt"}),
        ("docs/", {"docs/a.md", "docs/deep/b.md", "docs/deep/c.txt"}),
        ("docs/deep", {"deep/b.md", "deep/c.txt"}),
        ("docs/*.md", {"a.md"}),
        ("docs/**/*.md", {"a.md", "deep/b.md"}),
        ("docs/d??p/[ab].md", {"deep/b.md"}),
        ("./before.txt", {"before.txt"}),
    ],
)
def test_folders_and_globs(make: Any, pattern: str, logged: set[str]) -> None:
    """A folder is logged below its name; a glob's finds keep their place below its fixed part."""
    project = make(f"[{pattern!r}]")
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == logged


def test_absolute_path_and_any_cwd(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absolute path works, and relative ones count from the project's root in any folder."""
    outside = tmp_path / "outside.txt"
    outside.write_text("hello")
    project = make(f"[{str(outside)!r}, 'before.txt']")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"outside.txt", "before.txt"}


def test_one_path_as_text(make: Any) -> None:
    """A single path may be given without a list, as in PipelineX."""
    project = make("'before.txt', 'made.log', 'frame'")
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"before.txt", "made.log", "frame.csv"}


def test_missing(make: Any, said: list[str]) -> None:
    """What is not there is said, with where it was looked for; the others are logged."""
    project = make("['nowhere.txt', 'no/*.such', 'before.txt']")
    project.session_run()
    assert project.run.info.status == "FINISHED"
    assert project.artifacts(project.run.info.run_id) == {"before.txt"}
    assert said == [
        f"Nothing to log at '{name}' (looked in {project.root})."
        for name in ("nowhere.txt", "no/*.such")
    ]


def test_same_name_twice(make: Any) -> None:
    """Two files of one name are both kept."""
    project = make("['before.txt', 'docs/deep/before.txt']")
    project.write("docs/deep/before.txt", "the other")
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"before.txt", "docs/deep/before.txt"}


def test_credentials(make: Any, said: list[str]) -> None:
    """credentials.yml is never logged: not by its name, nor with a folder or a glob; it is said."""
    project = make("['conf/local/credentials.yml', 'conf', 'conf/**/*.yml']")
    project.write("conf/prod/credentials_db.yaml", "db: {password: hush}")
    project.session_run()
    files = project.artifacts(project.run.info.run_id)
    assert "conf/base/catalog.yml" in files
    assert not [name for name in files if "credentials" in name]
    assert [text for text in said if "it may hold credentials" in text]


@pytest.mark.parametrize("way", ["arguments", "mlflow.yml"])
def test_datasets(make: Any, way: str) -> None:
    """Named datasets are logged once they are saved: what this run wrote, not what lay there."""
    if way == "arguments":
        project = make("datasets_after_node_run=['frame', 'summary']", n=5)
    else:
        project = make(after_node_run=["frame", "summary"], n=5)
    project.write("data/frame.csv", "x\n99\n")
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"frame.csv", "summary.json"}
    assert text_of(project, "frame.csv") == "x\n5\n"
    assert '"n": 5' in text_of(project, "summary.json")


def test_datasets_before_a_failure(make: Any) -> None:
    """A dataset that was saved before the pipeline failed is in the run."""
    project = make("datasets_after_node_run=['frame']", n=-1)
    with pytest.raises(ValueError, match="negative"):
        project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"frame.csv"}


def test_dataset_without_a_file(make: Any, said: list[str]) -> None:
    """A named dataset without a file is said."""
    project = make("datasets_after_node_run=['memory']")
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == set()
    assert said == ["'memory' has no local file that could be logged."]


def test_unknown_dataset(make: Any, said: list[str]) -> None:
    """A name that no node saves is said, also one that fits a dataset factory."""
    project = make("datasets_after_node_run=['fraem']")
    project.write("conf/local/catalog.yml", '"{any}": {type: MemoryDataset}')
    project.session_run()
    (warning,) = said
    assert warning == (
        "artifacts.after_node_run: no node saves a dataset 'fraem', so nothing is logged for it. "
        "Did you mean 'frame'?"
    )


@pytest.mark.parametrize("runner", ["ThreadRunner", "ParallelRunner"])
@pytest.mark.parametrize("is_async", [False, True])
def test_datasets_elsewhere(make: Any, runner: str, is_async: bool) -> None:
    """Named datasets are logged from threads and worker processes, with ``--async`` too."""
    import kedro.runner

    project = make("datasets_after_node_run=['frame', 'summary']", n=5)
    text = (project.root / f"src/{project.package}/nodes.py").read_text()
    text = text.replace('{"n": n}, "memory"', '{"n": n}').replace(', "memory"]', "]")
    project.write(f"src/{project.package}/nodes.py", text)
    project.session_run(runner=getattr(kedro.runner, runner)(is_async=is_async))
    assert project.artifacts(project.run.info.run_id) == {"frame.csv", "summary.json"}


def test_folder_dataset(make_project: Any) -> None:
    """A dataset that writes a folder is logged as that folder."""
    text = """
    from kedro.pipeline import node, pipeline

    def make():
        return {"a": "1", "b": "2"}

    def create_pipeline():
        return pipeline([node(make, None, "parts")])
    """
    catalog = {
        "parts": {
            "type": "partitions.PartitionedDataset",
            "path": "data/parts",
            "dataset": "text.TextDataset",
            "filename_suffix": ".txt",
        }
    }
    project = make_project(text, catalog=catalog, settings=HOOK.format("None, None, ['parts']"))
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"parts/a.txt", "parts/b.txt"}
