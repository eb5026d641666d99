"""What a pipeline model keeps, written and read again."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cloudpickle
import pandas as pd
import pytest
from kedro.io import AbstractDataset, CachedDataset, DatasetError, MemoryDataset
from kedro.pipeline import node, pipeline
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset
from kedro_datasets.partitions import PartitionedDataset
from kedro_datasets.pickle import PickleDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.config.model_entries import PipelineModel as Entry
from mlflow_on_kedro.pipeline_models.contents import describe_nodes, import_path_of, write_contents
from mlflow_on_kedro.pipeline_models.pipeline_model import DESCRIPTION, OBJECTS, PipelineModel
from mlflow_on_kedro.pipeline_models.spec import PipelineModelSpec

Datasets = Mapping[str, AbstractDataset[Any, Any]]
FRAME = pd.DataFrame({"a": [1, 2]})


class Made(AbstractDataset[None, Any]):
    """A dataset without a file, which makes its value."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def load(self) -> Any:
        """Make the value."""
        return self.make()

    def save(self, data: None) -> None:
        """Refuse."""
        raise NotImplementedError

    def _describe(self) -> dict[str, Any]:
        return {}


def pair(first: Any, second: Any) -> Any:
    """Give back both inputs."""
    return first, second


def returns_options(new: Any, options: Any) -> Any:
    """A node that gives back its parameters."""
    return new, options


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Datasets], Path]:
    """A function that writes a model of one node, which returns its input and one dataset."""

    def write_(datasets: Datasets) -> Path:
        (name,) = datasets
        both = pipeline([node(returns_options, ["new", name], "both", name="both")])
        spec = PipelineModelSpec(
            "x", Entry(inference="both", input="new"), "x", pipeline([]), both, "both"
        )
        folder = tmp_path / "contents"
        folder.mkdir()
        write_contents(folder, spec, datasets)
        return folder

    return write_


def loaded(folder: Path) -> Any:
    """What the dataset is in the model."""
    return PipelineModel(folder).predict("new")[1]


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda root: CSVDataset(filepath=f"{root}/a.csv"), FRAME),
        (lambda root: CachedDataset(JSONDataset(filepath=f"{root}/a.json")), {"a": [1]}),
        (lambda _: MLflowDataset("pkl", dataset_name="a"), {1: (2, 3)}),
        (lambda root: MLflowDataset("csv", f"{root}/a.csv", "a"), FRAME),
        (lambda root: MLflowDataset({"type": "pickle.PickleDataset"}, f"{root}/b.pkl", "a"), {1}),
        (lambda root: MLflowDataset(JSONDataset(filepath=f"{root}/a.json"), None, "a"), [1]),
    ],
)
def test_a_file(
    write: Callable[[Datasets], Path],
    tmp_path: Path,
    make: Callable[[Path], AbstractDataset[Any, Any]],
    value: Any,
) -> None:
    """The file of a dataset is copied, and read by the same kind of dataset; nothing is pickled."""
    dataset = make(tmp_path)
    dataset.save(value)
    folder = write({"a": dataset})
    assert not (folder / OBJECTS).exists()
    assert str(tmp_path) not in (folder / DESCRIPTION).read_text()
    found = loaded(folder)
    assert found.equals(value) if isinstance(value, pd.DataFrame) else found == value


@pytest.mark.parametrize(
    "make",
    [
        lambda _: Made(lambda: {"a": 1}),
        lambda _: MemoryDataset({"a": 1}),
        lambda root: MLflowDataset("dict", f"{root}/d.json", "d"),  # a dataset of the plugin
        lambda root: JSONDataset(filepath=f"{root}/d.json", fs_args={"secret": "hunter2"}),
        lambda _: JSONDataset(filepath="memory://d.json"),
    ],
)
def test_a_value(
    write: Callable[[Datasets], Path],
    tmp_path: Path,
    make: Callable[[Path], AbstractDataset[Any, Any]],
) -> None:
    """Without a local file, or a dataset that is anywhere, the value itself is kept."""
    dataset = make(tmp_path)
    if not isinstance(dataset, Made | MemoryDataset):
        dataset.save({"a": 1})
    folder = write({"a": dataset})
    assert json.loads((folder / DESCRIPTION).read_text())["datasets"] == {}
    assert b"hunter2" not in (folder / DESCRIPTION).read_bytes()
    assert loaded(folder) == {"a": 1}


def test_a_folder(write: Callable[[Datasets], Path], tmp_path: Path) -> None:
    """A dataset that is a folder is copied with all its files."""
    dataset = PartitionedDataset(path=f"{tmp_path}/parts", dataset="pickle.PickleDataset")
    dataset.save({"one": 1, "two/three": 3})
    found = loaded(write({"parts": dataset}))
    assert {name: load() for name, load in found.items()} == {"one": 1, "two/three": 3}


def test_a_version(write: Callable[[Datasets], Path], tmp_path: Path) -> None:
    """Of a versioned dataset the last version is kept."""
    config = {"type": "pickle.PickleDataset", "filepath": f"{tmp_path}/v.pkl", "versioned": True}
    dataset = AbstractDataset.from_config("v", config)
    dataset.save("first")
    found = loaded(write({"v": AbstractDataset.from_config("v", config)}))
    assert found == "first"


@pytest.mark.parametrize("pyfunc", [False, True])
def test_an_mlflow_model(
    write: Callable[[Datasets], Path], tmp_path: Path, *, pyfunc: bool
) -> None:
    """A model in MLflow's format stays one, and is loaded as its dataset loads it."""
    from sklearn.linear_model import LinearRegression

    dataset = MLflowModelDataset("sklearn", tmp_path / "m", "m", pyfunc=pyfunc)
    dataset.save(LinearRegression().fit([[0], [1]], [0, 2]))
    folder = write({"m": dataset})
    assert (folder / "datasets/0-m/model/MLmodel").exists()
    model = loaded(folder)
    assert type(model).__name__ == ("PyFuncModel" if pyfunc else "LinearRegression")
    assert model.predict([[3]]).tolist() == pytest.approx([6])


@pytest.mark.parametrize(
    ("value", "pickled"), [({"a": [1, None]}, False), ({"a": {1: "one"}}, True), ((1, 2), True)]
)
def test_parameters(write: Callable[[Datasets], Path], value: Any, *, pickled: bool) -> None:
    """A parameter comes back as it was; what JSON would change is pickled."""
    folder = write({"params:options": MemoryDataset(value)})
    assert (folder / OBJECTS).exists() == pickled
    assert loaded(folder) == value


def test_what_cannot_be_kept(write: Callable[[Datasets], Path]) -> None:
    """A value that cannot be pickled is named, with what to do."""
    dataset = Made(lambda: (number for number in [1]))
    with pytest.raises(DatasetError, match=r"^stream: cannot be pickled .*List it in the catalog"):
        write({"stream": dataset})


def test_nodes_of_each_form() -> None:
    """Nodes are described with their wiring; functions without an address are kept themselves."""
    partial = functools.partial(pair, second=1)
    nodes, functions = describe_nodes(
        pipeline(
            [
                node(pair, {"first": "a", "second": "b"}, ["c", "d"], name="dict"),
                node(lambda c: c, "c", {"x": "e"}, namespace="space"),
                node(partial, ["e"], None, name="partial"),
            ]
        )
    )
    assert nodes[0] == {
        "function": f"{__name__}:pair",
        "inputs": {"first": "a", "second": "b"},
        "outputs": ["c", "d"],
        "name": "dict",
    }
    assert [told["function"] for told in nodes[1:]] == [None, None]
    assert [told["outputs"] for told in nodes[1:]] == [{"x": "e"}, None]
    assert functions[2] is partial
    assert sorted(functions) == [1, 2]


def test_a_namespace(tmp_path: Path) -> None:
    """Pipelines of namespaces, and nodes without a name, work in a model."""
    made = pipeline(
        pipeline([node(sum, "new", "total"), node(lambda total: -total, "total", "less")]),
        namespace="space",
        inputs={"new"},
        outputs={"less"},
    )
    spec = PipelineModelSpec(
        "x", Entry(inference="x", input="new"), "x", pipeline([]), made, "less"
    )
    write_contents(tmp_path, spec, {})
    assert PipelineModel(tmp_path).predict([1, 2]) == -3
    objects = cloudpickle.loads((tmp_path / OBJECTS).read_bytes())
    assert list(objects) == ["functions"]


def test_addresses() -> None:
    """Only what can be imported under its name has an address."""
    assert import_path_of(PickleDataset) == "kedro_datasets.pickle.pickle_dataset:PickleDataset"
    assert import_path_of(lambda: 1) is None
    assert import_path_of(functools.partial(pair)) is None
