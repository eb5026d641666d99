"""Mistakes in URIs, and what was probably meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mlflow_on_kedro.config import uri_schemes
from mlflow_on_kedro.config.uri_checks import check, mistake, nearest_form
from mlflow_on_kedro.errors import ConfigError

PLUGIN = Path(__file__).parents[3] / "plugin_src"

VALID = [
    "http://host",
    "http://127.0.0.1:5055",
    "http://me:p@w@my_host:5000/mlflow/",
    "https://[::1]:5000",
    "https://münchen.de/mlflow?timeout=3",
    "HTTPS://host",
    "sqlite:///mlflow.db",
    "sqlite:////abs/my runs.db?timeout=5",
    "sqlite:///C:/Users/me/mlflow.db",
    "sqlite:///:memory:",
    "sqlite://",
    "sqlite+pysqlite:///mlflow.db",
    "postgresql://me:pw@host/db",
    "postgresql+psycopg2:///db?host=/run/postgresql",
    "mysql+pymysql://me:pw@host:3306/db",
    "mssql+pyodbc://host/db?driver=ODBC+Driver+17+for+SQL+Server",
    "databricks",
    "databricks://profile",
    "databricks-uc",
    "uc",
    "uc:http://localhost:8080",
    "mlflow-on-kedro://20261101-abc",
]
FORMS = {
    # an address without its scheme
    "127.0.0.1:5055": "http://127.0.0.1:5055",
    "127.0.0.1": "http://127.0.0.1",
    "localhost:5000": "http://localhost:5000",
    "localhost": "http://localhost",
    "mlflow:5000": "http://mlflow:5000",
    "host:5000/path": "http://host:5000/path",
    "mlflow.example.com": "http://mlflow.example.com",
    "mlflow.example.com/team": "http://mlflow.example.com/team",
    "[::1]:5000": "http://[::1]:5000",
    "me:pw@host:5000": "http://me:pw@host:5000",
    "//host": "http://host",
    "://host:80": "http://host:80",
    ":5000": "http://127.0.0.1:5000",
    "5000": "http://127.0.0.1:5000",
    # slashes and colons
    "http:/host": "http://host",
    "http:host": "http://host",
    "http//host": "http://host",
    "http:///host": "http://host",
    "http;//host": "http://host",
    "http:\\\\host": "http://host",
    "http: //host": "http://host",
    "http://http://host": "http://host",
    "sqlite://mlflow.db": "sqlite:///mlflow.db",
    "sqlite:/mlflow.db": "sqlite:///mlflow.db",
    "sqlite:/home/me/mlflow.db": "sqlite:////home/me/mlflow.db",
    "sqlite:mlflow.db": "sqlite:///mlflow.db",
    "sqlite///mlflow.db": "sqlite:///mlflow.db",
    "sqlite://///abs/mlflow.db": "sqlite:////abs/mlflow.db",
    "sqlite+pysqlite://runs.db": "sqlite+pysqlite:///runs.db",
    "postgresql:/host/db": "postgresql://host/db",
    # schemes that MLflow does not know
    "htp://host": "http://host",
    "htps://host": "https://host",
    "hhtp://host": "http://host",
    "sqllite:///mlflow.db": "sqlite:///mlflow.db",
    "SQLITE:///mlflow.db": "sqlite:///mlflow.db",
    "postgres://me@host/db": "postgresql://me@host/db",
    "postgres+psycopg2:/host/db": "postgresql+psycopg2://host/db",
    "mariadb+pymysql://host/db": "mysql+pymysql://host/db",
    "Databricks": "databricks",
    "databrics": "databricks",
    "Databricks://profile": "databricks://profile",
    # around it, and too much of it
    " http://host\n": "http://host",
    '"127.0.0.1:5055"': "http://127.0.0.1:5055",
    "http://host:5000/#/experiments/1": "http://host:5000",
    # files and folders
    "mlflow.db": "sqlite:///mlflow.db",
    "/abs/mlflow.db": "sqlite:////abs/mlflow.db",
    "C:\\runs\\mlflow.db": "sqlite:///C:\\runs\\mlflow.db",
    "mlruns": "sqlite:///mlflow.db",
    "./mlruns": "sqlite:///mlflow.db",
    "/abs/mlruns": "sqlite:///mlflow.db",
    "C:\\runs": "sqlite:///mlflow.db",
    "file:///abs/mlruns": "sqlite:///mlflow.db",
    "file:mlruns": "sqlite:///mlflow.db",
}
WITHOUT_FORM = {
    "https://": "the host is missing",
    "http://<host>:5000": "neither a host nor host:port",
    "http://host:port": "neither a host nor host:port",
    "http://host:99999": "neither a host nor host:port",
    "http://my host": "neither a host nor host:port",
    "http://me:p/w@host": "in a password / is %2F",
    "  ": "spaces",
    "s3://bucket/mlflow": "a place for artifacts",
    "mlflow-artifacts:/x": "a place for artifacts",
    "azureml://host/x": "needs the package azureml-mlflow",
    "arn:aws:sagemaker:eu-west-1:1:mlflow-tracking-server/x": "needs the package sagemaker-mlflow",
    "gopher://host": "no such scheme",
}


@pytest.fixture(autouse=True)
def _new_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """An MLflow that refuses folders, whichever is installed."""
    monkeypatch.setattr(uri_schemes, "mlflow_version", lambda: "3.17.2")


@pytest.mark.parametrize("uri", VALID)
def test_valid(uri: str) -> None:
    """Whatever MLflow may take passes."""
    check(uri, "x")
    assert nearest_form(uri) == uri


@pytest.mark.parametrize(("uri", "form"), FORMS.items())
def test_nearest_form(uri: str, form: str) -> None:
    """The nearest form is one that passes, and the message ends with it."""
    assert nearest_form(uri) == form
    assert mistake(form) is None
    with pytest.raises(ConfigError) as caught:
        check(uri, "mlflow.yml: 'tracking.uri'")
    shown = form.replace("me:pw@", "***@").replace("me@", "***@")
    assert caught.value.message.startswith("mlflow.yml: 'tracking.uri' is ")
    assert caught.value.message.endswith(f" Write '{shown}'.")


@pytest.mark.parametrize(("uri", "problem"), WITHOUT_FORM.items())
def test_nothing_near(uri: str, problem: str) -> None:
    """Where nothing is near, examples are given."""
    assert nearest_form(uri) is None
    found = mistake(uri)
    assert found is not None
    assert problem in found
    assert found.endswith("Write for example 'http://127.0.0.1:5000' or 'sqlite:///mlflow.db'.")


@pytest.mark.parametrize(
    "uri",
    [
        "me:hunter2@host:5000",
        "http:/me:hunter2@host",
        "htp://me:hunter2@host",
        "postgres://me:hunter2@host/db",
        "http:me:hunter2@host",
        "http://me:hunter2#5@host/x",
        "http://me:5/hunter2@host/x",
        "me:/hunter2@host",
        "htp://host?token=hunter2",
    ],
)
def test_no_credentials(uri: str) -> None:
    """No credentials are in a message, however wrong the URI."""
    assert "hunter2" not in str(mistake(uri))


class TestFolders:
    """Folders, which MLflow tracked to before 3.13."""

    @pytest.mark.parametrize("value", ["true", "1", "True"])
    def test_allowed(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        """MLflow's own switch lets them pass."""
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", value)
        for uri in ("mlruns", "./mlruns", "/abs/mlruns", "file:///abs/mlruns", "C:\\runs"):
            assert mistake(uri) is None

    def test_mlflow_reads_the_switch(self) -> None:
        """MLflow's variable has this name, where it has one."""
        from importlib.metadata import version

        from mlflow import environment_variables

        if tuple(map(int, version("mlflow").split(".")[:2])) >= (3, 13):
            assert hasattr(environment_variables, "MLFLOW_ALLOW_FILE_STORE")

    def test_older_mlflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An MLflow that still takes them has its say; an address is no folder there, either."""
        monkeypatch.setattr(uri_schemes, "mlflow_version", lambda: "3.12.0")
        assert mistake("mlruns") is None
        assert nearest_form("localhost:5000") == "http://localhost:5000"
        assert nearest_form("file://mlruns") == "mlruns"
        assert "a folder of that name is './data.v2'" in str(mistake("data.v2"))

    def test_what_is_said(self) -> None:
        """The message names the version and the switch."""
        assert mistake("mlruns") == (
            "'mlruns': that is a folder, which MLflow 3.17.2 does not track to unless the "
            "environment has MLFLOW_ALLOW_FILE_STORE=true. Write 'sqlite:///mlflow.db'."
        )


def test_packages_bring_schemes(tmp_path: Path) -> None:
    """A scheme that an installed package registers passes, and MLflow is not imported for it."""
    info = tmp_path / "brought-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mlflow.tracking_store]\nbrought = brought:Store\n"
        "[mlflow.model_registry_store]\nmodels = brought:Registry\n"
    )
    code = (
        "import sys\n"
        f"sys.path[:0] = [{str(PLUGIN)!r}, {str(tmp_path)!r}]\n"
        "from mlflow_on_kedro.config.uri_checks import mistake, nearest_form\n"
        "assert mistake('brought://x') is None and mistake('models://x') is None\n"
        "assert nearest_form('brougt://x') == 'brought://x'\n"
        "assert 'mlflow' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
