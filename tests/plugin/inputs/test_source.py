"""Where a dataset's data come from, without credentials."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from kedro.io import AbstractDataset, CachedDataset, MemoryDataset, SharedMemoryDataset
from kedro_datasets.api import APIDataset
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset, ParquetDataset, SQLQueryDataset, SQLTableDataset
from kedro_datasets.partitions import IncrementalDataset, PartitionedDataset
from kedro_datasets.pickle import PickleDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.inputs.source import Source, plain_database, plain_url, source_of

SECRET = "hush"  # noqa: S105 - to see where it turns up


class Described(AbstractDataset[Any, Any]):
    """A dataset that describes itself as it is told."""

    def __init__(self, **described: Any) -> None:
        self._described = described

    def load(self) -> Any:
        """Load nothing."""

    def save(self, data: Any) -> None:
        """Save nothing."""

    def _describe(self) -> dict[str, Any]:
        return self._described


class TestFiles:
    """Datasets that have a file on the local disk."""

    def test_in_the_project(self, tmp_path: Path) -> None:
        """A path in the project counts from its root, so it is the same on every machine."""
        path = tmp_path / "data" / "a.csv"
        found = source_of(CSVDataset(filepath=path.as_posix()), None, tmp_path)
        assert found == Source("local", {"uri": "data/a.csv"}, path)

    def test_elsewhere(self, tmp_path: Path) -> None:
        """Any other path is absolute."""
        path = tmp_path / "a.csv"
        found = source_of(CSVDataset(filepath=path.as_posix()), None, tmp_path / "project")
        assert found.content == {"uri": path.as_posix()}

    def test_relative(self, tmp_path: Path) -> None:
        """A relative path counts from the current directory, as Kedro's datasets take it."""
        found = source_of(CSVDataset(filepath="a.csv"), None, tmp_path)
        assert found.path == tmp_path / "a.csv"

    def test_of_a_wrapper(self, tmp_path: Path) -> None:
        """A cached dataset's file is that of the one within."""
        cached = CachedDataset(PickleDataset(filepath=(tmp_path / "a.pkl").as_posix()))
        assert source_of(cached, None, tmp_path).content == {"uri": "a.pkl"}

    def test_partitions(self, tmp_path: Path) -> None:
        """Of a folder of partitions those count that were loaded."""
        folder = tmp_path / "parts"
        dataset = PartitionedDataset(
            path=folder.as_posix(), dataset="json.JSONDataset", filename_suffix=".json"
        )
        found = source_of(dataset, {"b": None, "a/x": None}, tmp_path)
        assert found == Source("local", {"uri": "parts"}, folder, partitions=("a/x.json", "b.json"))

    def test_increments(self, tmp_path: Path) -> None:
        """Of an ``IncrementalDataset`` those after its checkpoint."""
        folder = tmp_path / "parts"
        dataset = IncrementalDataset(path=folder.as_posix(), dataset="json.JSONDataset")
        dataset_of_one = JSONDataset(filepath=(folder / "1.json").as_posix())
        dataset_of_one.save({})
        dataset.load()
        dataset.confirm()
        JSONDataset(filepath=(folder / "2.json").as_posix()).save({})
        dataset.release()
        found = source_of(dataset, dataset.load(), tmp_path)
        assert found.partitions == ("2.json",)


class TestMLflowDatasets:
    """The plugin's own datasets."""

    def test_a_file(self, tmp_path: Path) -> None:
        """It is where the backend's file is."""
        dataset = MLflowDataset("csv", filepath=(tmp_path / "a.csv").as_posix())
        assert source_of(dataset, None, tmp_path).content == {"uri": "a.csv"}

    def test_memory(self, tmp_path: Path) -> None:
        """One without ``dataset`` is in memory."""
        assert source_of(MLflowDataset(), None, tmp_path).in_memory

    @pytest.mark.parametrize(("kind", "there"), [("csv", "runs:/ab/x.csv"), ("m", "runs:/ab/x")])
    def test_another_run(self, tmp_path: Path, kind: str, there: str) -> None:
        """What is loaded from a run names it, and the other MLflow if it is on one."""
        dataset = MLflowDataset(
            kind,
            dataset_name="x",
            loading_run_id="ab",
            loading_tracking_uri=f"http://me:{SECRET}@host:5000",
        )
        dataset.bind("x", tmp_path, "sqlite:///mlflow.db")
        found = source_of(dataset, None, tmp_path)
        assert found.kind == "local"
        assert found.content == {"uri": there, "tracking_uri": "http://host:5000"}

    def test_this_mlflow(self, tmp_path: Path) -> None:
        """The project's own MLflow is not named."""
        uri = f"sqlite:///{tmp_path.as_posix()}/mlflow.db"
        dataset = MLflowDataset("csv", None, "x", loading_run_id="ab", loading_tracking_uri=uri)
        dataset.bind("x", tmp_path, uri)
        found = source_of(dataset, None, tmp_path)
        assert found.content == {"uri": "runs:/ab/x.csv"}
        assert found.path == tmp_path / ".mlflow_on_kedro" / "downloads" / "ab" / "x.csv"

    def test_a_file_instead_of_a_run(self, tmp_path: Path) -> None:
        """Where a file is used before a run is asked, it is the file."""
        path = tmp_path / "a.csv"
        path.write_text("a\n1\n", encoding="utf-8")
        dataset = MLflowDataset("csv", path, "x", loading_run_id="ab")
        assert source_of(dataset, None, tmp_path).content == {"uri": "a.csv"}


class TestModels:
    """The plugin's datasets of models."""

    def test_a_folder(self, tmp_path: Path) -> None:
        """A model on the local disk is where it is."""
        folder = tmp_path / "model"
        folder.mkdir()
        dataset = MLflowModelDataset("sklearn", filepath=str(folder), dataset_name="model")
        assert source_of(dataset, None, tmp_path) == Source("local", {"uri": "model"}, folder)

    def test_a_run(self, tmp_path: Path) -> None:
        """A model in a run names it."""
        dataset = MLflowModelDataset("sklearn", run_id="ab", dataset_name="model")
        assert source_of(dataset, None, tmp_path).content == {"uri": "runs:/ab/model"}


class TestRemote:
    """Files elsewhere."""

    def test_http(self, tmp_path: Path) -> None:
        """A URL is one again, without its user and signature."""
        url = f"https://me:{SECRET}@host/data.csv?version=3&X-Amz-Signature={SECRET}"
        found = source_of(CSVDataset(filepath=url), None, tmp_path)
        assert (found.kind, found.content) == ("http", {"url": "https://host/data.csv?version=3"})
        assert found.remote is not None
        assert found.remote[1] == url

    def test_an_object_store(self, tmp_path: Path) -> None:
        """Its URI is whole, and the file system can be asked."""
        dataset = CSVDataset(filepath="memory:///bucket/a.csv")
        found = source_of(dataset, None, tmp_path)
        assert (found.kind, found.content) == ("memory", {"uri": "memory:///bucket/a.csv"})
        assert found.remote == (dataset._fs, "/bucket/a.csv")

    @pytest.mark.parametrize("protocol", ["s3", "s3a", "s3n"])
    def test_s3(self, tmp_path: Path, protocol: str) -> None:
        """All of S3's schemes are MLflow's one."""
        found = source_of(Described(filepath=f"{protocol}://bucket/a.csv"), None, tmp_path)
        assert found == Source("s3", {"uri": f"{protocol}://bucket/a.csv"})

    def test_azure(self, tmp_path: Path) -> None:
        """The container before the ``@`` is no user."""
        uri = "abfss://container@account.dfs.core.windows.net/a.csv"
        assert source_of(Described(filepath=uri), None, tmp_path).content == {"uri": uri}

    def test_a_host(self, tmp_path: Path) -> None:
        """The host of a file server is named, its user is not."""
        dataset = Described(filepath="/data/a.csv", protocol="sftp")
        dataset._fs = SimpleNamespace(host="files")
        assert source_of(dataset, None, tmp_path).content == {"uri": "sftp://files/data/a.csv"}

    def test_partitions(self, tmp_path: Path) -> None:
        """A remote folder of partitions can be asked for those that were loaded."""
        dataset = PartitionedDataset(path="memory:///bucket/parts", dataset="json.JSONDataset")
        found = source_of(dataset, {"a": None}, tmp_path)
        assert found.content == {"uri": "memory:///bucket/parts"}
        assert found.partitions == ("a",)
        assert found.remote is not None

    def test_a_version(self, tmp_path: Path) -> None:
        """The URI names the version that was loaded."""
        from kedro.io import Version

        dataset = JSONDataset(
            filepath="memory:///bucket/versions/a.json", version=Version(None, "2024")
        )
        dataset.save({})
        found = source_of(dataset, None, tmp_path)
        assert found.content == {"uri": "memory:///bucket/versions/a.json/2024/a.json"}


class TestDatabases:
    """Tables and queries."""

    CREDENTIALS: ClassVar = {
        "con": f"postgresql://me:p/{SECRET}@host:5432/wines?sslpassword={SECRET}"
    }

    def test_a_table(self, tmp_path: Path) -> None:
        """The table, and the database without credentials."""
        dataset = SQLTableDataset(table_name="grapes", credentials=self.CREDENTIALS)
        found = source_of(dataset, None, tmp_path)
        assert found == Source(
            "sql", {"table": "grapes", "database": "postgresql://host:5432/wines"}
        )

    def test_a_query(self, tmp_path: Path) -> None:
        """The query's text."""
        dataset = SQLQueryDataset(sql="SELECT * FROM grapes", credentials=self.CREDENTIALS)
        found = source_of(dataset, None, tmp_path)
        assert found.content == {
            "query": "SELECT * FROM grapes",
            "database": "postgresql://host:5432/wines",
        }

    def test_secrets_in_a_query(self, tmp_path: Path) -> None:
        """A password for another database is masked."""
        query = f"CALL dblink('host=h user=me password={SECRET}', 'SELECT 1')"
        dataset = SQLQueryDataset(sql=query, credentials=self.CREDENTIALS)
        shown = source_of(dataset, None, tmp_path).content["query"]
        assert shown == query.replace(SECRET, "***")

    def test_a_query_in_a_file(self, tmp_path: Path) -> None:
        """The file of a query is not taken for the data."""
        (tmp_path / "q.sql").write_text("SELECT 1", encoding="utf-8")
        dataset = SQLQueryDataset(
            filepath=(tmp_path / "q.sql").as_posix(), credentials={"con": "sqlite://"}
        )
        found = source_of(dataset, None, tmp_path)
        assert (found.kind, found.path) == ("sql", None)
        assert found.content["query_file"].endswith("q.sql")

    def test_parts_of_a_name(self, tmp_path: Path) -> None:
        """A catalog, a database and a table are one name."""
        described = {"catalog": "c", "database": "d", "table": "t", "filepath": "None"}
        assert source_of(Described(**described), None, tmp_path).content == {"table": "c.d.t"}

    def test_jdbc(self, tmp_path: Path) -> None:
        """A table that Spark reads by JDBC."""
        url = f"jdbc:postgresql://host/wines?user=me&password={SECRET}"
        found = source_of(Described(url=url, table="t"), None, tmp_path)
        assert found.content == {"table": "t", "database": "postgresql://host/wines"}


class TestOthers:
    """Datasets that have neither a file nor a table."""

    def test_an_api(self, tmp_path: Path) -> None:
        """A web API's URL, without its key."""
        dataset = APIDataset(url=f"https://host/v1?api_key={SECRET}&page=1")
        found = source_of(dataset, None, tmp_path)
        assert (found.kind, found.content) == ("http", {"url": "https://host/v1?page=1"})

    @pytest.mark.parametrize("dataset", [MemoryDataset(1), SharedMemoryDataset()])
    def test_memory(self, tmp_path: Path, dataset: Any) -> None:
        """What is in memory comes from code."""
        found = source_of(dataset, None, tmp_path)
        assert (found.kind, found.in_memory) == ("code", True)

    def test_unknown(self, tmp_path: Path) -> None:
        """Of any other dataset nothing but its class is told."""
        found = source_of(Described(password=SECRET), None, tmp_path)
        assert found == Source("code", {"tags": {"kedro.dataset": "Described"}})


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://host/a?b=1", "https://host/a?b=1"),
        (f"https://{SECRET}@host/a?token={SECRET}", "https://host/a"),
        (f"https://host/a?sv=1&sig={SECRET}&se=2", "https://host/a?sv=1"),
        ("wasbs://container@account/a", "wasbs://container@account/a"),
    ],
)
def test_plain_url(given: str, shown: str) -> None:
    """A URL keeps what is no secret."""
    assert plain_url(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"mysql+pymysql://me:{SECRET}@host/db", "mysql+pymysql://host/db"),
        (f"mssql+pyodbc:///?odbc_connect=PWD%3D{SECRET}", "mssql+pyodbc:///"),
        ("sqlite:///data/wines.db", "sqlite:///data/wines.db"),
        (f"DRIVER=x;PWD={SECRET}", ""),
    ],
)
def test_plain_database(given: str, shown: str) -> None:
    """A database's URL keeps its place alone; what is no URL is left out."""
    assert plain_database(given) == shown


def test_parquet_folder(tmp_path: Path) -> None:
    """A dataset that reads a folder names the folder."""
    path = tmp_path / "table.parquet"
    path.mkdir()
    assert source_of(ParquetDataset(filepath=path.as_posix()), None, tmp_path).path == path
