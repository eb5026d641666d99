"""Tests of the split of a pipeline: what depends on a sweep's parameters, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.pipeline import Pipeline, node
from mlflow_on_kedro.sweeps.reuse import split, whole


def _of(*_: Any) -> int:
    return 1


PIPELINE = Pipeline(
    [
        node(_of, "raw", "clean", name="clean"),
        node(_of, ["clean", "params:split.share"], ["train", "test"], name="split"),
        node(_of, ["train", "params:model"], "model", name="fit"),
        node(_of, ["model", "test"], "score", name="score"),
        node(_of, "raw", "report", name="report"),
    ]
)


@pytest.mark.parametrize(
    ("parameters", "roots", "shared", "kept"),
    [
        (["model.C"], ("fit",), {"clean", "report", "split"}, {"train", "test"}),
        (["model"], ("fit",), {"clean", "report", "split"}, {"train", "test"}),
        (["split"], ("split",), {"clean", "report"}, {"clean"}),
        (["split.share", "model.C"], ("split",), {"clean", "report"}, {"clean"}),
        (["split.seed"], (), {"clean", "report", "split", "fit", "score"}, set()),
        (["mod"], (), {"clean", "report", "split", "fit", "score"}, set()),
    ],
)
def test_split(
    parameters: list[str], roots: tuple[str, ...], shared: set[str], kept: set[str]
) -> None:
    """What takes a parameter, or a part of it, depends on it, and so does all that follows."""
    found = split(PIPELINE, parameters)
    assert {one.name for one in found.shared.nodes} == shared
    assert found.from_nodes == roots
    assert found.kept == kept
    if roots:
        assert set(PIPELINE.from_nodes(*roots).nodes) == set(found.swept.nodes)
        assert {*found.swept.nodes, *found.shared.nodes} == set(PIPELINE.nodes)


def test_all_parameters() -> None:
    """A node that takes all parameters depends on each; nothing is shared then."""
    pipeline = Pipeline([node(_of, ["parameters", "raw"], "score", name="only")])
    found = split(pipeline, ["anything"])
    assert [one.name for one in found.swept.nodes] == ["only"]
    assert (found.shared.nodes, found.from_nodes, found.kept) == ([], (), frozenset())


def test_datasets() -> None:
    """A dataset whose entry in the catalog changes makes its writer and its readers depend."""
    assert split(PIPELINE, [], ["clean"]).from_nodes == ("clean",)
    assert split(PIPELINE, [], ["test"]).from_nodes == ("split",)
    assert split(PIPELINE, [], ["raw"]).shared.nodes == []


def test_transcoded() -> None:
    """A transcoded dataset that crosses the border is kept under the name that reads it."""
    pipeline = Pipeline(
        [
            node(_of, "raw", "table@spark", name="make"),
            node(_of, ["table@pandas", "params:depth"], "score", name="fit"),
        ]
    )
    assert split(pipeline, ["depth"]).kept == {"table@pandas"}


def test_no_reuse() -> None:
    """Without reuse all nodes run for each combination."""
    found = whole(PIPELINE)
    assert (len(found.swept.nodes), found.shared.nodes, found.from_nodes) == (5, [], ())
