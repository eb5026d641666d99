"""Kedro projects that differ in one thing: what tracks them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from .measure import Cost, run_process

PACKAGE = "bench"
PLUGIN = Path(__file__).parents[1] / "plugin_src"

PLAIN = "plain Kedro"
IMPORT = "plain Kedro that imports mlflow"
OURS = "mlflow_on_kedro"
UNCOMPILED = "mlflow_on_kedro, its copy in src never compiled"
WITHOUT_PROVENANCE = "mlflow_on_kedro without provenance"
KEDRO_MLFLOW = "kedro-mlflow"
PIPELINEX = "PipelineX"

NODES_BEGIN = """
import os
import time
from functools import partial, update_wrapper
from pathlib import Path

from kedro.pipeline import node, pipeline
{imports}
TIMES = str(Path(__file__).parents[2] / "times.txt")

def note(begin):
    line = f"{{begin}} {{time.time()}}\\n".encode()
    file = os.open(TIMES, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, line)
    os.close(file)
"""
"""How the module with the nodes begins; each node notes when it ran."""
_NODES = """
SHAPE = {shape}

def step(number, *_):
    begin = time.time()
    time.sleep(SHAPE["seconds"])
    points = SHAPE["points"]
    metric = number + 0.5 if points == 1 else [float(value) for value in range(points)]
    outputs = [metric] * SHAPE["metrics"]
    outputs += [os.urandom(SHAPE["artifact_bytes"]) for _ in range(SHAPE["artifacts"])]
    note(begin)
    return tuple(outputs)

def create_pipeline(**_):
    return pipeline([
        node(
            update_wrapper(partial(step, number), step),
            [f"params:p{{number}}"] if SHAPE["params"] else None,
            [f"m{{number}}_{{n}}" for n in range(SHAPE["metrics"])]
            + [f"a{{number}}_{{n}}" for n in range(SHAPE["artifacts"])],
            name=f"node{{number}}",
        )
        for number in range(SHAPE["nodes"])
    ])
"""
REGISTRY = f"""
from {PACKAGE}.nodes import create_pipeline

def register_pipelines():
    return {{"__default__": create_pipeline()}}
"""
OURS_SETTINGS = "from mlflow_on_kedro import mlflow_hooks\n\nHOOKS = mlflow_hooks()\n"
PIPELINEX_SETTINGS = """
from pipelinex import (
    MLflowArtifactsLoggerHook,
    MLflowBasicLoggerHook,
    MLflowCatalogLoggerHook,
    MLflowEnvVarsLoggerHook,
    MLflowTimeLoggerHook,
)

HOOKS = (
    MLflowBasicLoggerHook(uri="{uri}", experiment_name="bench"),
    MLflowCatalogLoggerHook(auto=True),
    MLflowArtifactsLoggerHook(),
    MLflowEnvVarsLoggerHook(),
    MLflowTimeLoggerHook(gantt_filepath="gantt.html"),
)
"""


class Content(Protocol):
    """What a project's pipeline is made of."""

    def module(self, imports: str) -> str:
        """The module with the nodes."""

    def parameters(self) -> dict[str, Any]:
        """The content of parameters.yml."""

    def catalog(self, variant: str) -> dict[str, Any]:
        """The content of catalog.yml, by what tracks the project."""

    def files(self) -> dict[str, bytes]:
        """Files that the pipeline reads, by their paths in the project."""


@dataclass(frozen=True)
class Shape:
    """A pipeline of nodes that are all alike.

    Attributes:
        nodes: How many.
        params: Parameters of each; more than one are keys of one dict.
        metrics: Metrics of each.
        points: Points of each metric.
        artifacts: Artifacts of each.
        artifact_bytes: The size of one.
        seconds: How long each node takes, asleep.
    """

    nodes: int = 3
    params: int = 1
    metrics: int = 1
    points: int = 1
    artifacts: int = 0
    artifact_bytes: int = 1000
    seconds: float = 0.0

    def module(self, imports: str) -> str:
        """The module with the nodes."""
        return NODES_BEGIN.format(imports=imports) + _NODES.format(shape=repr(asdict(self)))

    def parameters(self) -> dict[str, Any]:
        """The content of parameters.yml."""
        value: Any = 1 if self.params == 1 else {f"key{n}": n for n in range(self.params)}
        return {f"p{number}": value for number in range(self.nodes)} if self.params else {}

    def catalog(self, variant: str) -> dict[str, Any]:
        """The content of catalog.yml."""
        entries = {}
        for number in range(self.nodes):
            for n in range(self.metrics):
                entries[f"m{number}_{n}"] = _METRIC.get(variant)
            for n in range(self.artifacts):
                entries[f"a{number}_{n}"] = _artifact(variant, f"a{number}_{n}")
        return {name: entry for name, entry in entries.items() if entry}

    def files(self) -> dict[str, bytes]:
        """Files that the pipeline reads."""
        return {}


_METRIC = {
    OURS: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    PIPELINEX: {"type": "pipelinex.MLflowDataSet", "dataset": "m"},
    KEDRO_MLFLOW: {"type": "kedro_mlflow.io.metrics.MlflowMetricDataset"},
}


def _artifact(variant: str, name: str) -> dict[str, Any]:
    file = {"type": "pickle.PickleDataset", "filepath": f"data/{name}.pkl"}
    wrapper = {"type": "kedro_mlflow.io.artifacts.MlflowArtifactDataset", "dataset": file}
    return {
        OURS: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "pkl"},
        PIPELINEX: {"type": "pipelinex.MLflowDataSet", "dataset": "pkl"},
        KEDRO_MLFLOW: wrapper,
    }.get(variant, file)


class Project:
    """A project on disk.

    Args:
        root: Its folder, which is made.
        variant: What tracks it: one of the names above.
        content: Its pipeline.
        python: The interpreter that runs it.
        env: Environment variables of its processes.
        store: An empty ``mlflow.db``, to be copied; None: the run tracks to ``uri``.
        uri: Where to track.
    """

    def __init__(
        self,
        root: Path,
        variant: str,
        content: Content,
        *,
        python: Path,
        env: Mapping[str, str],
        store: Path | None = None,
        uri: str | None = None,
    ) -> None:
        self.root, self.content = root, content
        self.variant = OURS if variant in {UNCOMPILED, WITHOUT_PROVENANCE} else variant
        self._mlflow_yml: dict[str, Any] = {}
        if variant == WITHOUT_PROVENANCE:
            self._mlflow_yml = {"provenance": {"enabled": False}}
        self._python = python
        self._env = dict(env)
        if store is not None:
            root.mkdir(parents=True)
            shutil.copy(store, root / "mlflow.db")
        self.uri = uri or f"sqlite:///{(root / 'mlflow.db').as_posix()}"
        if variant in {OURS, WITHOUT_PROVENANCE}:
            self._env["PYTHONPATH"] = str(PLUGIN)
        if variant == UNCOMPILED:
            self._env["PYTHONDONTWRITEBYTECODE"] = "1"
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PLUGIN / OURS, root / "src" / OURS, ignore=ignored)
        self._write_all()

    def run(self, *words: str) -> Cost:
        """Run ``kedro run``.

        Raises:
            RuntimeError: It fails, or not all was delivered.
        """
        times = self.root / "times.txt"
        times.unlink(missing_ok=True)
        cost = self.kedro("run", *words)
        lines = times.read_text(encoding="utf-8").split()
        loop = max(map(float, lines)) - min(map(float, lines))
        if any((self.root / ".mlflow_on_kedro" / "journal").glob("*/run.json")):
            raise RuntimeError(f"{self.root}: not all was delivered")
        return replace(cost, loop=loop)

    def kedro(self, *words: str) -> Cost:
        """Run a ``kedro`` command."""
        command = [self._python, "-m", "kedro", *words]
        return run_process(command, cwd=self.root, env=self._env, log=self.root / "log.txt")

    # -- files ---------------------------------------------------------------------------------

    def _write(self, path: str, content: Any) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        target.write_text(text, encoding="utf-8")

    def _write_all(self) -> None:
        imports = "import mlflow\n" if self.variant == IMPORT else ""
        source = f"src/{PACKAGE}"
        self._write(f"{source}/__init__.py", "")
        self._write(f"{source}/settings.py", self._settings())
        self._write(f"{source}/nodes.py", self.content.module(imports))
        self._write(f"{source}/pipeline_registry.py", REGISTRY)
        if self.variant == OURS:
            self._write(f"{source}/cli.py", "from mlflow_on_kedro.cli import cli\n")
        self._write("conf/base/catalog.yml", self.content.catalog(self.variant))
        self._write("conf/base/parameters.yml", self.content.parameters())
        for path, content in self.content.files().items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self._write("conf/local/credentials.yml", "")
        if self.variant == OURS:
            self._write("conf/base/mlflow.yml", {"tracking": {"uri": self.uri}, **self._mlflow_yml})
        if self.variant == KEDRO_MLFLOW:
            params = {"dict_params": {"flatten": True}}
            content = {"server": {"mlflow_tracking_uri": self.uri}, "tracking": {"params": params}}
            self._write("conf/base/mlflow.yml", content)
        version = "0.18.14" if self.variant == PIPELINEX else "1.7.0"
        self._write(
            "pyproject.toml",
            f'[tool.kedro]\npackage_name = "{PACKAGE}"\nproject_name = "{PACKAGE}"\n'
            f'kedro_init_version = "{version}"\nsource_dir = "src"\n',
        )

    def _settings(self) -> str:
        return {OURS: OURS_SETTINGS, PIPELINEX: PIPELINEX_SETTINGS}.get(self.variant, "").replace(
            "{uri}", self.uri
        )
