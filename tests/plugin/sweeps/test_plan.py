"""Tests of the plan of a sweep in a project: what its parameters change, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from tests.conftest import Project

NODES = """
    from kedro.pipeline import node, pipeline

    def create_pipeline():
        return pipeline([
            node(len, "raw", "size", name="measure"),
            node(max, ["size", "params:model"], "model", name="fit", tags="training"),
            node(max, ["model", "params:limit"], "score", name="score"),
            node(len, "raw", "table", name="tabulate"),
            node(min, ["score", "size"], "page", name="show", tags="shown"),
        ])
"""
CATALOG = {
    "raw": {"type": "json.JSONDataset", "filepath": "data/raw.json"},
    "table": {"type": "json.JSONDataset", "filepath": "${runtime_params:place,data}/t.json"},
    "score": {"type": "json.JSONDataset", "filepath": "s3://bucket/score.json"},
}
PARAMETERS = {"model": {"depth": 1, "api_key": "x"}, "limit": "${model.depth}", "unused": 1}
OVER = ("--optimize", "f1", "--over")
BOTH = ("--param", "limit=1..2", "--param")


@pytest.fixture
def sweep(make_project: Callable[..., Project]) -> Callable[..., Result]:
    """A function that runs the command with `--dry-run` in a project."""
    project = make_project(NODES, catalog=CATALOG, parameters=PARAMETERS)
    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)

    def run(*words: str, dry: bool = True) -> Result:
        from mlflow_on_kedro.cli import cli

        options = ["--dry-run"] if dry else []
        return CliRunner().invoke(cli, ["mlflow", "sweep", *options, *words], obj=metadata)

    return run


def test_dry_run(sweep: Callable[..., Result]) -> None:
    """The combinations, and which nodes run once."""
    done = sweep("--param", "limit=1..25")
    assert done.output.splitlines()[:2] == ["25 combinations:", "  limit=1"]
    more, once, each = done.output.splitlines()[-3:]
    assert more == "  … and 5 more"
    assert sorted(once.removeprefix("Nodes that run once: ").split(", ")) == [
        "fit",
        "measure",
        "tabulate",
    ]
    assert each == "Nodes that run for each combination: score, show"


@pytest.mark.parametrize(
    ("words", "nodes"),
    [
        (["--param", "model.depth=1,2"], {"fit", "score", "show"}),
        # It changes where `table` is, and no parameter.
        (["--param", "place=here,there"], {"tabulate"}),
        (["--param", "limit=1,2", "--no-reuse"], {"measure", "fit", "score", "tabulate", "show"}),
        (["--param", "model.depth=1,2", "--tags", "training"], {"fit"}),
    ],
)
def test_nodes(sweep: Callable[..., Result], words: list[str], nodes: set[str]) -> None:
    """What depends on a parameter runs for each combination, also through an interpolation."""
    done = sweep("--json", *words)
    assert set(json.loads(done.output)["nodes"]) == nodes


@pytest.mark.parametrize(
    ("tags", "from_nodes", "node_names"),
    [((), ("fit",), ()), (("training", "shown"), (), ("fit",))],
)
@pytest.mark.usefixtures("sweep")
def test_nodes_of_a_combination(
    tags: tuple[str, ...], from_nodes: tuple[str, ...], node_names: tuple[str, ...]
) -> None:
    """With tags the nodes are named: --from-nodes would add those after a node without the tag."""
    from mlflow_on_kedro.config.sweep_entries import SweepEntry
    from mlflow_on_kedro.sweeps.combination import Setup
    from mlflow_on_kedro.sweeps.plan import make_plan

    setup = Setup(Path.cwd(), sweep="", folder=Path.cwd(), parent="", tags=tags)
    plan = make_plan(SweepEntry({"model.depth": "1,2"}, tags=list(tags)), setup, "--param")
    made = plan.combination(1, {"model.depth": 1})
    assert (made.from_nodes, made.node_names) == (from_nodes, node_names)


@pytest.mark.usefixtures("sweep")
def test_interpolated() -> None:
    """A parameter that is made of another one changes with it."""
    from mlflow_on_kedro.sweeps import changes
    from mlflow_on_kedro.sweeps.combination import Setup
    from mlflow_on_kedro.sweeps.space import Choices

    setup = Setup(Path.cwd(), sweep="", folder=Path.cwd(), parent="")
    base = changes.configuration(changes.context_of(setup, {}))
    found = changes.find_changes(setup, {"model.depth": Choices((1, 2))}, base)
    assert found == ({"model.depth", "limit"}, set())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--param", "model.dept=1"], "no parameter 'model.dept'. Did you mean 'model.depth'?"),
        (["--param", "unused=1,2"], "No node of the pipeline '__default__' depends on unused."),
        (["--param", "model.api_key=a,b"], "'model.api_key' looks like a secret"),
        ([*BOTH, "limit=3"], "--param gives 'limit' twice"),
        (["--param", "model=1", "--param", "model.depth=2"], "both 'model' and 'model.depth'"),
        (["--param", "limit=1", "--jobs", "2"], "'score' (s3://bucket/score.json)"),
        (["--param", "limit=1", "--pipeline", "x"], "no pipeline 'x'. There are: __default__."),
        (["--param", "limit=1", "--tags", "y"], "one of the tags y. There are: shown, training."),
        (["--param", "limit=1", "--trials", "3"], "--trials needs the metric"),
        (["--param", "limit=uniform(0,1)"], "which has no grid"),
        (["--param", "limit=1", "--over", "limit"], "--over needs the metric"),
        ([*OVER, "n", "--param", "limit=1,2"], "does not change 'n'. It changes: limit."),
        ([*OVER, "limit", "--param", "limit=1,2"], "--over names all parameters of the sweep"),
        ([*OVER, "limit", "--param", "limit=1,2", "--trials", "3"], "with --trials Optuna chooses"),
        (["--resume"], "There is nothing to resume"),
        ([], "Say which parameters to change"),
    ],
)
def test_mistakes(sweep: Callable[..., Result], words: list[str], message: str) -> None:
    """A mistake gives one message, and nothing runs."""
    done = sweep(*words)
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
    assert not list(Path.cwd().glob(".mlflow_on_kedro/sweeps/*"))


@pytest.mark.parametrize(
    ("mlflow", "settings", "message"),
    [
        ({"enabled": False}, None, "are not tracked: mlflow.yml has `enabled: false`"),
        ({}, "", "its settings.py has no hooks of this plugin"),
    ],
)
def test_not_tracked(
    make_project: Callable[..., Project],
    mlflow: Mapping[str, Any],
    settings: str | None,
    message: str,
) -> None:
    """Without runs in MLflow a sweep has nothing to compare."""
    from mlflow_on_kedro.cli import cli

    given = {} if settings is None else {"settings": settings}
    project = make_project(NODES, parameters=PARAMETERS, mlflow=mlflow, **given)
    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    words = ["mlflow", "sweep", "--param", "limit=1,2"]
    done = CliRunner().invoke(cli, words, obj=metadata)
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
