"""Which pipelines an entry of `pipeline_models` names, and what it says of wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from kedro_datasets.pickle import PickleDataset
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.pipeline_models.spec import PipelineModelSpec


def join(*values: Any) -> Any:
    """Any node's function."""
    return values


TRAINING = pipeline([node(join, "raw", "model", name="train")])
INFERENCE = pipeline(
    [
        node(join, ["new", "model", "words"], "found", name="find"),
        node(join, ["found", "params:top.many", "parameters"], "answer", name="answer"),
    ]
)


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PipelineModelSpec]:
    """A function: an entry's keys -> the spec, among three pipelines."""
    two = pipeline([node(join, "new", ["a", "b"], name="two")])
    registered = {"__default__": TRAINING + INFERENCE, "train": TRAINING, "find": INFERENCE}
    monkeypatch.setattr("kedro.framework.project.pipelines", {**registered, "two": two})

    def find_(**entry: Any) -> PipelineModelSpec:
        given = {"training": "train", "inference": "find", "input": "new", **entry}
        return PipelineModelSpec.from_registered("finder", PipelineModel(**given), "here")

    return find_


def test_what_it_needs(find: Callable[..., PipelineModelSpec]) -> None:
    """The output, the parameters and the artifacts follow from the inference pipeline."""
    spec = find()
    assert spec.output == "answer"
    assert spec.parameters == ["parameters", "params:top.many"]
    assert spec.artifacts == ["model", "words"]


def test_when_it_is_trained(find: Callable[..., PipelineModelSpec]) -> None:
    """Any pipeline that holds all training nodes trains it, no other does."""
    spec = find()
    assert not spec.training_progress(TRAINING).missing
    assert not spec.training_progress(TRAINING + INFERENCE).missing
    assert spec.training_progress(INFERENCE).ran_in_training == frozenset()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"training": "trian"},
            (
                "here: 'training' names the pipeline 'trian', which is not registered. There: "
                "__default__, find, train, two. Did you mean 'train'?"
            ),
        ),
        (
            {"inference": "fnd"},
            (
                "here: 'inference' names the pipeline 'fnd', which is not registered. There: "
                "__default__, find, train, two. Did you mean 'find'?"
            ),
        ),
        (
            {"input": "found"},
            ("here: 'found' is no input of the pipeline 'find'. Its inputs: model, new, words."),
        ),
        (
            {"copy_mode": {"model": "copy", "wrods": "assign"}},
            (
                "here: 'copy_mode' names 'wrods', which is no dataset of the pipeline. It has: "
                "answer, found, model, new, words. Did you mean 'words'?"
            ),
        ),
        (
            {"inference": "two"},
            (
                "here: a model returns one value, but the pipeline 'two' has 2 outputs: a, b. "
                "Register a pipeline that ends in one."
            ),
        ),
    ],
)
def test_mistakes(
    find: Callable[..., PipelineModelSpec], entry: dict[str, Any], message: str
) -> None:
    """Each mistake has its own message."""
    with pytest.raises(ConfigError) as raised:
        find(**entry)
    assert raised.value.message == message


@pytest.mark.parametrize("words", [None, MemoryDataset([1]), MLflowDataset()])
def test_an_artifact_in_memory(find: Callable[..., PipelineModelSpec], words: Any) -> None:
    """An artifact that no file keeps is refused; one that a file keeps is not."""
    datasets = {"model": PickleDataset(filepath="model.pkl"), "words": words}
    catalog = DataCatalog(
        datasets={name: item for name, item in datasets.items() if item is not None}
        | {"parameters": MemoryDataset({}), "params:top.many": MemoryDataset(1)}
    )
    with pytest.raises(ConfigError, match="'find' needs 'words', which is in memory only"):
        find().check_catalog(catalog)
    catalog["words"] = MLflowDataset("json", dataset_name="words")
    find().check_catalog(catalog)


def test_a_missing_parameter(find: Callable[..., PipelineModelSpec]) -> None:
    """A parameter that the project has not is named."""
    catalog = DataCatalog(datasets={"parameters": MemoryDataset({})})
    with pytest.raises(ConfigError, match=r"here: parameters.yml has no 'top.many'"):
        find().check_catalog(catalog)


def test_secrets(find: Callable[..., PipelineModelSpec]) -> None:
    """A parameter from the command that looks like a secret is refused, below whatever name."""
    catalog = DataCatalog(
        datasets={
            "parameters": MemoryDataset({"server": {"token": "abc"}}),
            "params:top.many": MemoryDataset(1),
        }
    )
    find().check_secrets(frozenset(), catalog)
    find().check_secrets(frozenset({"other.token"}), catalog)
    with pytest.raises(ConfigError, match=r"'server.token' is from the command line") as raised:
        find().check_secrets(frozenset({"server.token"}), catalog)
    assert "abc" not in raised.value.message
