"""Offline by choice: no server is contacted, and the journal travels to where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .nodes import NODES, PARAMETERS
from .project import FaultProject
from .proxy import Proxy

LOOKING = NODES.replace(
    'reach("last")',
    'reach("last")\n    (SIGNALS / "mlflow_imported").write_text(str("mlflow" in sys.modules))',
).replace("import os\n", "import os\nimport sys\n")


@pytest.mark.parametrize("chosen", ["file", "environment", "params"])
def test_nothing_is_contacted(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, chosen: str
) -> None:
    """Offline by choice. No request, no import of mlflow, no warning; sync delivers all."""
    tracking = {"mode": "offline"} if chosen == "file" else {}
    environment = {"MLFLOW_ON_KEDRO_MODE": "offline"} if chosen == "environment" else {}
    words = ["--params", "mlflow.tracking.mode=offline"] if chosen == "params" else []
    project = make_fault_project(proxy.uri, LOOKING, tracking=tracking)
    run = project.kedro("run", *words, **environment)
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    assert proxy.seen() == []
    assert (project.signals / "mlflow_imported").read_text() == "False"
    assert len(project.journals) == 1
    assert "kedro mlflow sync" in run.said
    result = project.sync()
    assert result.exit_code == 0, result.output
    project.check_complete(run)


@pytest.mark.parametrize("part", ["folder", "one"])
def test_carried_elsewhere(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, tmp_path: Path, part: str
) -> None:
    """Offline by choice. A copied folder is delivered from another project, completely."""
    project = make_fault_project("http://unreachable.invalid:5000", tracking={"mode": "offline"})
    run = project.kedro("run", "--runner=ThreadRunner")
    assert run.status == 0, run.said
    source = project.journal.parent if part == "folder" else project.journals[0]
    carried = tmp_path / "stick" / source.name
    shutil.copytree(source, carried)
    shutil.rmtree(project.root / "data")
    shutil.rmtree(project.journal.parent)
    other = make_fault_project(proxy.uri, parameters=PARAMETERS)
    status = other.status(str(carried))
    assert status.exit_code == 0, status.output
    assert "Nothing" not in status.output
    result = other.sync(str(carried), "--uri", proxy.uri)
    assert result.exit_code == 0, result.output
    project.check_complete(run)
    assert other.runs() == []
    if part == "one":
        assert not carried.exists()
    else:
        assert other.sync(str(carried)).output.strip() == "Nothing to deliver."
    assert list(tmp_path.glob("stick/**/run.json")) == []


def test_workers(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """Offline by choice. Worker processes write to the same journal."""
    project = make_fault_project(proxy.uri, LOOKING, tracking={"mode": "offline"})
    run = project.kedro("run", "--runner=ParallelRunner", KEDRO_MP_CONTEXT="spawn")
    assert run.status == 0, run.said
    assert proxy.seen() == []
    assert (project.signals / "mlflow_imported").read_text() == "False"
    assert project.sync().exit_code == 0
    project.check_complete(run)


def test_a_failure_offline(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """Node raises. Offline too it is FAILED, with error and traceback, once delivered."""
    failing = NODES.replace('reach("last")', 'raise OSError("disk gone")')
    project = make_fault_project(proxy.uri, failing, tracking={"mode": "offline"})
    run = project.kedro()
    assert run.status == 1, run.said
    assert project.sync().exit_code == 0
    assert project.run.info.status == "FAILED"
    assert project.run.data.tags["error"] == "OSError: disk gone"
    assert "error/traceback.txt" in project.artifacts(project.run)


def test_nothing_to_deliver(project: FaultProject) -> None:
    """Offline by choice. Without a journal sync and status say so, and import no mlflow."""
    result = project.kedro("mlflow", "sync")
    assert result.status == 0, result.said
    assert "Nothing to deliver." in result.said
    assert project.status().exit_code == 0
