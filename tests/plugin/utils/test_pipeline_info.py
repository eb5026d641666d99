"""What is known of a pipeline before it runs."""

from __future__ import annotations

import pickle

import pytest
from kedro.io import CatalogProtocol, DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node, pipeline
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo


def echo(*values: object) -> object:
    """Stand for a node."""
    return values


@pytest.fixture
def work() -> Pipeline:
    """Two nodes that read the same input, and one that reads what they made."""
    return pipeline(
        [
            node(echo, ["a", "b", "params:depth"], "c", name="last"),
            node(echo, ["raw", "params:depth"], "a", name="first"),
            node(echo, ["raw", "a"], "b", name="second"),
        ]
    )


@pytest.fixture
def catalog() -> CatalogProtocol:  # type: ignore[type-arg]
    """A catalog that lists some datasets, one as a pattern."""
    return DataCatalog(
        {"raw": MemoryDataset([1]), "params:depth": MemoryDataset(3)},
        config_resolver=None,
    )


def test_steps(work: Pipeline, catalog: DataCatalog) -> None:
    """Each node has its place in the order of running, not of writing."""
    assert PipelineInfo.from_pipeline(work, catalog).steps == {"first": 0, "second": 1, "last": 2}


def test_readers(work: Pipeline, catalog: DataCatalog) -> None:
    """A free input is the business of the node that reads it first, and of no other."""
    assert PipelineInfo.from_pipeline(work, catalog).readers == {
        "raw": "first",
        "params:depth": "first",
    }


def test_unlisted(work: Pipeline, catalog: DataCatalog) -> None:
    """What the catalog does not list is known before the runner adds memory datasets for it."""
    assert PipelineInfo.from_pipeline(work, catalog).unlisted == {"a", "b", "c"}


def test_factories(work: Pipeline) -> None:
    """What a dataset factory's pattern matches is listed."""
    listed = DataCatalog.from_config({"{name}w": {"type": "MemoryDataset"}})
    assert "raw" not in PipelineInfo.from_pipeline(work, listed).unlisted
    assert {"a", "b", "c"} <= PipelineInfo.from_pipeline(work, listed).unlisted


def test_transcoding() -> None:
    """Each side of a transcoded dataset is looked up as the catalog has it."""
    listed = DataCatalog({"x@pandas": MemoryDataset(), "x@spark": MemoryDataset()})
    work = pipeline([node(echo, "raw", "x@pandas"), node(echo, "x@spark", "y")])
    assert PipelineInfo.from_pipeline(work, listed).unlisted == {"raw", "y"}


def test_nothing(catalog: DataCatalog) -> None:
    """An empty pipeline has an empty plan."""
    assert PipelineInfo.from_pipeline(Pipeline([]), catalog) == PipelineInfo()


def test_what_is_listed_is_made(work: Pipeline) -> None:
    """A dataset is made when it is asked for: nobody has to look through the factories again."""
    listed = DataCatalog.from_config({"{name}w": {"type": "MemoryDataset"}})
    PipelineInfo.from_pipeline(work, listed)
    assert "raw" in listed.keys()  # noqa: SIM118 - `in` looks through the factories


def test_first_forms() -> None:
    """A transcoded dataset is one dataset: that which is read first stands for it."""
    work = pipeline(
        [
            node(echo, ["raw@spark", "other"], "a", name="later"),
            node(echo, ["raw@pandas", "raw@arrow"], "other", name="first"),
        ]
    )
    assert PipelineInfo.from_pipeline(work, DataCatalog()).first_forms == {"raw": "raw@arrow"}


def test_pickle(work: Pipeline, catalog: DataCatalog) -> None:
    """A plan travels to workers."""
    plan = PipelineInfo.from_pipeline(work, catalog)
    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301
