"""Artifact stores that are away, closed or odd: values and the run's end are delivered anyway."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .nodes import ARTIFACTS, DATASET, METRICS, PARAMETERS
from .processes import Ended
from .project import PLUGIN, FaultProject
from .proxy import Proxy
from .rules import Answer, Fate, Mode, holds, on

BLAMES_THE_SERVER = re.compile(r"MLflow at \S+ (failed|cannot|is busy|does not|answers)")
WAITING_TAG = "kedro.files_waiting"
HAS_BOTO3 = importlib.util.find_spec("boto3") is not None
S3 = {"experiment": {"artifact_location": "s3://bucket/x"}}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "dummy",
    "AWS_SECRET_ACCESS_KEY": "hush-hush",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def check_files_wait(project: FaultProject, ended: Ended) -> Any:
    """The run is there and FINISHED; its files wait, which the run itself says."""
    assert ended.status == 0, ended.said
    assert ended.seconds < 60
    assert "Traceback" not in ended.said
    assert BLAMES_THE_SERVER.search(ended.said) is None, ended.said
    run = project.run
    assert run.info.status == "FINISHED", ended.said
    assert run.data.params == {"n": "3"}
    assert METRICS.items() <= run.data.metrics.items()
    assert "system/time/pipeline" in run.data.metrics
    assert len(project.journals) == 1
    for name in ARTIFACTS - {"kedro/timeline.json"}:  # which is made when the store answers
        assert name in run.data.tags[WAITING_TAG]
    return run


def check_no_file_waits(project: FaultProject) -> None:
    """All has arrived, and the run says no more that something waits."""
    assert project.journals == []
    assert WAITING_TAG not in project.run.data.tags


# -- S3 --------------------------------------------------------------------------------------------


@pytest.fixture
def s3() -> Iterator[Proxy]:
    """What takes all that is put into it, as S3 does, once it does not refuse connections."""
    with contextlib.closing(Proxy("http://127.0.0.1:1")) as running:
        running.rules = [on(lambda _: True, Fate(answer=Answer(200, "")))]
        running.mode = "refuse"
        yield running


def test_no_boto3(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, tmp_path: Path
) -> None:
    """Without the package that S3 needs, metrics and the end are delivered, files wait."""
    (tmp_path / "boto3.py").write_text("raise ModuleNotFoundError(\"No module named 'boto3'\")")
    project = make_fault_project(proxy.uri, mlflow=S3)
    ended = project.kedro(PYTHONPATH=os.pathsep.join([str(tmp_path), str(PLUGIN)]))
    check_files_wait(project, ended)
    assert "s3://bucket/x" in ended.said
    assert "boto3" in ended.said
    assert "report.json" in project.status().output


@pytest.mark.slow
@pytest.mark.skipif(not HAS_BOTO3, reason="boto3 is not installed")
def test_s3_is_dead(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, s3: Proxy
) -> None:
    """While S3 is away its files wait; once it is back, sync delivers them and says so."""
    project = make_fault_project(proxy.uri, mlflow=S3)
    environment = {**CREDENTIALS, "MLFLOW_S3_ENDPOINT_URL": s3.uri}
    ended = project.kedro(**environment)
    run = check_files_wait(project, ended)
    assert "s3://bucket/x" in ended.said
    assert "hush-hush" not in ended.said
    still = project.kedro("mlflow", "sync", **environment)
    assert still.status == 1, still.said
    assert "s3://bucket/x" in still.said
    check_files_wait(project, ended)
    s3.mode = "pass"
    synced = project.kedro("mlflow", "sync", **environment)
    assert synced.status == 0, synced.said
    put = {request.path for request in s3.seen() if request.method == "PUT"}
    assert {f"/bucket/x/{run.info.run_id}/artifacts/{name}" for name in ARTIFACTS} <= put
    check_no_file_waits(project)


@pytest.mark.skipif(not HAS_BOTO3, reason="boto3 is not installed")
def test_no_such_bucket(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, s3: Proxy
) -> None:
    """A bucket that is not there, or may not be written to, is named as what is wrong."""
    project = make_fault_project(proxy.uri, mlflow=S3)
    s3.mode = "pass"
    missing = "<Error><Code>NoSuchBucket</Code><Message>no such bucket</Message></Error>"
    s3.rules = [on(lambda _: True, Fate(answer=Answer(404, missing, "application/xml")))]
    ended = project.kedro(**CREDENTIALS, MLFLOW_S3_ENDPOINT_URL=s3.uri)
    check_files_wait(project, ended)
    assert "s3://bucket/x" in ended.said
    assert "NoSuchBucket" in ended.said


# -- the server's own ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("http403", marks=pytest.mark.slow),
        pytest.param("http404", marks=pytest.mark.slow),
        "http500",
        pytest.param("http503", marks=pytest.mark.slow),
        pytest.param("drop", marks=pytest.mark.slow),
        pytest.param("hang", marks=pytest.mark.slow),
    ],
)
def test_the_server_cannot_reach_its_store(project: FaultProject, proxy: Proxy, mode: Mode) -> None:
    """A server that takes values but no artifacts gets the values and the run's end."""
    proxy.rules = [on(holds("/mlflow-artifacts/"), mode)]
    ended = project.kedro()
    check_files_wait(project, ended)
    proxy.rules = []
    assert project.sync().exit_code == 0
    project.check_complete(ended)
    check_no_file_waits(project)


def test_the_store_comes_back(project: FaultProject, proxy: Proxy) -> None:
    """A store that is away at the beginning only has all files at the end of the run."""
    proxy.rules = [on(holds("/mlflow-artifacts/"), "http503")]
    project.stop_at("last")
    process = project.start()
    project.wait_for("last", process)
    proxy.rules = []
    project.go_on("last")
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    assert project.run.info.status == "FINISHED"
    assert project.artifacts(project.run) == ARTIFACTS
    check_no_file_waits(project)


def test_one_file_is_refused(project: FaultProject, proxy: Proxy) -> None:
    """One file that the server refuses keeps no other file from being delivered."""
    proxy.rules = [on(holds("table.json"), "http413")]
    ended = project.kedro()
    assert project.run.info.status == "FINISHED", ended.said
    assert project.artifacts(project.run) == ARTIFACTS - {"table.json"}
    listed = project.status().output
    assert "table.json" in listed
    assert "413" in listed
    proxy.rules = []
    assert project.sync().exit_code == 0
    project.check_complete(ended)
    check_no_file_waits(project)


# -- folders ---------------------------------------------------------------------------------------


def block_with_a_file(folder: Path) -> Callable[[], None]:
    """Put a file where a folder is to be; what mends it."""
    folder.write_text("in the way", encoding="utf-8")
    return folder.unlink


def block_by_permission(folder: Path) -> Callable[[], None]:
    """Make a folder that nobody may write to; what mends it."""
    folder.mkdir()
    folder.chmod(0o500)
    return lambda: folder.chmod(0o700)


@pytest.mark.parametrize("block", [block_with_a_file, block_by_permission])
def test_a_folder_that_is_closed(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    tmp_path: Path,
    block: Callable[[Path], Callable[[], None]],
) -> None:
    """Files for a folder that cannot be written to are kept until it can."""
    if block is block_by_permission and os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere")
    folder = tmp_path / "closed"
    mend = block(folder)
    location = {"experiment": {"artifact_location": folder.as_uri()}}
    project = make_fault_project(proxy.uri, mlflow=location)
    ended = project.kedro()
    check_files_wait(project, ended)
    assert str(folder) in ended.said
    assert "report.json" in project.status().output
    assert project.sync().exit_code == 1
    check_files_wait(project, ended)
    mend()
    result = project.sync()
    assert result.exit_code == 0, result.output
    project.check_complete(ended)
    check_no_file_waits(project)


# -- names -----------------------------------------------------------------------------------------

ODD_NAMES = ("q#1.csv", "q#2.csv", "why?.csv", "50%25 off.csv", "report #2 (50% done).txt")
# Two that one and the same change would make one, and the change itself as a name.
MORE_NAMES = ("q%231.csv", "q_1.csv", "a b.csv", "ü.csv", "plain.csv")
PARTITIONS = f"""
from kedro.pipeline import node, pipeline

NAMES = {(*ODD_NAMES, *MORE_NAMES)!r}

def write(n):
    return {{name: f"I am {{name}}" for name in NAMES}}, *[f"I am {{name}}" for name in NAMES]

def create_pipeline():
    outputs = [f"file_{{number}}" for number in range(len(NAMES))]
    return pipeline([node(write, "params:n", ["parts", *outputs], name="write")])
"""


def test_odd_names(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, tmp_path: Path
) -> None:
    """Each file is there under a name of its own that MLflow's client finds again."""
    names = (*ODD_NAMES, *MORE_NAMES)
    text = "text.TextDataset"
    parts = {"type": "partitions.PartitionedDataset", "path": "data/parts", "dataset": text}
    catalog: dict[str, Any] = {"parts": {"type": DATASET, "dataset": parts}}
    for number, name in enumerate(names):
        file = {"type": text, "filepath": f"data/single/{name}"}
        catalog[f"file_{number}"] = {"type": DATASET, "dataset": file}
    project = make_fault_project(proxy.uri, PARTITIONS, catalog=catalog, parameters=PARAMETERS)
    ended = project.kedro()
    run = project.run
    assert run.info.status == "FINISHED", ended.said
    paths = project.artifacts(run) - {"gantt.html", "kedro/timeline.json"}
    singles = {path for path in paths if "/" not in path}
    assert len(singles) == len(paths - singles) == len(names), sorted(paths)
    for found in (singles, paths - singles):
        texts = [project.read(run, path, tmp_path / "read") for path in sorted(found)]
        assert sorted(texts) == sorted(f"I am {name}" for name in names)
    changed = set(names) - {Path(path).name for path in paths}
    for name in changed:
        assert name in ended.said
    assert bool(changed) == (ended.warnings > 0)
    assert {"plain.csv", "q_1.csv", "ü.csv"} & changed == set()
    assert project.journals == []
