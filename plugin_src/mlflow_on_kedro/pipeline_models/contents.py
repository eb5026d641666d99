"""Write the content of a pipeline model: its nodes, its parameters, and its datasets' files."""

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
from ..datasets.default_paths import default_filepath
from ..datasets.local_files import local_path
from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.model_dataset import MLflowModelDataset
from ..models.flavor_table import saved_flavor
from ..models.flavors import find_flavor
from ..utils import kedro_internals
from ..utils.nested import flatten
from ..utils.secrets import is_secret, looks_secret
from .pipeline_model import DESCRIPTION, OBJECTS, resolve
from .spec import PipelineModelSpec

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

Datasets = Mapping[str, AbstractDataset[Any, Any]]

_FOLDER = "datasets"
_NODE_NAME = re.compile(r"[\w.-]+")
_PLUGIN = __package__.partition(".")[0]
# Arguments of datasets that matter only when they save, or only in the project.
_NOT_FOR_LOADING = frozenset({"save_args", "metadata"})


def write_contents(folder: Path, spec: PipelineModelSpec, datasets: Datasets) -> set[str]:
    """Write the files that :class:`~.pipeline_model.PipelineModel` reads.

    Args:
        folder: The folder to write to; it is empty.
        spec: The model.
        datasets: The dataset of each artifact and parameter.

    Returns:
        The top-level modules that the model's functions, datasets and values come from.

    Raises:
        DatasetError: A dataset cannot be loaded, or its value cannot be put into a model.
    """
    nodes, functions = describe_nodes(spec.inference)
    loaded = {name: datasets[name].load() for name in spec.parameters}
    parameters = {name: value for name, value in loaded.items() if _is_json(value)}
    other_parameters = {name: value for name, value in loaded.items() if name not in parameters}
    files: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for number, name in enumerate(spec.artifacts):
        target = Path(_FOLDER) / f"{number}-{Path(default_filepath(name, '')).name}"
        copied = _copy_data(datasets[name], name, folder / target)
        if copied is None:
            values[name] = datasets[name].load()
        else:
            files[name] = {**copied, "path": (target / copied["path"]).as_posix()}
    description = {
        "pipeline": spec.settings.inference,
        "input": spec.settings.input,
        "output": spec.output,
        "runner": spec.settings.runner,
        "copy_mode": spec.settings.copy_mode,
        "parameters": parameters,
        "datasets": files,
        "nodes": nodes,
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2), encoding="utf-8")
    objects = {"functions": functions, "parameters": other_parameters, "datasets": values}
    _pickle({kind: content for kind, content in objects.items() if content}, folder / OBJECTS)
    modules = [file["config"]["type"] for file in files.values() if "config" in file]
    modules += [type(value).__module__ for value in values.values()]
    for node in spec.inference.nodes:
        modules += _modules_of(node.func)
    return {module.partition(".")[0] for module in modules} - {"__main__"}


def describe_nodes(pipeline: Pipeline) -> tuple[list[dict[str, Any]], dict[int, Any]]:
    """Describe the nodes of a pipeline.

    Returns:
        A description of each node that JSON can hold, with its function's import path; and, by the
        node's number, the functions that have no import path, such as lambdas.
    """
    described = []
    functions: dict[int, Callable[..., Any]] = {}
    for number, node in enumerate(pipeline.nodes):
        import_path = import_path_of(node.func)
        if import_path is None:
            functions[number] = node.func
        inputs, outputs = kedro_internals.arguments_of(node)
        described.append(
            {
                "function": import_path,
                "inputs": inputs,
                "outputs": outputs,
                # Kedro refuses, as a given name, the one that it makes for a node without a name.
                "name": node.name if _NODE_NAME.fullmatch(node.name) else None,
            }
        )
    return described, functions


def import_path_of(item: Any) -> str | None:
    """Return an object's import path, ``package.module:name``; None if it has none.

    Example:
        >>> import_path_of(import_path_of)
        'mlflow_on_kedro.pipeline_models.contents:import_path_of'
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
    """Return a function's module; for a notebook's function the modules of the names it uses."""
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


def _copy_data(
    dataset: AbstractDataset[Any, Any], name: str, target: Path
) -> dict[str, Any] | None:
    """Copy the file of a dataset and describe it; return None if it has none that can be loaded."""
    if isinstance(dataset, MLflowModelDataset):
        return _copy_model(dataset, name, target)
    plain = dataset.file_dataset() if isinstance(dataset, MLflowDataset) else dataset
    source = local_path(plain, saving=False) if plain is not None else None
    config = _portable_config(plain) if plain is not None else None
    if source is None or config is None or not source.exists():
        return None
    _copy(source, target / source.name)
    return {**config, "path": source.name}


def _portable_config(dataset: AbstractDataset[Any, Any]) -> dict[str, Any] | None:
    """Return the configuration that loads the dataset's file without the plugin; None if none."""
    config, argument = backends.config_of(dataset)
    kind = import_path_of(config["type"])
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


def _copy_model(dataset: MLflowModelDataset, name: str, target: Path) -> dict[str, Any]:
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

    return find_flavor(saved_flavor(Model.load(str(folder)).flavors))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True)
        shutil.copy2(source, target)


def _is_json(value: Any) -> bool:
    """Whether JSON returns a value unchanged."""
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
            f"{', '.join(names)}: cannot be pickled ({error}). List it in the catalog with a "
            "dataset of kedro-datasets that writes a local file."
        ) from error
