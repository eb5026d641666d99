"""What was refused or is damaged: shown, tried again, dropped; all else is delivered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import SHORT_WAIT
from .nodes import CATALOG, NODES, USES_ALL_PARAMETERS
from .project import FaultProject
from .proxy import Proxy
from .rules import holds, on

MARKER = "marked"
MODEL_NODES = NODES.replace(
    'node(last, "series", ["late", "report"], name="last"),',
    'node(last, "series", ["late", "report"], name="last"),\n'
    '        node(train, "early", "model", name="train"),',
).replace(
    "def create_pipeline",
    "def train(early):\n    from sklearn.linear_model import LinearRegression\n"
    "    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])\n\ndef create_pipeline",
)
MODEL_CATALOG = {**CATALOG, "model": {"type": "mlflow_on_kedro.MLflowModelDataset"}}


# -- what was set aside ----------------------------------------------------------------------------


@pytest.fixture
def refused(offline: FaultProject, proxy: Proxy) -> Path:
    """A journal of which all is delivered but for one parameter, which the server refuses."""
    project = offline.project
    project.write("conf/base/parameters.yml", f"{{n: 3, bad: {MARKER}}}")
    project.write(f"src/{project.package}/nodes.py", USES_ALL_PARAMETERS)
    journal = offline.run_here("first")
    proxy.rules = [on(holds(MARKER.encode()), "http500")]
    result = offline.sync()
    assert offline.states() == {"first": "FINISHED"}, result.output
    assert "bad" not in offline.run.data.params
    assert offline.journals == [journal]
    return journal


def tries(proxy: Proxy) -> int:
    """How often something was refused."""
    return len(proxy.seen(fate="http500"))


def test_sync_tries_again(offline: FaultProject, proxy: Proxy, refused: Path) -> None:
    """Status shows what was refused; sync tries it again, unless it is told not to."""
    listed = offline.status().output
    assert "bad" in listed
    assert "500" in listed
    so_far = tries(proxy)
    offline.sync("--no-refused")
    assert tries(proxy) == so_far
    offline.sync()
    assert tries(proxy) > so_far
    assert offline.journals == [refused]
    proxy.rules = []
    assert offline.sync().exit_code == 0
    assert offline.run.data.params["bad"] == MARKER
    assert offline.journals == []


def test_discard_an_entry(offline: FaultProject, proxy: Proxy, refused: Path) -> None:
    """One entry that was refused can be dropped, by its number in the status."""
    result = offline.discard(refused.name, "2", "--yes")
    assert result.exit_code != 0
    assert offline.journals == [refused]
    result = offline.discard(refused.name, "1", "--yes")
    assert result.exit_code == 0, result.output
    proxy.rules = []
    assert offline.sync().exit_code == 0
    assert "bad" not in offline.run.data.params
    assert offline.journals == []


@pytest.mark.parametrize("by", ["id", "prefix", "name"])
def test_discard_a_run(offline: FaultProject, proxy: Proxy, by: str) -> None:
    """A run can be dropped by its journal's id, by the id's beginning, or by its name."""
    kept = offline.run_here("kept")
    dropped = offline.run_here("dropped")
    names = {"id": dropped.name, "prefix": dropped.name[:6], "name": "dropped"}
    refusing = offline.discard(names[by], answer="n")
    assert set(offline.journals) == {kept, dropped}, refusing.output
    assert "dropped" in refusing.output
    result = offline.discard(names[by], answer="y")
    assert result.exit_code == 0, result.output
    assert offline.journals == [kept]
    assert not dropped.exists()
    assert proxy.seen() == []
    assert offline.sync().exit_code == 0
    assert offline.states() == {"kept": "FINISHED"}


def test_discard_only_what_is_meant(offline: FaultProject) -> None:
    """Nothing is dropped for a name that no run has, or that two runs have."""
    both = {offline.run_here("same") for _ in range(2)}
    for name in ("other", "same"):
        result = offline.discard(name, "--yes")
        assert result.exit_code != 0, result.output
        assert "Traceback" not in result.output
        assert set(offline.journals) == both
    first = min(both)
    assert offline.discard(first.name, "--yes").exit_code == 0
    assert set(offline.journals) == both - {first}


def test_discard_leaves_a_run_in_progress(project: FaultProject, proxy: Proxy) -> None:
    """A run whose process lives is not dropped."""
    proxy.mode = "refuse"
    project.stop_at("last")
    process = project.start("run", SHORT_WAIT)
    project.wait_for("last", process)
    (journal,) = project.journals
    result = project.discard(journal.name, "--yes")
    assert result.exit_code != 0, result.output
    assert project.journals == [journal]
    project.go_on("last")
    process.communicate(timeout=120)


# -- damage ----------------------------------------------------------------------------------------


def remove_description(journal: Path) -> str:
    """Take a model's MLmodel file away; the model's name."""
    (path,) = journal.rglob("MLmodel")
    path.unlink()
    return "model"


def remove_model(journal: Path) -> str:
    """Take all of a model away; its name."""
    (path,) = journal.rglob("MLmodel")
    shutil.rmtree(path.parent)
    return "model"


def remove_file(journal: Path) -> str:
    """Take an artifact away; its name."""
    (path,) = journal.rglob("report.json")
    path.unlink()
    return "report"


@pytest.mark.parametrize(
    "damage",
    [
        remove_description,
        *(pytest.param(one, marks=pytest.mark.slow) for one in (remove_model, remove_file)),
    ],
)
def test_damage(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    damage: Callable[[Path], str],
) -> None:
    """What is damaged in one journal is set aside; all else, and all others, arrive."""
    project = make_fault_project(
        proxy.uri, MODEL_NODES, catalog=MODEL_CATALOG, tracking={"mode": "offline"}
    )
    journals = [project.run_here(name) for name in ("first", "middle", "last")]
    damaged = damage(journals[1])
    result = project.kedro("mlflow", "sync")
    assert "cannot be reached" not in result.said
    assert "Traceback" not in result.said
    assert project.states() == dict.fromkeys(("first", "middle", "last"), "FINISHED"), result.said
    for run in project.runs():
        is_whole = run.info.run_name != "middle"
        report, model = "report.json" in project.artifacts(run), has_model(project, run)
        assert report == (is_whole or damaged != "report"), run.info.run_name
        assert model == (is_whole or damaged != "model"), run.info.run_name
        assert "table.json" in project.artifacts(run)
        assert run.data.metrics["late"] == 21
    assert project.journals == [journals[1]]
    assert damaged in project.status().output
    assert project.discard(journals[1].name, "--yes").exit_code == 0
    assert project.journals == []
    assert project.sync().output.strip() == "Nothing to deliver."


def has_model(project: FaultProject, run: Any) -> bool:
    """Whether MLflow has a run's model, ready to be loaded."""
    models = project.client.search_logged_models([run.info.experiment_id])
    ready = [model for model in models if model.status.name == "READY"]
    return run.info.run_id in {model.source_run_id for model in ready}
