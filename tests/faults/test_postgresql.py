"""A server that keeps runs in PostgreSQL, which takes less than SQLite does."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator

import pytest

from .nodes import PARAMETERS, USES_ALL_PARAMETERS
from .project import FaultProject
from .server import served

PROGRAMS = {name: shutil.which(name) for name in ("initdb", "pg_ctl", "postgres")}
pytestmark = pytest.mark.skipif(
    not all(PROGRAMS.values()) or importlib.util.find_spec("psycopg2") is None,
    reason="PostgreSQL or psycopg2 is not installed",
)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of its own, reached by a socket in its folder; its URI for SQLAlchemy."""
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL does not run as root
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if user is not None:
            shutil.chown(folder, user)

        def call(program: str, *words: str) -> None:
            subprocess.run(
                [str(PROGRAMS[program]), "-D", f"{folder}/data", *words],
                cwd=folder,
                user=user,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                stdout=subprocess.DEVNULL,
                check=True,
            )

        call("initdb", "--username=mlflow", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        call("pg_ctl", "--wait", "--log", f"{folder}/log.txt", "--options", options, "start")
        try:
            yield f"postgresql+psycopg2://mlflow@/postgres?host={folder}"
        finally:
            call("pg_ctl", "--mode=immediate", "stop")


@pytest.fixture(scope="module")
def server_uri(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server before it."""
    folder = tmp_path_factory.mktemp("server")
    options = ["--backend-store-uri", postgresql]
    options += ["--artifacts-destination", (folder / "artifacts").as_uri()]
    environment = {name: os.environ[name] for name in os.environ if "MLFLOW" not in name}
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(served(options, environment, folder))


WRITTEN_OUT = {r"\x00", r"\u0000", r"\0"}
ODD = {"sep": "\0", "nested": {"in\0side": "a\0b"}, "list": ["\0", "x"]}


def test_null_characters(make_fault_project: Callable[..., FaultProject], server_uri: str) -> None:
    """A NUL, which PostgreSQL refuses, is written out as half a character is.

    So that there is a run, its name is cut, which is too long for PostgreSQL.
    """
    parameters = {**PARAMETERS, **ODD}
    project = make_fault_project(server_uri, USES_ALL_PARAMETERS, parameters=parameters)
    project.server = server_uri
    ended = project.kedro("run", f"--params=mlflow.run.name={'long' * 100}")
    assert ended.status == 0, ended.said
    assert "cannot be reached" not in ended.said
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params["n"] == "3"
    assert run.data.params["sep"] in WRITTEN_OUT
    assert len([value for value in run.data.params.values() if "0" in value]) == 3
    assert run.data.metrics["late"] == 21
    assert project.artifacts(run) == {
        "table.json",
        "report.json",
        "gantt.html",
        "kedro/timeline.json",
    }
    assert project.journals == []


def test_null_characters_elsewhere(
    make_fault_project: Callable[..., FaultProject], server_uri: str
) -> None:
    """A NUL in a tag, in the run's name and in its error keeps nothing from being delivered."""
    odd = {"run": {"name": "a\0name", "tags": {"tag": "a\0tag"}, "description": "de\0scribed"}}
    project = make_fault_project(server_uri, mlflow=odd)
    project.server = server_uri
    ended = project.kedro()
    assert ended.status == 0, ended.said
    run = project.check_complete(ended)
    assert run.data.tags["tag"].removeprefix("a").removesuffix("tag") in WRITTEN_OUT
    assert project.journals == []
