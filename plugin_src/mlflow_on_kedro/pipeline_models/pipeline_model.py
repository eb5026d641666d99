"""What MLflow loads of a pipeline model, also where neither the project nor this plugin is.

This file is copied into each model, so it imports nothing of the plugin.
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
        folder: The model's data: ``pipeline.json``, the files of its datasets, and ``objects.pkl``
            for what is neither.
    """

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        objects = _objects(folder / OBJECTS)
        self._input: str = told["input"]
        self._output: str = told["output"]
        self._runner: str = told["runner"]
        self._parameters = {**told["parameters"], **objects.get("parameters", {})}
        self._artifacts = {
            **{name: _loaded(name, told, folder) for name, told in told["datasets"].items()},
            **objects.get("datasets", {}),
        }
        modes = told["copy_mode"]
        self._copy_modes: dict[str, Any] = (
            modes if isinstance(modes, dict) else dict.fromkeys(self._artifacts, modes)
        )
        functions = objects.get("functions", {})
        self._pipeline = Pipeline(
            [_node(told, functions.get(place)) for place, told in enumerate(told["nodes"])]
        )

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Run the pipeline on an input, in memory, and return its output.

        Args:
            model_input: The value of the pipeline's input dataset.
            params: Other values for parameters, by their dotted names (``model.threshold``), and
                ``runner``, the name of one of Kedro's runners.

        Raises:
            ValueError: ``runner`` is no runner that may be chosen.
        """
        given = dict(params or {})
        runner = make_runner(str(given.pop(RUNNER, self._runner)), self._runner)
        datasets: dict[str, AbstractDataset[Any, Any]] = {
            **{name: self._given(name, value, "assign") for name, value in self._artifacts.items()},
            **{
                name: Given(value, "deepcopy")
                for name, value in overridden(self._parameters, given).items()
            },
            self._input: self._given(self._input, model_input, "deepcopy"),
        }
        catalog_class = _catalog_class(runner)
        if catalog_class is DataCatalog:  # other processes have copies in any case
            for name in self._copy_modes.keys() - datasets.keys():
                datasets[name] = MemoryDataset(copy_mode=self._copy_modes[name])
        catalog = catalog_class(datasets=datasets)
        with _quiet:
            runner.run(self._pipeline, catalog)
        return catalog[self._output].load()

    def _given(self, name: str, value: Any, usual: str) -> AbstractDataset[Any, Any]:
        return Given(value, self._copy_modes.get(name, usual))


def _load_pyfunc(data_path: str) -> PipelineModel:
    """Load the model: what MLflow calls, by this name."""
    folder = Path(data_path)
    with _OwnCode(folder.parents[1] / "code"):
        return PipelineModel(folder)


class _OwnCode:
    """Imports a model's code from its own folder, where another version of it is imported already.

    That may be another version of the model, or the project itself. Both keep their modules.

    Args:
        folder: The model's code.
    """

    _lock = threading.RLock()

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        names = {path.stem for path in folder.iterdir()} if folder.is_dir() else set()
        self._names = names - {__name__, "mlflow_on_kedro"}  # one plugin is enough
        self._others: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._lock.acquire()
        # MLflow puts a model's code on the path, but only its first is found.
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


class _Quiet:
    """Keeps Kedro from telling of each node, while any thread predicts: a server would drown."""

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


_quiet = _Quiet()


class Given(AbstractDataset[None, Any]):
    """A value in memory that any runner may take to any process."""

    def __init__(self, value: Any, copy_mode: str) -> None:
        self._value = value
        self._copy_mode = copy_mode

    def load(self) -> Any:
        """Return the value, or a copy of it."""
        return _COPIES[self._copy_mode](self._value)

    def save(self, data: None) -> None:
        """Refuse: it is an input."""
        raise NotImplementedError("An input of the pipeline cannot be saved to.")

    def _describe(self) -> dict[str, Any]:
        return {"value": type(self._value).__name__}


def single_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that ``predict`` takes other values for, under their dotted names.

    Those are numbers, texts, booleans, and lists of them.

    Example:
        >>> single_parameters({"params:model": {"depth": 3, "seed": None}, "params:top": 5})
        {'model.depth': 3, 'top': 5}
    """
    return {
        key: value
        for name, whole in parameters.items()
        for key, value in _leaves(_prefix(name), whole)
        if isinstance(value, _SINGLE) or _is_list(value)
    }


def overridden(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Put other values in the places that their dotted names tell.

    Example:
        >>> overridden({"params:model": {"depth": 3, "seed": 1}}, {"model.depth": 5})
        {'params:model': {'depth': 5, 'seed': 1}}
    """
    return {name: _with(whole, _prefix(name), given) for name, whole in parameters.items()}


def _with(value: Any, key: str, given: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping) and value:
        return {name: _with(item, _joined(key, name), given) for name, item in value.items()}
    key = _legal(key)
    if key not in given:
        return value
    other = given[key]
    return other.item() if callable(getattr(other, "item", None)) else other  # NumPy's numbers


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(_joined(key, name), item)
    else:
        yield _legal(key), value


def _prefix(name: str) -> str:
    return "" if name == "parameters" else name.removeprefix("params:")


def _joined(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)


def _legal(key: str) -> str:
    return f"params:{key}" if key == RUNNER else key


def _is_list(value: Any) -> bool:
    kinds = {type(item) for item in value} if isinstance(value, list) else set()
    return len(kinds) == 1 and kinds <= set(_SINGLE)


def _objects(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = pickle.loads(path.read_bytes())  # noqa: S301 - the model's own
    return found


def _loaded(name: str, told: Mapping[str, Any], folder: Path) -> Any:
    path = str(folder / told["path"])
    if "module" in told:
        return importlib.import_module(told["module"]).load_model(path)
    config = {**told["config"], told["argument"]: path}
    return AbstractDataset.from_config(name, config).load()


def _node(told: Mapping[str, Any], function: Callable[..., Any] | None) -> Any:
    return node(
        function or resolve(told["function"]),
        inputs=told["inputs"],
        outputs=told["outputs"],
        name=told["name"],
    )


def resolve(path: str) -> Any:
    """Import what a path such as ``package.module:Class.function`` names."""
    module, _, name = path.partition(":")
    return reduce(getattr, name.split("."), importlib.import_module(module))


def make_runner(name: str, own: str) -> Any:
    """Make a runner.

    Args:
        name: One of Kedro's own, or the model's.
        own: The model's, which may be any class (``package.module.Class``).

    Raises:
        ValueError: It is none that may be chosen.
    """
    from kedro import runner

    known = [known for known in dir(runner) if known.endswith("Runner")]
    known.remove("AbstractRunner")
    if name in known:
        return getattr(runner, name)()
    # Whoever may ask a server for a prediction must not choose what it imports.
    if name == own and "." in name:
        return resolve(":".join(name.rsplit(".", 1)))()
    raise ValueError(f"runner: {name!r} is none of {', '.join(known)}.")


def _catalog_class(runner: Any) -> Any:
    from kedro.io import SharedMemoryDataCatalog
    from kedro.runner import ParallelRunner

    return SharedMemoryDataCatalog if isinstance(runner, ParallelRunner) else DataCatalog
