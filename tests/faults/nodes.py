"""A pipeline whose nodes stop where a test wants, and what a complete run of it has."""

from __future__ import annotations

# `reach` says that a node is there, and waits as long as the test has put a stop there.
NODES = """
import os
import time
from pathlib import Path

from kedro.pipeline import node, pipeline

SIGNALS = Path(os.environ["SIGNALS"])

def reach(place):
    (SIGNALS / f"reached_{place}").write_text(str(os.getpid()))
    deadline = time.monotonic() + 120
    while (SIGNALS / f"stop_{place}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)

def first(n):
    return n * 2, [{"row": row} for row in range(n)]

def middle(early):
    reach("middle")
    return [early, early + 1, early + 2]

def last(series):
    reach("last")
    return sum(series), {"series": series}

def create_pipeline():
    return pipeline([
        node(first, "params:n", ["early", "table"], name="first"),
        node(middle, "early", "series", name="middle"),
        node(last, "series", ["late", "report"], name="last"),
    ])
"""
# The same, with all parameters there are.
USES_ALL_PARAMETERS = NODES.replace("params:n", "parameters").replace(
    "def first(n):", 'def first(parameters):\n    n = parameters["n"]'
)
DATASET = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    "early": {"type": DATASET, "dataset": "m"},
    "table": {"type": DATASET, "dataset": "json"},
    "series": {"type": DATASET, "dataset": "m"},
    "late": {"type": DATASET, "dataset": "m"},
    "report": {"type": DATASET, "dataset": "json"},
}
VALUES_ONLY = {name: CATALOG[name] for name in ("early", "series", "late")}
PARAMETERS = {"n": 3}
SERIES = [6.0, 7.0, 8.0]
METRICS = {"early": 6.0, "late": 21.0}
TIMES = {
    "system/time/pipeline",
    *(f"system/time/{name}" for name in ("first", "middle", "last")),
}
IO_METRICS = ("system/time/load/", "system/time/save/")
ARTIFACTS = {"table.json", "report.json", "gantt.html", "kedro/timeline.json"}
