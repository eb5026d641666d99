"""How much of a training a run has run, and whether the model is complete then."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.pipeline_models.training_progress import TrainingProgress, short_list


def join(*values: Any) -> Any:
    """Any node's function."""
    return values


NODES = pipeline(
    [
        node(join, "raw", "features", name="prepare"),
        node(join, "raw", "encoder", name="encode"),
        node(join, ["features", "encoder"], "model@pickle", name="train"),
        node(join, "model@mlflow", "report", name="report"),
    ]
)
ARTIFACTS = frozenset({"encoder", "model@mlflow", "words"})


def training(*ran: str) -> TrainingProgress:
    """A run of some nodes."""
    return TrainingProgress(NODES, ARTIFACTS, frozenset(ran))


@pytest.mark.parametrize(
    ("ran", "reason"),
    [
        (("prepare", "encode", "train", "report", "other"), None),
        (("train", "report"), None),
        (("encode", "train", "report"), None),
        (("encode",), "it does not run what follows in the training pipeline: report, train"),
        (("train",), "it does not run what follows in the training pipeline: report"),
        (("report",), "it makes none of the model's artifacts: encoder, model@mlflow, words"),
    ],
)
def test_the_last_part(ran: tuple[str, ...], reason: str | None) -> None:
    """A part completes the model if it makes some of it and nothing of the training follows."""
    assert training(*ran).why_incomplete() == reason


def test_other_processes() -> None:
    """What other processes of the run have run counts as well."""
    part = training("report")
    assert part.missing == {"prepare", "encode", "train"}
    whole = part.including(["prepare", "encode", "train"])
    assert whole.why_incomplete() is None
    assert whole.earlier_artifacts == frozenset()


def test_what_is_kept() -> None:
    """What other nodes of the training make is as an earlier run has left it."""
    assert training("train", "report").new_artifacts == {"model@mlflow"}
    assert training("train", "report").earlier_artifacts == {"encoder"}


def test_many_names() -> None:
    """A message names the first few."""
    assert short_list("abcdefg") == "a, b, c, d, e and 2 more"
