"""What is read of the files below ``kedro/``, whoever has written them."""

from __future__ import annotations

import json

from mlflow_on_kedro.comparing.recorded_files import parsed

ENVIRONMENT = {
    "format": 1,
    "command": "kedro run --tags=x",
    "kedro": {"pipeline": "train", "tags": ["x"], "env": None},
    "git": {"commit": "4f1c", "branch": "main", "dirty": True, "untracked": [], "diff_cut": False},
    "python": {"version": "3.11.7"},
    "platform": {"system": "linux"},
    "hardware": {"cores": 8, "gpus": [{"name": "L4", "driver": "550"}]},
}


def test_files() -> None:
    """Each file becomes plain names and values."""
    nodes = [{"name": "fit", "func": "wine.fit", "inputs": {"x": "wines"}, "outputs": ["model"]}]
    found = parsed(
        {
            "kedro/environment.json": json.dumps(ENVIRONMENT),
            "kedro/parameters.yml": "model:\n  C: 1.0\n  kind: '1e5'\n",
            "kedro/pipeline.json": json.dumps({"nodes": nodes, "inputs": ["wines"]}),
            "kedro/requirements.txt": "# mine==1 (local: file:///x)\nPandas==2.2.0\n",
            "kedro/loaded/a.json": '{"datasets": {"m": {"uri": "models:/m/1"}}}',
            "kedro/code.diff.txt": "diff --git a/x b/x\n",
        }
    )
    assert found["command"] == "kedro run --tags=x"
    assert found["parameters"] == {"model.C": 1.0, "model.kind": "1e5"}
    assert found["pipeline"] == {
        "node fit": "wine.fit(x=wines) -> model",
        "pipeline": "train",
        "tags": ["x"],
    }
    assert found["packages"] == {
        "mine": "# mine==1 (local: file:///x)",
        "pandas": "Pandas==2.2.0",
    }
    assert found["loaded"] == {"m": {"uri": "models:/m/1"}}
    assert found["environment"] == {
        "python.version": "3.11.7",
        "platform.system": "linux",
        "cores": 8,
        "gpus": ["L4 (driver 550)"],
    }
    assert found["code"].diff == "diff --git a/x b/x\n"


def test_nothing() -> None:
    """What is not there, damaged or left out counts as not recorded."""
    texts = {
        "kedro/parameters.yml": "# Left out: there are more than 10,000 values.\n",
        "kedro/catalog.yml": "a: [",
        "kedro/pipeline.json": "[]",
        "kedro/environment.json": "{",
        "kedro/loaded.json": "null",
    }
    for found in (parsed({}), parsed(texts)):
        names = ("parameters", "catalog", "pipeline", "packages", "loaded")
        assert {found[name] for name in names} == {None}
        assert "environment" not in found


def test_objects() -> None:
    """A value that was written as its repr is compared, but can be passed to no run."""
    text = "# model.clock: no YAML, so it is written as its repr.\nmodel:\n  clock: <x>\n  C: 1\n"
    found = parsed({"kedro/parameters.yml": text})
    assert found["parameters"] == {"model.clock": "<x>", "model.C": 1}
    assert found["parameters_whole"] == {"model": {"C": 1}}


def test_changes_that_were_not_recorded() -> None:
    """A run with changes, but without a recorded diff, has unknown code."""
    found = parsed({"kedro/environment.json": json.dumps(ENVIRONMENT)})
    assert found["code"].diff is None
    git = {**ENVIRONMENT["git"], "untracked": ["notes.txt"]}
    found = parsed({"kedro/environment.json": json.dumps({**ENVIRONMENT, "git": git})})
    assert found["code"].diff == ""


def test_catalog_of_a_combination() -> None:
    """The paths are the project's, and entries that only the sweep has made are left out."""
    own = ".mlflow_on_kedro/sweeps/s-1/0003/data"
    text = f"""
"{{name}}_model": {{type: P, filepath: "data/{{name}}.pkl"}}
wines: {{type: C, filepath: data/wine.csv}}
report: {{type: M, dataset: {{filepath: {own}/report.json}}}}
big_model: {{type: P, filepath: {own}/big.pkl}}
kept: {{type: mlflow_on_kedro.sweeps.kept_value.KeptValue, filepath: x.pkl}}
"""
    assert parsed({"kedro/catalog.yml": text})["catalog"] == {
        "{name}_model.type": "P",
        "{name}_model.filepath": "data/{name}.pkl",
        "wines.type": "C",
        "wines.filepath": "data/wine.csv",
        "report.type": "M",
        "report.dataset.filepath": "data/report.json",
    }
