"""What a pipeline model keeps: its nodes, its parameters, and the files of its datasets."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from ..datasets import backends
from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.model_dataset import MLflowModelDataset
from ..datasets.tracked import default_filepath
from ..journal.values import flatten
from ..models.flavors import find_flavor
from ..models.kinds import flavor_saved
from ..utils import kedro_internals
from ..utils.secrets import is_secret, looks_secret
from .pipeline_model import DESCRIPTION, OBJECTS, resolve
from .spec import Choice

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

Datasets = Mapping[str, AbstractDataset[Any, Any]]

_FOLDER = "datasets"
_NODE_NAME = re.compile(r"[\w.-]+")
_PLUGIN = __package__.partition(".")[0]
# What matters to saving only, or is of the place where the project keeps the file.
_NOT_FOR_LOADING = frozenset({"save_args", "metadata"})


def write_contents(folder: Path, choice: Choice, datasets: Datasets) -> set[str]:
    """Write what :class:`~.pipeline_model.PipelineModel` reads.

    Args:
        folder: The folder to write to; it is empty.
        choice: The model.
        datasets: The dataset of each artifact and parameter.

    Returns:
        The top-level modules of its functions, datasets and values.

    Raises:
        DatasetError: One of them cannot be loaded, or what it gives cannot be kept in a model.
    """
    nodes, functions = describe_nodes(choice.inference)
    parameters, other_parameters = _by_json(
        {name: datasets[name].load() for name in choice.parameters}
    )
    files: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for number, name in enumerate(choice.artifacts):
        place = Path(_FOLDER) / f"{number}-{Path(default_filepath(name, '')).name}"
        told = _store(datasets[name], name, folder / place)
        if told is None:
            values[name] = datasets[name].load()
        else:
            files[name] = {**told, "path": (place / told["path"]).as_posix()}
    description = {
        "pipeline": choice.settings.inference,
        "input": choice.settings.input,
        "output": choice.output,
        "runner": choice.settings.runner,
        "copy_mode": choice.settings.copy_mode,
        "parameters": parameters,
        "datasets": files,
        "nodes": nodes,
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2), encoding="utf-8")
    objects = {"functions": functions, "parameters": other_parameters, "datasets": values}
    _pickle({kind: content for kind, content in objects.items() if content}, folder / OBJECTS)
    modules = [told["config"]["type"] for told in files.values() if "config" in told]
    modules += [type(value).__module__ for value in values.values()]
    for node in choice.inference.nodes:
        modules += _modules_of(node.func)
    return {module.partition(".")[0] for module in modules} - {"__main__"}


def describe_nodes(pipeline: Pipeline) -> tuple[list[dict[str, Any]], dict[int, Any]]:
    """Describe the nodes of a pipeline.

    Returns:
        Each node in JSON's terms, its function by its address; and, by the node's place, the
        functions that have no address, such as lambdas.
    """
    described = []
    functions: dict[int, Callable[..., Any]] = {}
    for place, node in enumerate(pipeline.nodes):
        address = address_of(node.func)
        if address is None:
            functions[place] = node.func
        inputs, outputs = kedro_internals.arguments_of(node)
        described.append(
            {
                "function": address,
                "inputs": inputs,
                "outputs": outputs,
                # Kedro gives a node without a name one that it does not take.
                "name": node.name if _NODE_NAME.fullmatch(node.name) else None,
            }
        )
    return described, functions


def address_of(item: Any) -> str | None:
    """Say where something can be imported from, as ``package.module:name``; None if nowhere.

    Example:
        >>> address_of(address_of)
        'mlflow_on_kedro.pipeline_models.contents:address_of'
    """
    module, name = getattr(item, "__module__", None), getattr(item, "__qualname__", None)
    if not module or not name or module == "__main__":
        return None
    try:
        found = resolve(f"{module}:{name}")
    except (ImportError, AttributeError):
        return None
    return f"{module}:{name}" if found is item else None


def _modules_of(function: Any) -> list[str]:
    """Its module; or of a notebook's function, which has none, those of the names it uses."""
    module = getattr(function, "__module__", None)
    if module != "__main__":
        return [module] if module else []
    names = getattr(getattr(function, "__code__", None), "co_names", ())
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    found = [
        item.__name__ if isinstance(item, ModuleType) else getattr(item, "__module__", None)
        for item in used
    ]
    return [name for name in found if isinstance(name, str)]


def _store(dataset: AbstractDataset[Any, Any], name: str, target: Path) -> dict[str, Any] | None:
    """Copy the file of a dataset; None if there is none, so that its value is to be pickled."""
    if isinstance(dataset, MLflowModelDataset):
        return _store_model(dataset, name, target)
    plain = dataset.file() if isinstance(dataset, MLflowDataset) else dataset
    source = backends.local_path(plain, saving=False) if plain is not None else None
    config = _portable(plain) if plain is not None else None
    if source is None or config is None or not source.exists():
        return None
    _copy(source, target / source.name)
    return {**config, "path": source.name}


def _portable(dataset: AbstractDataset[Any, Any]) -> dict[str, Any] | None:
    """What makes the dataset again where the plugin is not; None if that is not to be had."""
    config, argument = backends.config_of(dataset)
    kind = address_of(config["type"])
    kept = {key: value for key, value in config.items() if key not in _NOT_FOR_LOADING}
    if not argument or kind is None or kind.startswith(f"{_PLUGIN}."):
        return None
    kept["type"] = kind.replace(":", ".")
    leaves = flatten("", kept, lists=True)
    if any(looks_secret(key) or is_secret(key, leaf) for key, leaf in leaves):
        return None
    if not _is_json(kept):
        return None
    return {"config": kept, "argument": argument}


def _store_model(dataset: MLflowModelDataset, name: str, target: Path) -> dict[str, Any]:
    folder = dataset.saved_folder()
    if folder is not None:
        _copy(folder, target / "model")
    else:
        copy = MLflowModelDataset(dataset.flavor, filepath=target / "model", dataset_name=name)
        copy.bind(name, target, None, logs=False)
        copy.save(dataset.load())
    return {"module": _flavor(dataset, target / "model").__name__, "path": "model"}


def _flavor(dataset: MLflowModelDataset, folder: Path) -> ModuleType:
    if dataset.loads_pyfunc or dataset.flavor is not None:
        return find_flavor("pyfunc" if dataset.loads_pyfunc else str(dataset.flavor))
    from mlflow.models import Model

    return find_flavor(flavor_saved(Model.load(str(folder)).flavors))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True)
        shutil.copy2(source, target)


def _by_json(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those values that JSON gives back as they are, and the others."""
    plain = {name: value for name, value in values.items() if _is_json(value)}
    return plain, {name: value for name, value in values.items() if name not in plain}


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def _pickle(objects: Mapping[str, Any], path: Path) -> None:
    if not objects:
        return
    import cloudpickle  # type: ignore[import-untyped]

    try:
        path.write_bytes(cloudpickle.dumps(objects))
    except Exception as error:
        names = [str(name) for content in objects.values() for name in content]
        raise DatasetError(
            f"{', '.join(names)}: not to be pickled ({error}). List it in the catalog with a "
            "dataset of kedro-datasets that writes a local file."
        ) from error
