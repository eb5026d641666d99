"""A server that wants to know who asks: wrong credentials are said, right ones work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from .project import FaultProject
from .proxy import Proxy
from .rules import Mode

USER, PASSWORD = "scientist", "hush-hush"
BOTH = {"username": USER, "password": PASSWORD}
ENVIRONMENT = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """None from the environment, and none that another test has left there."""
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}")


@pytest.fixture
def make_with_credentials(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> Callable[..., FaultProject]:
    """A function that makes a project with these credentials in credentials.yml."""

    def make(content: dict[str, Any], **tracking: Any) -> FaultProject:
        project = make_fault_project(proxy.uri, tracking={"credentials": "tracker", **tracking})
        project.project.write("conf/local/credentials.yml", yaml.safe_dump({"tracker": content}))
        return project

    return make


def no_secret_in(project: FaultProject, *said: str) -> None:
    """Check that the password is nowhere where it does not belong."""
    for text in said:
        assert PASSWORD not in text
    for path in project.root.rglob("*"):
        if path.is_file() and path.name != "credentials.yml":
            assert PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("mode", "why"), [("http401", "credentials"), ("http403", "denies permission")]
)
def test_denied(project: FaultProject, proxy: Proxy, mode: Mode, why: str) -> None:
    """Credentials wrong. Said at once and not tried again; the journal is kept."""
    proxy.mode = mode
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert why in run.said
    assert f"http://127.0.0.1:{proxy.port}" in run.said
    assert "kedro mlflow sync" in run.said
    assert "Traceback" not in run.said
    assert len(proxy.seen()) <= 2, proxy.seen()
    assert len(project.journals) == 1
    wrong = project.sync()
    assert wrong.exit_code == 1, wrong.output
    assert why in wrong.output
    assert len(project.journals) == 1
    proxy.mode = "pass"
    assert project.sync().exit_code == 0
    project.check_complete(run)


def test_denied_during_the_run(project: FaultProject, proxy: Proxy) -> None:
    """Credentials wrong. A login that expires mid-run is said, and costs nothing."""
    project.stop_at("last")
    process = project.start()
    project.wait_for("last", process)
    proxy.wait_for("runs/create")
    proxy.mode = "http401"
    project.go_on("last")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert "credentials" in " ".join(said.split())
    assert len(project.journals) == 1
    proxy.mode = "pass"
    assert project.sync().exit_code == 0
    assert project.run.info.status == "FINISHED"
    assert project.series(project.run, "late") == [21]


def test_credentials_file(make_with_credentials: Callable[..., FaultProject], proxy: Proxy) -> None:
    """A server with basic auth. The entry of credentials.yml that mlflow.yml names is used."""
    proxy.demand(USER, PASSWORD)
    project = make_with_credentials(BOTH)
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    project.check_complete(run)
    assert proxy.seen(fate="http401") == []
    no_secret_in(project, run.said)


def test_credentials_file_and_workers(
    make_with_credentials: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """A server with basic auth. Workers that deliver for themselves have the login, too."""
    proxy.demand(USER, PASSWORD)
    project = make_with_credentials(BOTH)
    (project.root / ".mlflow_on_kedro").write_text("in the way", encoding="utf-8")
    run = project.kedro("run", "--runner=ParallelRunner", KEDRO_MP_CONTEXT="spawn")
    assert run.status == 0, run.said
    project.check_complete(run, by_workers=True)
    assert proxy.seen(fate="http401") == []


def test_environment(project: FaultProject, proxy: Proxy) -> None:
    """A server with basic auth. MLflow's own environment variables work, as ever."""
    proxy.demand(USER, PASSWORD)
    run = project.kedro(**ENVIRONMENT)
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    project.check_complete(run)
    no_secret_in(project, run.said)


def test_url(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """A server with basic auth. A login in the URL works, and is shown nowhere."""
    proxy.demand(USER, PASSWORD)
    project = make_fault_project(proxy.uri_of(f"{USER}:{PASSWORD}"))
    run = project.kedro()
    assert run.status == 0, run.said
    project.check_complete(run)
    assert PASSWORD not in run.said


def test_token(make_with_credentials: Callable[..., FaultProject], proxy: Proxy) -> None:
    """A server with basic auth. A token in credentials.yml works, too."""
    proxy.authorization.add(f"Bearer {PASSWORD}")
    project = make_with_credentials({"token": PASSWORD})
    run = project.kedro()
    assert run.status == 0, run.said
    project.check_complete(run)
    no_secret_in(project, run.said)


def test_sync(make_with_credentials: Callable[..., FaultProject], proxy: Proxy) -> None:
    """A server with basic auth. Sync takes the credentials of the project, too."""
    proxy.demand(USER, PASSWORD)
    project = make_with_credentials(BOTH, mode="offline")
    run = project.kedro()
    assert run.status == 0, run.said
    no_secret_in(project, run.said)
    result = project.kedro("mlflow", "sync")
    assert result.status == 0, result.said
    project.check_complete(run)


def test_no_such_entry(make_with_credentials: Callable[..., FaultProject]) -> None:
    """A server with basic auth. A missing entry of credentials.yml is one clear message."""
    project = make_with_credentials(BOTH, credentials="trakcer")
    run = project.kedro()
    assert run.status == 1, run.said
    assert "trakcer" in run.said
    assert "credentials.yml" in run.said
    assert "Traceback" not in run.said
