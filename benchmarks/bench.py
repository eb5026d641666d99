"""What all workloads share: folders, environments, projects, a server."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults.proxy import Proxy
from tests.faults.server import mlflow_server

from . import peers, projects
from .measure import Cost, run_process
from .projects import Content, Project

ROOT = Path(__file__).parents[1]

_MAKE_STORE = """
import sys
from mlflow import MlflowClient
MlflowClient(f"sqlite:///{sys.argv[1]}").search_experiments()
"""


class Bench:
    """One run of the suite.

    Args:
        folder: A scratch folder.
        cache: Where the peers' environments are kept.
        quick: Measure little, to see that all works.
    """

    def __init__(self, folder: Path, cache: Path, *, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        self._cache = cache
        self._numbers = itertools.count()
        self._pythons: dict[str, Path | None] = {}
        # Compiled modules start processes seconds faster, for all variants alike.
        hidden = ("MLFLOW", "KEDRO", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        self.env = {name: os.environ[name] for name in os.environ if not name.startswith(hidden)}
        self.env |= {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
        self.env |= {"PYTHONWARNINGS": "ignore", "COLUMNS": "200"}
        # Files of 10,000 parameters; by default such are refused.
        self.env |= {"OMEGACONF_MAX_YAML_EXPANDED_NODES": "none"}
        self.store = self._new_store()

    def choose(self, full: int, quick: int) -> int:
        """A number by how thorough the run is."""
        return quick if self.quick else full

    def new_folder(self, name: str) -> Path:
        """A path that is not there yet."""
        return self.folder / f"{next(self._numbers)}-{name.replace(' ', '-')}"

    def python_of(self, peer: peers.Peer) -> Path | None:
        """The interpreter of a peer; None: it cannot be had."""
        if peer.name not in self._pythons:
            self._pythons[peer.name] = peers.python_of(peer, self._cache)
        return self._pythons[peer.name]

    def empty_store(self) -> str:
        """The URI of a new SQLite store that is there and empty."""
        folder = self.new_folder("store")
        folder.mkdir()
        path = folder / "mlflow.db"
        shutil.copy(self.store, path)
        return f"sqlite:///{path.as_posix()}"

    def project(self, variant: str, content: Content, uri: str | None = None) -> Project | None:
        """Write a project; None if what tracks it cannot be had.

        Args:
            variant: What tracks it: a name in :mod:`benchmarks.projects`.
            content: Its pipeline.
            uri: Where to track. Default: a SQLite store of its own, which is there.
        """
        python: Path | None = Path(sys.executable)
        if variant == projects.KEDRO_MLFLOW:
            python = self.python_of(peers.KEDRO_MLFLOW)
        if variant == projects.PIPELINEX:
            python = self.python_of(peers.PIPELINEX)
        if python is None:
            return None
        return Project(
            self.new_folder(variant),
            variant,
            content,
            python=python,
            env=self.env,
            store=None if uri else self.store,
            uri=uri,
        )

    def projects(
        self, content: Content, *variants: str, uri: str | None = None
    ) -> dict[str, Project]:
        """Write a project for each variant that can be had."""
        made = {variant: self.project(variant, content, uri) for variant in variants}
        return {variant: project for variant, project in made.items() if project is not None}

    def python(self, code: str, *words: str | Path) -> Cost:
        """Run Python code in a process, with the plugin importable."""
        command = [sys.executable, "-c", code, *words]
        env = {**self.env, "PYTHONPATH": str(projects.PLUGIN)}
        return run_process(command, cwd=self.folder, env=env, log=self.folder / "python.log")

    @contextlib.contextmanager
    def server(
        self, *, delay: float = 0.0, bandwidth: float | None = None, workers: int = 1
    ) -> Iterator[Proxy]:
        """A real MLflow server behind a slow line.

        Args:
            delay: Seconds that each request takes longer.
            bandwidth: Bytes a second of what is sent to it.
            workers: How many of its processes answer.
        """
        folder = self.new_folder("server")
        folder.mkdir()
        database = folder / "mlflow.db"
        shutil.copy(self.store, database)
        with (
            mlflow_server(database, folder, workers) as server,
            contextlib.closing(Proxy(server.uri)) as proxy,
        ):
            proxy.delay, proxy.bandwidth = delay, bandwidth
            yield proxy

    def _new_store(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "mlflow.db"
        env = {**self.env, "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool"}
        command = [sys.executable, "-c", _MAKE_STORE, str(path)]
        subprocess.run(command, cwd=self.folder, env=env, check=True, capture_output=True)
        compiling = [sys.executable, "-m", "compileall", "-q", str(projects.PLUGIN)]
        subprocess.run(compiling, check=True)
        return path
