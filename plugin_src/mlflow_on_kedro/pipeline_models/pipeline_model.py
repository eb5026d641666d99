"""``PipelineModel``: run a saved pipeline model, without the project and without this plugin.

Each model contains a copy of this file, so the file imports nothing from the plugin.
"""

from __future__ import annotations

import copy
import importlib
import json
import logging
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node

DESCRIPTION = "pipeline.json"
OBJECTS = "objects.pkl"
RUNNER = "runner"
"""The parameter of ``predict`` that names the runner."""

_COPIES: dict[str, Callable[[Any], Any]] = {
    "assign": lambda value: value,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
COPY_MODES = tuple(_COPIES)
_SINGLE = (bool, int, float, str)


class PipelineModel:
    """An inference pipeline with its artifacts and parameters; each call of ``predict`` runs it.

    Args:
        folder: The model's data: ``pipeline.json``, the files of its datasets, and, if needed,
            ``objects.pkl`` with values and functions that are in neither.
    """

    def __init__(self, folder: Path) -> None:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        objects = _load_objects(folder / OBJECTS)
        self._input: str = described["input"]
        self._output: str = described["output"]
        self._runner: str = described["runner"]
        self._parameters = {**described["parameters"], **objects.get("parameters", {})}
        self._artifacts = {
            **{name: _load(name, file, folder) for name, file in described["datasets"].items()},
            **objects.get("datasets", {}),
        }
        modes = described["copy_mode"]
        self._copy_modes: dict[str, Any] = (
            modes if isinstance(modes, dict) else dict.fromkeys(self._artifacts, modes)
        )
        functions = objects.get("functions", {})
        self._pipeline = Pipeline(
            [_node(item, functions.get(number)) for number, item in enumerate(described["nodes"])]
        )

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Run the pipeline on an input, in memory, and return its output.

        Args:
            model_input: The value of the pipeline's input dataset.
            params: Other values for parameters, by their dotted names (``model.threshold``), and
                ``runner``, the name of one of Kedro's runners.

        Raises:
            ValueError: ``runner`` is neither one of Kedro's runners nor the model's own.
        """
        given = dict(params or {})
        runner = make_runner(str(given.pop(RUNNER, self._runner)), self._runner)
        datasets: dict[str, AbstractDataset[Any, Any]] = {
            **{
                name: self._dataset(name, value, "assign")
                for name, value in self._artifacts.items()
            },
            **{
                name: ValueDataset(value, "deepcopy")
                for name, value in override(self._parameters, given).items()
            },
            self._input: self._dataset(self._input, model_input, "deepcopy"),
        }
        catalog_class = _catalog_class(runner)
        if catalog_class is DataCatalog:  # other processes get copies in any case
            for name in self._copy_modes.keys() - datasets.keys():
                datasets[name] = MemoryDataset(copy_mode=self._copy_modes[name])
        catalog = catalog_class(datasets=datasets)
        with _quiet:
            runner.run(self._pipeline, catalog)
        return catalog[self._output].load()

    def _dataset(self, name: str, value: Any, default_mode: str) -> AbstractDataset[Any, Any]:
        return ValueDataset(value, self._copy_modes.get(name, default_mode))


def _load_pyfunc(data_path: str) -> PipelineModel:
    """Load the model; MLflow calls this function by its name."""
    folder = Path(data_path)
    with _ModelImports(folder.parents[1] / "code"):
        return PipelineModel(folder)


class _ModelImports:
    """Import a model's code from its own folder, even if other modules have the same names.

    Those may be of another version of the model, or of the project. They stay imported.

    Args:
        folder: The model's code.
    """

    _lock = threading.RLock()

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        names = {path.stem for path in folder.iterdir()} if folder.is_dir() else set()
        self._names = names - {__name__, "mlflow_on_kedro"}  # the imported plugin serves all models
        self._others: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._lock.acquire()
        # MLflow puts the code of each model on the path, but Python finds the first one's only.
        sys.path.insert(0, self._folder)
        self._others = {name: module for name, module in self._own() if not self._is_here(module)}
        for name in self._others:
            del sys.modules[name]

    def __exit__(self, *_: object) -> None:
        sys.path.remove(self._folder)
        if self._others:
            for name, _module in self._own():
                del sys.modules[name]
            sys.modules.update(self._others)
        self._lock.release()

    def _own(self) -> list[tuple[str, Any]]:
        return [item for item in sys.modules.items() if item[0].partition(".")[0] in self._names]

    def _is_here(self, module: Any) -> bool:
        return str(getattr(module, "__file__", None) or self._folder).startswith(self._folder)


class _QuietKedro:
    """Silence Kedro's messages about each node while any thread predicts, as in a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._level = logging.NOTSET

    def __enter__(self) -> None:
        with self._lock:
            if self._count == 0:
                self._level = logging.getLogger("kedro").level
                logging.getLogger("kedro").setLevel(logging.WARNING)
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                logging.getLogger("kedro").setLevel(self._level)


_quiet = _QuietKedro()


class ValueDataset(AbstractDataset[None, Any]):
    """A value in memory that any runner can pass to any process."""

    def __init__(self, value: Any, copy_mode: str) -> None:
        self._value = value
        self._copy_mode = copy_mode

    def load(self) -> Any:
        """Return the value, or a copy of it."""
        return _COPIES[self._copy_mode](self._value)

    def save(self, data: None) -> None:
        """Raise an error: inputs cannot be saved to."""
        raise NotImplementedError("An input of the pipeline cannot be saved to.")

    def _describe(self) -> dict[str, Any]:
        return {"value": type(self._value).__name__}


def flat_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters whose values ``predict`` can change, by their dotted names.

    They are numbers, strings, booleans, and lists of these.

    Example:
        >>> flat_parameters({"params:model": {"depth": 3, "seed": None}, "params:top": 5})
        {'model.depth': 3, 'top': 5}
    """
    return {
        key: value
        for name, parameter in parameters.items()
        for key, value in _flat_items(_prefix(name), parameter)
        if isinstance(value, _SINGLE) or _is_list(value)
    }


def override(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the values of parameters that are given by their dotted names.

    Example:
        >>> override({"params:model": {"depth": 3, "seed": 1}}, {"model.depth": 5})
        {'params:model': {'depth': 5, 'seed': 1}}
    """
    return {name: _override(value, _prefix(name), given) for name, value in parameters.items()}


def _override(value: Any, key: str, given: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping) and value:
        return {name: _override(item, _join(key, name), given) for name, item in value.items()}
    key = _predict_param(key)
    if key not in given:
        return value
    other = given[key]
    return other.item() if callable(getattr(other, "item", None)) else other  # NumPy's numbers


def _flat_items(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat_items(_join(key, name), item)
    else:
        yield _predict_param(key), value


def _prefix(name: str) -> str:
    return "" if name == "parameters" else name.removeprefix("params:")


def _join(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)


def _predict_param(key: str) -> str:
    """Return a parameter's name for ``predict``, where ``runner`` means the runner."""
    return f"params:{key}" if key == RUNNER else key


def _is_list(value: Any) -> bool:
    kinds = {type(item) for item in value} if isinstance(value, list) else set()
    return len(kinds) == 1 and kinds <= set(_SINGLE)


def _load_objects(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = pickle.loads(path.read_bytes())  # noqa: S301 - the model's own file
    return found


def _load(name: str, file: Mapping[str, Any], folder: Path) -> Any:
    path = str(folder / file["path"])
    if "module" in file:
        return importlib.import_module(file["module"]).load_model(path)
    config = {**file["config"], file["argument"]: path}
    return AbstractDataset.from_config(name, config).load()


def _node(described: Mapping[str, Any], function: Callable[..., Any] | None) -> Any:
    return node(
        function or resolve(described["function"]),
        inputs=described["inputs"],
        outputs=described["outputs"],
        name=described["name"],
    )


def resolve(path: str) -> Any:
    """Import an object by its path, such as ``package.module:Class.function``."""
    module, _, name = path.partition(":")
    return reduce(getattr, name.split("."), importlib.import_module(module))


def make_runner(name: str, model_runner: str) -> Any:
    """Make a runner.

    Args:
        name: The runner: the model's own, or any of Kedro's.
        model_runner: The model's own runner, which may be any class (``package.module.Class``).

    Raises:
        ValueError: ``name`` is neither.
    """
    from kedro import runner

    known = [known for known in dir(runner) if known.endswith("Runner")]
    known.remove("AbstractRunner")
    if name in known:
        return getattr(runner, name)()
    # Clients of a server choose the name, and must not make the server import any other class.
    if name == model_runner and "." in name:
        return resolve(":".join(name.rsplit(".", 1)))()
    raise ValueError(f"runner: {name!r} is none of {', '.join(known)}.")


def _catalog_class(runner: Any) -> Any:
    from kedro.io import SharedMemoryDataCatalog
    from kedro.runner import ParallelRunner

    return SharedMemoryDataCatalog if isinstance(runner, ParallelRunner) else DataCatalog
