"""Artifacts of one name: each is there, and found again by its dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.io import AbstractDataset
from kedro.runner import ThreadRunner
from kedro_datasets.json import JSONDataset
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.datasets.artifact_places import with_same_path

TYPE = "mlflow_on_kedro.MLflowDataset"


def bound(name: str, root: Path, **given: Any) -> MLflowDataset:
    """A dataset that knows its name."""
    dataset = MLflowDataset(**{"dataset": "json", **given})
    dataset.bind(name, root, None)
    return dataset


BOTH = {"de.report", "fr.report"}
CASES: dict[str, tuple[set[str], dict[str, dict[str, Any]]]] = {
    "files": (
        BOTH,
        {
            "de.report": {"filepath": "data/de/report.json"},
            "fr.report": {"filepath": "data/fr/report.json"},
            "all": {"filepath": "data/all.json"},
        },
    ),
    "a type": (
        BOTH,
        {
            "de.report": {"dataset": {"type": "json.JSONDataset", "filepath": "de/a.json"}},
            "fr.report": {"filepath": "fr/a.json"},
        },
    ),
    "folders": (
        BOTH,
        {
            name: {
                "dataset": {
                    "type": "partitions.PartitionedDataset",
                    "path": f"data/{name}/parts",
                    "dataset": "json.JSONDataset",
                }
            }
            for name in BOTH
        },
    ),
    "in a folder": (
        BOTH,
        {
            "de.report": {"filepath": "de/a.json", "artifact_path": "reports"},
            "fr.report": {"filepath": "fr/a.json", "artifact_path": "reports"},
        },
    ),
    "in folders": (
        set(),
        {
            "de.report": {"filepath": "de/a.json", "artifact_path": "de"},
            "fr.report": {"filepath": "fr/a.json", "artifact_path": "fr"},
        },
    ),
    "one file": (set(), {"a": {"filepath": "a.json"}, "b": {"filepath": "a.json"}}),
    "transcoded": (set(), {"a@one": {"filepath": "a.json"}, "a@two": {"filepath": "a.json"}}),
    "remote": (set(), {"a": {"filepath": "a.json"}, "b": {"filepath": "memory://b/a.json"}}),
    "values": (set(), {"a": {"dataset": "m"}, "b": {"dataset": "m"}, "c": {"dataset": None}}),
    "another run": (
        set(),
        {"a": {"filepath": "1/a.json"}, "b": {"filepath": "2/a.json", "saving_run_id": "ab"}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_which_meet(case: str, tmp_path: Path) -> None:
    """Those of one place and of several local files; all others stay where they have been."""
    expected, given = CASES[case]
    datasets: dict[str, AbstractDataset[Any, Any]] = {
        name: bound(name, tmp_path, **entry) for name, entry in given.items()
    }
    assert with_same_path(datasets, set()) == expected


def test_others_that_are_logged(tmp_path: Path) -> None:
    """A dataset of Kedro's that is logged by its name counts; one that is not logged does not."""
    datasets: dict[str, AbstractDataset[Any, Any]] = {
        "a": bound("a", tmp_path, filepath="1/a.json"),
        "b": JSONDataset(filepath=(tmp_path / "2" / "a.json").as_posix()),
    }
    assert with_same_path(datasets, {"b"}) == {"a", "b"}
    assert with_same_path(datasets, set()) == set()


PIPELINE = """
    from kedro.pipeline import node, pipeline

    def report(name):
        return {"country": name}

    def both(*reports):
        return [report["country"] for report in reports]

    def create_pipeline():
        nodes = [
            node(report, f"params:{name}", f"{name}.{kind}", name=f"{kind}_{name}")
            for name in ("de", "fr") for kind in ("report", "plain")
        ]
        return pipeline([*nodes, node(both, ["de.report", "fr.report"], "summary", name="both")])
"""
REPORT = {"type": TYPE, "dataset": "json"}
CATALOG = {
    "{ns}.report": {**REPORT, "filepath": "data/{ns}/report.json", "caching": False},
    "{ns}.plain": {"type": "json.JSONDataset", "filepath": "data/{ns}/plain.json"},
    "summary": REPORT,
}
LOGGED = {"artifacts": {"after_node_run": ["de.plain", "fr.plain"]}, "time": {"gantt": False}}


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project with two namespaces."""
    names = {"de": "de", "fr": "fr"}
    return make_project(PIPELINE, catalog=CATALOG, parameters=names, mlflow=LOGGED)


@pytest.mark.parametrize("parallel", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_namespaces(project: Any, parallel: bool) -> None:
    """Both artifacts are there, and each is loaded by its dataset, in this run and in others."""
    if parallel:
        result = project.kedro("run", "--runner", "ParallelRunner")
        assert result.returncode == 0, result.stderr
    else:
        project.session_run(runner=ThreadRunner(max_workers=2))
    run_id = project.run.info.run_id
    assert {path for path in project.artifacts(run_id) if path.endswith(".json")} >= {
        "de.report/report.json",
        "fr.report/report.json",
        "de.plain/plain.json",
        "fr.plain/plain.json",
        "summary.json",
    }
    entry = {**REPORT, "filepath": "other/{ns}/report.json", "loading_run_id": run_id}
    project.write("conf/again/catalog.yml", yaml.safe_dump({"{ns}.report": entry}))
    project.session_run(env="again", node_names=["both"])
    assert json.loads((project.root / "data/mlflow/summary.json").read_text()) == ["de", "fr"]


def test_a_single_one_and_a_run_of_before(project: Any) -> None:
    """Where nothing meets the place is as it was, and there it is found in earlier runs."""
    project.session_run(node_names=["report_de"])
    run_id = project.run.info.run_id
    assert "report.json" in project.artifacts(run_id)
    dataset = MLflowDataset("json", "new/report.json", loading_run_id=run_id)
    dataset.bind("de.report", project.root, project.uri)
    assert dataset.load() == {"country": "de"}


def test_parts_of_one_run(project: Any) -> None:
    """Processes that log to one run agree, though none saves both."""
    key = {"mlflow": {"run": {"key": "nightly"}}}
    for name in ("de", "fr"):
        project.session_run(node_names=[f"report_{name}"], runtime_params=key)
    found = project.artifacts(project.run.info.run_id)
    assert found >= {"de.report/report.json", "fr.report/report.json"}
