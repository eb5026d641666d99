"""One bad entry: it is handled as it should be, and takes no other with it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from .nodes import DATASET, PARAMETERS
from .processes import Ended
from .project import FaultProject
from .proxy import Proxy

NODES = """
import numpy as np
from kedro.pipeline import node, pipeline

class Thing:
    pass

def make():
    return 1.5, "before", {bad}, 2.5, "after"

def create_pipeline():
    return pipeline([node(make, None, ["number", "word", "bad", "later", "end"], name="make")])
"""


def metric_is(key: str, value: float) -> Callable[[Any], bool]:
    """Tell whether a metric has a value."""
    return lambda data: data.metrics[key] == value


LARGE = {"catalog": {"max_length": 100_000}}
"""Values between nodes are logged even if they are long."""
CASES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "illegal_key": ("{'sum %$': 2.0}", metric_is("bad.sum __", 2)),
    "key_that_is_a_path": ("{'../up': 2.0}", lambda data: 2 in data.metrics.values()),
    "long_key": ("{'k' * 300: 2.0}", lambda data: any(len(key) == 250 for key in data.metrics)),
    "two_keys_alike": (
        "{'a%': 1.0, 'a$': 2.0}",
        lambda data: {value for key, value in data.metrics.items() if "bad" in key} >= {1, 2},
    ),
    "long_value": ("'x' * 10_000", lambda data: len(data.params["bad"]) == 6000),
    "nan": ("float('nan')", lambda data: math.isnan(data.metrics["bad"])),
    "inf": ("float('inf')", lambda data: data.tags["bad"] == "inf" and "bad" not in data.metrics),
    "numpy_inf": ("np.float32('-inf')", lambda data: data.tags["bad"] == "-inf"),
    "huge_int": ("10 ** 400", lambda data: data.tags["bad"].startswith("1000")),
    "object": ("Thing()", lambda data: "bad" not in {**data.params, **data.metrics}),
    "plain_dict": ("{'precision': 0.5, 'recall': 0.25}", metric_is("bad.recall", 0.25)),
    "empty_dict": ("{'full': 1.0, 'empty': {}}", lambda data: data.params["bad.empty"] == "{}"),
    "null_character": ("'a\\x00b'", lambda data: data.params["bad"].startswith("a")),
    "surrogate": ("'a\\ud800b'", lambda data: data.params["bad"].startswith("a")),
}


@pytest.mark.parametrize("case", CASES)
def test_one_bad_entry(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, case: str
) -> None:
    """One bad entry. It is handled as it should be; all others are delivered."""
    bad, is_right = CASES[case]
    project = make_fault_project(proxy.uri, NODES.replace("{bad}", bad), catalog={}, mlflow=LARGE)
    project.project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert (run.data.metrics["number"], run.data.metrics["later"]) == (1.5, 2.5)
    assert (run.data.params["word"], run.data.params["end"]) == ("before", "after")
    assert is_right(run.data), (run.data.params, run.data.metrics, run.data.tags)
    assert project.journals == []


def test_changed_parameter(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """One bad entry, a changed parameter. The first value stays, the other is a tag."""
    same = {"type": DATASET, "dataset": "p", "dataset_name": "same"}
    catalog = dict.fromkeys(("word", "end"), same)
    project = make_fault_project(proxy.uri, NODES.replace("{bad}", "3"), catalog=catalog)
    project.project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params["same"] == "before"
    assert run.data.tags["param_changed.same"] == "after"
    assert run.data.metrics["bad"] == 3


def test_changed_parameter_of_a_continued_run(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """Same run id, a changed parameter. The run stays FINISHED, with both values."""
    text = NODES.replace("def make():", "def make(n):").replace("make, None", "make, 'params:n'")
    project = make_fault_project(proxy.uri, text.replace("{bad}", "n"), parameters=PARAMETERS)
    project.project.session_run()
    again = {"n": 4, "mlflow": {"run": {"id": project.run.info.run_id}}}
    project.project.session_run(runtime_params=again)
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params["n"] == "3"
    assert run.data.tags["param_changed.n"] == "4"
    assert project.series(run, "bad") == [3, 4]


def test_what_mlflow_refuses(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """One bad entry. What only the server refuses is set aside; the rest is delivered."""
    project = make_fault_project(proxy.uri, tracking={"mode": "offline"})
    run = project.kedro()
    (path,) = project.journals[0].glob("*.jsonl")
    whole = {"timestamp": 1, "step": 0}
    refused = [
        {"kind": "metric", "key": "a$b", "value": 1.0, **whole},
        {"kind": "metric", "key": "early_step", "value": 1.0, "timestamp": 1, "step": 2**70},
        {"kind": "param", "key": "k" * 300, "value": "v"},
        {"kind": "param", "key": "n", "value": "another"},
        {"kind": "tag", "key": "", "value": "v"},
    ]
    lines = path.read_text(encoding="utf-8").splitlines()
    middle = len(lines) // 2
    lines[middle:middle] = [json.dumps(entry) for entry in refused]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result: Ended = project.kedro("mlflow", "sync")
    assert result.status == 1, result.said
    assert "a$b" in result.said
    assert "Traceback" not in result.said
    assert project.run.data.params == {"n": "3"}
    assert project.run.data.tags["param_changed.n"] == "another"
    tracked = project.check_complete(run)
    assert "a$b" not in tracked.data.metrics
    waiting = project.status().output
    assert "metric 'a$b': refused" in waiting
    assert f"param '{'k' * 300}'" in waiting
    assert project.kedro("mlflow", "discard", project.journals[0].name, "--yes").status == 0
    assert project.journals == []
    assert project.check_complete(run).data.params == {"n": "3"}
