"""What all tests share: a ready-made MLflow store, and small Kedro projects that really run."""

from __future__ import annotations

import functools
import itertools
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.faults.server import Server

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "plugin_src"

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder of the test's own; no telemetry, no developer's variables, no active run."""
    monkeypatch.chdir(tmp_path)
    names = ("TRACKING_URI", "REGISTRY_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID")
    for name in (*(f"MLFLOW_{name}" for name in names), "KEDRO_ENV", *_of_ci()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    yield
    mlflow = sys.modules.get("mlflow")
    if mlflow is not None and hasattr(mlflow, "active_run"):
        while mlflow.active_run() is not None:
            mlflow.end_run()
        mlflow.set_tracking_uri(None)
        mlflow.tracking.fluent._active_experiment_id = None


@functools.cache
def _of_ci() -> tuple[str, ...]:
    """The variables by which the plugin knows what runs it: a CI that runs the tests sets some."""
    from mlflow_on_kedro.runs.code_version import VARIABLES
    from mlflow_on_kedro.tracking.orchestrators import ORCHESTRATORS

    kinds = {name for one in ORCHESTRATORS for name in (one.sign, *one.tags.values())}
    return tuple(sorted(kinds | {name for row in VARIABLES for name in row if name}))


@pytest.fixture(scope="session", autouse=True)
def _heard_signals() -> Iterator[None]:
    """Ctrl-C and the end of a terminal, which a script in the background or `nohup` ignores.

    Processes inherit what is ignored, and tests send these signals to those that they start.
    """
    names = [name for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    ignored = [
        one for name in names if signal.getsignal(one := signal.Signals[name]) == signal.SIG_IGN
    ]
    for one in ignored:
        signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)
    yield
    for one in ignored:
        signal.signal(one, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def _kept_handlers() -> Iterator[None]:
    """Logging as pytest has set it up, which MLflow 3.1 replaces whenever it opens a store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logging.config.fileConfig", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _file_names_of_frames() -> Iterator[None]:
    """A Kedro session without a fifth of its CPU, which goes into ``inspect.stack()``.

    Dynaconf wants only file names from it as Kedro loads settings, but Python reads the source of
    each frame for it, and searches all modules; pytest has about 60 frames.
    """
    found = SimpleNamespace(stack=_frames_with_file_names)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("dynaconf.utils.files", "dynaconf.loaders.py_loader"):
            patch.setattr(f"{module}.inspect", found, raising=False)
        yield


def _frames_with_file_names() -> list[SimpleNamespace]:
    frames = traceback.walk_stack(None)
    return [SimpleNamespace(filename=frame.f_code.co_filename) for frame, _ in frames]


@pytest.fixture(autouse=True)
def _kept_levels() -> Iterator[None]:
    """Loggers as they were: a command that runs in the tests' process turns them down."""
    loggers = [logging.getLogger(name) for name in ("mlflow_on_kedro", "urllib3.connectionpool")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


class _Memory(logging.Handler):
    """The plugin's messages of a level and above, within a block."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []
        self._logger = logging.getLogger("mlflow_on_kedro")

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> list[str]:
        self._logger.addHandler(self)
        return self.messages

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The warnings and errors that the plugin has logged; Kedro takes pytest's own handler away."""
    with _Memory(logging.WARNING) as messages:
        yield messages


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """All that the plugin has logged, INFO too."""
    logger = logging.getLogger("mlflow_on_kedro")
    level = logger.level
    logger.setLevel(logging.INFO)
    with _Memory(logging.INFO) as messages:
        yield messages
    logger.setLevel(level)


@pytest.fixture(scope="session")
def store_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ready-made empty mlflow.db: making one takes seconds, copying it none.

    MLflow loads its 60 migrations whenever it opens a store; here they are loaded once.
    """
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    os.environ.setdefault("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient
    from mlflow.store.db import utils

    here = Path.cwd()
    os.chdir(path.parent)  # MLflow makes a folder `mlruns` wherever it stands
    try:
        MlflowClient(f"sqlite:///{path}").search_experiments()
    finally:
        os.chdir(here)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    newest = functools.cache(utils._get_latest_schema_revision)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "_get_latest_schema_revision", newest)
        yield path


@pytest.fixture(scope="session")
def server(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real MLflow server for all tests, which takes seconds to start."""
    from tests.faults.server import mlflow_server

    folder = tmp_path_factory.mktemp("server")
    database = folder / "mlflow.db"
    shutil.copy(store_template, database)
    with mlflow_server(database, folder) as running:
        yield running


@pytest.fixture
def store_uri(store_template: Path, tmp_path: Path) -> str:
    """The URI of a store of the test's own."""
    path = tmp_path / "mlflow.db"
    shutil.copy(store_template, path)
    return f"sqlite:///{path.as_posix()}"


@pytest.fixture
def client(store_uri: str) -> Any:
    """A client of the test's own store."""
    return _client(store_uri)


@pytest.fixture
def client_of() -> Callable[[str], Any]:
    """A function: the URI of any other store -> a client of it."""
    return _client


def _client(uri: str) -> Any:
    from mlflow import MlflowClient
    from mlflow_on_kedro.mlflow_internals import mlflow_globals

    class Client(MlflowClient):
        """Reads artifacts from its own store; MLflow 3.1 takes the global tracking URI's."""

        def list_artifacts(self, *words: Any, **named: Any) -> Any:
            with mlflow_globals.tracking_uri(uri):
                return super().list_artifacts(*words, **named)

        def download_artifacts(self, *words: Any, **named: Any) -> Any:
            with mlflow_globals.tracking_uri(uri):
                return super().download_artifacts(*words, **named)

    return Client(uri)


@dataclass
class Project:
    """A small Kedro project on disk, tracking to a store of its own (mlflow.db in its root)."""

    root: Path
    package: str

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return f"sqlite:///{(self.root / 'mlflow.db').as_posix()}"

    @property
    def client(self) -> Any:
        """A client of the project's store."""
        return _client(self.uri)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
        return target

    def runs(self, experiment: str | None = None) -> list[Any]:
        """All runs of the project's experiment, the newest first."""
        found = self.client.get_experiment_by_name(experiment or self.package)
        return list(self.client.search_runs([found.experiment_id])) if found else []

    @property
    def run(self) -> Any:
        """The project's only run."""
        (run,) = self.runs()
        return run

    def artifacts(self, run_id: str, folder: str | None = None) -> set[str]:
        """The paths of all artifact files of a run."""
        paths: set[str] = set()
        for item in self.client.list_artifacts(run_id, folder):
            paths |= self.artifacts(run_id, item.path) if item.is_dir else {item.path}
        return paths

    def session_run(self, *, env: str | None = None, runtime_params: Any = None, **run: Any) -> Any:
        """Run in this process, as a notebook does."""
        from kedro.framework.session import KedroSession
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(self.root)
        with KedroSession.create(
            project_path=self.root, env=env, runtime_params=runtime_params
        ) as session:
            return session.run(**run)

    def context(self, env: str | None = None) -> Any:
        """The project's context, as ``%load_ext kedro.ipython`` gives it."""
        from kedro.framework.session import KedroSession
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(self.root)
        with KedroSession.create(project_path=self.root, env=env) as session:
            return session.load_context()

    def kedro(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the ``kedro`` command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "kedro", *words],
            cwd=cwd or self.root,
            env={**os.environ, "PYTHONPATH": str(PLUGIN), "COLUMNS": "200", **(env or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


SETTINGS = """
from mlflow_on_kedro import mlflow_hooks

HOOKS = mlflow_hooks()
"""


@pytest.fixture
def make_project(
    tmp_path: Path, store_template: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Project]:
    """A function that writes a project.

    Arguments: ``pipeline``, the body of a module with node functions and a
    ``create_pipeline() -> Pipeline`` (``node``, ``pipeline`` and ``pd`` need importing there);
    ``catalog`` and ``mlflow`` and ``parameters``, the content of those files as a mapping or text;
    ``settings``, the text of settings.py. Tracking failures are raised unless ``mlflow`` says
    otherwise.
    """

    def make(
        pipeline: str,
        *,
        catalog: Mapping[str, Any] | str | None = None,
        mlflow: Mapping[str, Any] | str | None = None,
        parameters: Mapping[str, Any] | str | None = None,
        settings: str = SETTINGS,
        new_store: bool = False,
    ) -> Project:
        package = f"project_{next(_numbers)}_{os.getpid()}"
        project = Project(tmp_path / package, package)
        project.root.mkdir()
        if mlflow is None or isinstance(mlflow, Mapping):
            # Most tests list what a run has logged; those of provenance switch it on again.
            without = {"provenance": {"enabled": False}}
            mlflow = {"tracking": {"on_failure": "raise"}, **without, **(mlflow or {})}
        files = {"catalog": catalog or {}, "mlflow": mlflow, "parameters": parameters or {}}
        for name, content in files.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content)
            project.write(f"conf/base/{name}.yml", text)
        project.write("conf/local/credentials.yml", "")
        source = f"src/{package}"
        project.write(f"{source}/__init__.py", "")
        project.write(f"{source}/settings.py", settings)
        project.write(f"{source}/nodes.py", pipeline)
        project.write(
            f"{source}/pipeline_registry.py",
            f"""
            from {package}.nodes import create_pipeline

            def register_pipelines():
                return {{"__default__": create_pipeline()}}
            """,
        )
        import kedro

        project.write(
            "pyproject.toml",
            f"""
            [tool.kedro]
            package_name = "{package}"
            project_name = "{package}"
            kedro_init_version = "{kedro.__version__}"
            source_dir = "src"
            """,
        )
        if not new_store:
            shutil.copy(store_template, project.root / "mlflow.db")
        monkeypatch.chdir(project.root)
        return project

    monkeypatch.syspath_prepend(str(PLUGIN))
    return make
