"""Where to track and to register: what counts, made absolute; and where a mistake is."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from mlflow_on_kedro.config import uri_schemes
from mlflow_on_kedro.config.sections import Config, Tracking
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.runs.choosing import decide
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.tracking import store, uris
from packaging.version import Version

NEEDS_DECODING = pytest.mark.skipif(
    Version(version("sqlalchemy")) < Version("2.1"),
    reason="before 2.1 SQLAlchemy takes percent signs in the path of a SQLite file literally",
)


class TestResolveUri:
    """Where to track."""

    @pytest.mark.parametrize("folder", [".", "elsewhere"])
    @pytest.mark.parametrize(
        ("uri", "file"),
        [
            (None, "mlflow.db"),
            ("sqlite:///runs.db", "runs.db"),
            ("sqlite:///deep/er/runs.db", "deep/er/runs.db"),
            ("sqlite:///./runs.db", "runs.db"),
            ("sqlite+pysqlite:///runs.db", "runs.db"),
        ],
    )
    def test_relative_sqlite(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        uri: str | None,
        file: str,
        folder: str,
    ) -> None:
        """A relative SQLite file counts from the project's root, whatever the current folder."""
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        found = store.sqlite_path(uris.resolve_uri(uri, tmp_path / "project"))
        assert found is not None
        assert found == tmp_path / "project" / file

    def test_what_follows_the_file_stays(self, tmp_path: Path) -> None:
        """The driver and the options of a SQLite URI are kept."""
        uri = uris.resolve_uri("sqlite+pysqlite:///runs.db?timeout=5", tmp_path)
        assert uri == f"sqlite+pysqlite:///{tmp_path.as_posix()}/runs.db?timeout=5"

    @pytest.mark.parametrize(
        "uri",
        [
            "sqlite:////abs/runs.db",
            "sqlite:///:memory:",
            "http://localhost:5000",
            "https://me:pw@host/mlflow",
            "postgresql://me:pw@host/db",
            "databricks",
            "databricks://profile",
        ],
    )
    def test_other_uris_stay(self, tmp_path: Path, uri: str) -> None:
        """Any other URI is used as it is."""
        assert uris.resolve_uri(uri, tmp_path) == uri

    @pytest.mark.parametrize("version", ["3.12.0", "3.17.2"])
    def test_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
        """A folder that MLflow still tracks to counts from the project's root, too."""
        monkeypatch.setattr(uri_schemes, "mlflow_version", lambda: version)
        if version == "3.17.2":
            monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        assert uris.resolve_uri("mlruns", tmp_path) == (tmp_path / "mlruns").as_uri()
        assert uris.resolve_uri("./data.v2", tmp_path) == (tmp_path / "data.v2").as_uri()
        assert uris.resolve_uri("file:///abs/mlruns", tmp_path) == "file:///abs/mlruns"

    def test_capitals(self, tmp_path: Path) -> None:
        """MLflow takes http in capitals, too."""
        assert uris.resolve_uri("HTTP://Host/Path", tmp_path) == "http://Host/Path"

    def test_precedence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is given wins over MLFLOW_TRACKING_URI, and that over the default."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://env:1")
        assert uris.resolve_uri("http://given:1", tmp_path) == "http://given:1"
        assert uris.resolve_uri(None, tmp_path) == "http://env:1"

    @pytest.mark.parametrize(
        "root",
        [
            "my project",
            "100%",
            "a%20b",
            pytest.param("why?", marks=NEEDS_DECODING),
            "ünïcode 東京",
            "a#b",
        ],
    )
    def test_the_file_that_sqlalchemy_opens(self, root: str) -> None:
        """SQLAlchemy finds the store in the project's root, whatever the root's name."""
        from sqlalchemy.engine import make_url

        for uri in (None, "sqlite:///my runs.db", "sqlite:///runs.db?timeout=5"):
            resolved = uris.resolve_uri(uri, Path("/home") / root)
            found = store.sqlite_path(resolved)
            assert found is not None
            assert found.parent == Path("/home") / root
            assert make_url(resolved).database == str(found)

    @NEEDS_DECODING
    def test_percent_signs_in_a_uri(self) -> None:
        """A relative file that is written with percent signs counts from the root as well."""
        resolved = uris.resolve_uri("sqlite:///my%20runs.db", Path("/project"))
        assert store.sqlite_path(resolved) == Path("/project/my runs.db")


class TestWhere:
    """Messages name the place at which a wrong URI was given."""

    def test_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable is named, as nothing else is wrong; no other URI makes up for it."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "127.0.0.1:5055")
        with pytest.raises(ConfigError) as caught:
            uris.resolve_uri(None, tmp_path)
        assert caught.value.message == (
            "The environment variable MLFLOW_TRACKING_URI is '127.0.0.1:5055': the scheme is "
            "missing. Write 'http://127.0.0.1:5055'."
        )
        assert uris.resolve_uri("http://given:1", tmp_path) == "http://given:1"

    def test_an_option(self, tmp_path: Path) -> None:
        """A command names its option."""
        with pytest.raises(ConfigError, match=r"^--uri is 'htp://host': .* Write 'http://host'\.$"):
            uris.resolve_uri("htp://host", tmp_path, "--uri")

    def test_the_registry(self, tmp_path: Path) -> None:
        """``tracking.registry_uri`` is checked as well."""
        with pytest.raises(ConfigError, match=r"'tracking\.registry_uri' is 'http//host'"):
            uris.resolve_registry_uri("http//host", tmp_path)
        assert uris.resolve_registry_uri(None, tmp_path) is None

    def test_the_registry_of_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """MLFLOW_REGISTRY_URI matters only to a run that registers models."""
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", "models:5000")
        config = Config(tracking=Tracking(uri="sqlite:///mlflow.db"))
        decide(RunRequest(config=config, root=tmp_path), 1)
        with pytest.raises(ConfigError, match="variable MLFLOW_REGISTRY_URI is 'models:5000'"):
            decide(RunRequest(config=config, root=tmp_path, registers=True), 1)
