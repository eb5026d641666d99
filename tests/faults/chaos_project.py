"""The project whose runs are killed, and what each of its notes promises.

30 nodes log parameters, metrics of one and of several steps, artifacts and times; one more saves a
model that is to be registered. Hooks of the project's own, called after all others, note each thing
in a file once it has been logged.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "chaos_project"
NODES = 30
STEPS = 5
MODEL = "model_0"
REGISTERED = "chaos_model"

DATASET = "mlflow_on_kedro.MLflowDataset"
KINDS = {"param": "p", "metric": "m", "series": "m", "artifact": "json"}

PIPELINE = f"""
import functools
import time

from kedro.pipeline import node, pipeline

def work(number, *before):
    time.sleep(0.02)
    return (
        f"text {{number}}", number / 4, [number + step / 8 for step in range({STEPS})],
        {{"number": number, "filler": "x" * 20_000}}, number,
    )

def train(number):
    from sklearn.linear_model import LinearRegression
    return LinearRegression().fit([[0.0], [1.0]], [0.0, float(number)])

def create_pipeline():
    nodes = [node(train, "memory_2", "{MODEL}", name="train")]
    for number in range({NODES}):
        # Three chains side by side, so that runners have something to do at once.
        before = [f"memory_{{number - 3}}"] if number >= 3 else []
        made = ["param", "metric", "series", "artifact", "memory"]
        func = functools.partial(work, number)
        functools.update_wrapper(func, work)
        nodes.append(node(
            func, before or None, [f"{{kind}}_{{number}}" for kind in made], name=f"node_{{number}}"
        ))
    return pipeline(nodes)
"""

# Outermost wrappers: what follows the yield comes after every other hook.
SETTINGS = """
import os

from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks

def note(*words):
    file = os.open(os.environ["NOTES"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, (" ".join(words) + "\\n").encode())
    os.close(file)

class Notes:
    @hook_impl(hookwrapper=True, tryfirst=True)
    def before_pipeline_run(self):
        note("starting")
        yield
        note("started")

    @hook_impl(hookwrapper=True, tryfirst=True)
    def after_node_run(self, node):
        yield
        note("node", node.name)

    @hook_impl(hookwrapper=True, tryfirst=True)
    def after_dataset_saved(self, dataset_name):
        yield
        note("saved", dataset_name)

    @hook_impl(hookwrapper=True, tryfirst=True)
    def after_pipeline_run(self):
        note("ending")
        yield
        note("ended")

HOOKS = (*mlflow_hooks(), Notes())
"""


def write_project(root: Path, uri: str) -> None:
    """Write the project whose runs are killed."""
    import kedro

    catalog: dict[str, Any] = {
        f"{kind}_{{number}}": {"type": DATASET, "dataset": dataset}
        for kind, dataset in KINDS.items()
    }
    catalog[MODEL] = {
        "type": "mlflow_on_kedro.MLflowModelDataset",
        "registered_model_name": REGISTERED,
    }
    source = f"src/{PACKAGE}"
    files = {
        "conf/base/catalog.yml": json.dumps(catalog),  # which is YAML, too
        "conf/base/mlflow.yml": json.dumps({"tracking": {"uri": uri}}),
        "conf/local/credentials.yml": "",
        f"{source}/__init__.py": "",
        f"{source}/cli.py": "from mlflow_on_kedro.cli import cli",
        f"{source}/nodes.py": PIPELINE,
        f"{source}/settings.py": SETTINGS,
        f"{source}/pipeline_registry.py": f"""
            from {PACKAGE}.nodes import create_pipeline

            def register_pipelines():
                return {{"__default__": create_pipeline()}}
            """,
        "pyproject.toml": f"""
            [tool.kedro]
            package_name = "{PACKAGE}"
            project_name = "{PACKAGE}"
            kedro_init_version = "{kedro.__version__}"
            source_dir = "src"
            """,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


@dataclass(frozen=True)
class Held:
    """What MLflow holds of a run.

    Attributes:
        params: Its parameters.
        points: The values of each metric, by step.
        artifacts: The folder of its artifacts.
        models: The names of its models that can be loaded, each as often as it is there.
    """

    params: dict[str, str]
    points: dict[str, dict[int, float]]
    artifacts: Path
    models: Sequence[str]

    def keeps(self, note: str) -> bool:
        """Tell whether what was noted is there, with its value."""
        word, _, name = note.partition(" ")
        if word == "node":
            return f"system/time/{name}" in self.points
        if word != "saved":
            return True  # a word on the run as a whole
        kind, _, number = name.partition("_")
        return self._is_timed("save", name) and _CHECKS[kind](self, name, int(number))

    def _is_timed(self, kind: str, name: str) -> bool:
        timeline = json.loads((self.artifacts / "kedro/timeline.json").read_bytes())
        spans = timeline["spans"]
        return any((span["kind"], span.get("dataset")) == (kind, name) for span in spans)

    def _param(self, name: str, number: int) -> bool:
        return self.params.get(name) == f"text {number}"

    def _metric(self, name: str, number: int) -> bool:
        return self.points.get(name) == {0: number / 4}

    def _series(self, name: str, number: int) -> bool:
        return self.points.get(name) == {step: number + step / 8 for step in range(STEPS)}

    def _memory(self, name: str, number: int) -> bool:
        return self.points.get(name) == {0: number}

    def _artifact(self, name: str, number: int) -> bool:
        path = self.artifacts / f"{name}.json"
        return path.exists() and bool(json.loads(path.read_bytes())["number"] == number)

    def _model(self, name: str, _: int) -> bool:
        return name in self.models


_CHECKS: dict[str, Callable[[Held, str, int], bool]] = {
    "param": Held._param,
    "metric": Held._metric,
    "series": Held._series,
    "memory": Held._memory,
    "artifact": Held._artifact,
    "model": Held._model,
}
