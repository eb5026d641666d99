"""Tables of other libraries: what a run has saved is loaded from it, also after the next run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import yaml

pytestmark = [
    pytest.mark.frameworks,
    # The frameworks warn about themselves and each other.
    pytest.mark.filterwarnings("ignore"),
]

NODES = """
    import pandas as pd
    from kedro.pipeline import node, pipeline

    def make(size):
        frame = pd.DataFrame({{"a": range(size), "b": [0.5] * size}})
        {make}

    def count(table):
        return int({count})

    def create_pipeline(**_):
        return pipeline([
            node(make, "params:size", "table", name="make"),
            node(count, "table", "rows", name="count"),
        ])
"""
SPARK = "from tests.frameworks.models import spark; return spark().createDataFrame(frame)"
TABLES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "delta": (
        "deltalake",
        "return frame",
        "len(table)",
        {
            "type": "pandas.DeltaTableDataset",
            "filepath": "data/table",
            "save_args": {"mode": "overwrite"},
        },
    ),
    "polars": (
        "polars",
        "import polars; return polars.from_pandas(frame)",
        "table.height",
        {
            "type": "polars.EagerPolarsDataset",
            "filepath": "data/t.parquet",
            "file_format": "parquet",
        },
    ),
    "polars-lazy": (
        "polars",
        "import polars; return polars.from_pandas(frame).lazy()",
        "table.collect().height",
        {
            "type": "polars.LazyPolarsDataset",
            "filepath": "data/t.parquet",
            "file_format": "parquet",
        },
    ),
    "ibis": (
        "ibis",
        "import ibis; return ibis.memtable(frame)",
        "table.count().execute()",
        {
            "type": "ibis.FileDataset",
            "filepath": "data/table.parquet",
            "file_format": "parquet",
            "connection": {"backend": "duckdb"},
        },
    ),
    "spark": (
        "pyspark",
        SPARK,
        "table.count()",
        {
            "type": "spark.SparkDataset",
            "filepath": "data/table",
            "file_format": "parquet",
            "save_args": {"mode": "overwrite"},
        },
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table(make_project: Callable[..., Any], name: str) -> None:
    """Each of two runs gives its own table back, whole."""
    package, make, count, dataset = TABLES[name]
    pytest.importorskip(package)
    if package == "pyspark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": dataset}
    rows = {"type": "json.JSONDataset", "filepath": "rows.json"}
    project = make_project(
        NODES.format(make=make, count=count), catalog={"table": entry, "rows": rows}
    )
    sizes = (300, 200)
    for size in sizes:
        project.write("conf/base/parameters.yml", yaml.safe_dump({"size": size}))
        project.session_run()
        assert yaml.safe_load((project.root / "rows.json").read_text()) == size
    shutil.rmtree(project.root / "data")
    runs = reversed(project.runs())
    for size, run in zip(sizes, runs, strict=True):
        reading = {"table": {**entry, "loading_run_id": run.info.run_id}}
        project.write("conf/other/catalog.yml", yaml.safe_dump(reading))
        project.session_run(env="other", node_names=["count"])
        assert yaml.safe_load((project.root / "rows.json").read_text()) == size


def test_a_database_of_ibis(make_project: Callable[..., Any]) -> None:
    """A table in DuckDB is among the datasets that the run has used, with its place."""
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("ibis")
    table = {
        "type": "ibis.TableDataset",
        "table_name": "wines",
        "connection": {"backend": "duckdb", "database": "wines.duckdb"},
    }
    project = make_project(
        NODES.format(make="return frame", count="table.count().execute()"),
        catalog={"table": table},
        parameters={"size": 7},
    )
    with duckdb.connect(str(project.root / "wines.duckdb")) as database:
        database.execute("create table wines as select range as a, 0.5 as b from range(7)")
    project.session_run(node_names=["count"])
    (used,) = project.run.inputs.dataset_inputs
    assert used.dataset.name == "table"
    assert yaml.safe_load(used.dataset.source) == {"table": "wines", "database": "duckdb"}
    columns = yaml.safe_load(used.dataset.schema)["mlflow_colspec"]
    assert [(column["name"], column["type"]) for column in columns] == [
        ("a", "long"),
        ("b", "double"),
    ]


def test_the_columns_of_spark() -> None:
    """A table's columns are known without a job of Spark."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from mlflow_on_kedro.inputs.schema import shape_of

    from tests.frameworks.models import spark

    kinds = {
        "tinyint": "integer",
        "int": "integer",
        "bigint": "long",
        "float": "float",
        "double": "double",
        "decimal(10,2)": "double",
        "boolean": "boolean",
        "string": "string",
        "binary": "binary",
        "date": "datetime",
        "timestamp": "datetime",
        "array<int>": "any",
    }
    session = spark()
    session.sparkContext.setJobGroup("columns", "of a table")
    wanted = ", ".join(f"cast(null as {kind}) as c{n}" for n, kind in enumerate(kinds))
    table = session.sql(f"select {wanted}, 1 as one")
    schema = yaml.safe_load(shape_of(table).schema or "")["mlflow_colspec"]
    assert [column["type"] for column in schema] == [*kinds.values(), "integer"]
    assert [column["name"] for column in schema if column["required"]] == ["one"]
    assert not session.sparkContext.statusTracker().getJobIdsForGroup("columns")


def test_the_folder_of_spark(make_project: Callable[..., Any]) -> None:
    """It is logged without checksums and marks; the columns of one that is read are shown."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    _, make, count, dataset = TABLES["spark"]
    entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": dataset}
    project = make_project(
        NODES.format(make=make, count=count), catalog={"table": entry}, parameters={"size": 3}
    )
    project.session_run()
    names = {item.name for item in (project.root / "data/table").iterdir()}
    assert "_SUCCESS" in names
    artifacts = [path for path in project.artifacts(project.run.info.run_id) if "table" in path]
    assert artifacts
    assert all(path.endswith(".parquet") for path in artifacts)

    project.write("conf/base/catalog.yml", yaml.safe_dump({"table": dataset}))
    project.session_run(node_names=["count"])
    (used,) = project.runs()[0].inputs.dataset_inputs
    columns = yaml.safe_load(used.dataset.schema)["mlflow_colspec"]
    assert [column["name"] for column in columns] == ["a", "b"]
