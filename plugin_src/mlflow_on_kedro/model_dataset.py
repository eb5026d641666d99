"""``MLflowModelDataset``: a model in MLflow's own format, saved by its flavor's ``log_model``."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from kedro.io import DatasetError

from . import environment, fluent, store
from .secrets import mask_urls
from .tracked import TrackedDataset, default_filepath

# The argument that takes the model where it is not the first one.
_MODEL_ARGUMENT = {"pyfunc": "python_model"}


class MLflowModelDataset(TrackedDataset):
    """Saves a model with a flavor's ``log_model`` and loads it back.

    The model is also kept in a local folder, as any other dataset of the project, so that nodes in
    other processes, later runs and notebooks find it without a server.

    Args:
        flavor: The name of an MLflow flavor: ``sklearn``, ``pyfunc``, ``xgboost``, …
        filepath: The local folder. Default: ``data/mlflow/<dataset name>`` in the project.
        dataset_name: The model's name in MLflow. Default: the catalog's name.
        run_id: Load from this run instead of the local folder.
        tracking_uri: The MLflow to load from with ``run_id``. Default: the project's.
        pyfunc: Load as an MLflow ``PyFuncModel`` instead of the native object.
        save_args: Arguments for ``log_model`` and ``save_model``, such as ``signature``,
            ``input_example``, ``registered_model_name`` or ``pip_requirements``. Requirements
            default to the flavor's own; MLflow's inference of them takes seconds.
        load_args: Arguments for ``load_model``.
        metadata: Free data for other tools; it is not used here.

    Raises:
        DatasetError: MLflow has no such flavor or the flavor's package is not installed (at the
            first use).

    Example:
        >>> model = MLflowModelDataset(flavor="sklearn", dataset_name="classifier")
    """

    def __init__(
        self,
        flavor: str,
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        run_id: str | None = None,
        tracking_uri: str | None = None,
        *,
        pyfunc: bool = False,
        save_args: dict[str, Any] | None = None,
        load_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.flavor = flavor
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._run_id = run_id
        self._loading_tracking_uri = tracking_uri
        self._pyfunc = pyfunc
        taken = {"name": "dataset_name", "path": "filepath"}
        for argument in taken.keys() & (save_args or {}).keys():
            raise DatasetError(
                f"save_args: '{argument}' is set by this dataset: give `{taken[argument]}` instead."
            )
        self._save_args = dict(save_args or {})
        self._load_args = dict(load_args or {})

    def check(self) -> None:
        """Find an unknown flavor before the pipeline runs."""
        environment.set_mlflow_defaults()
        self._flavor()

    def save(self, data: Any) -> None:
        """Save the model to the local folder and log it to the run."""
        environment.set_mlflow_defaults()
        flavor = self._flavor()
        try:
            arguments = _with_requirements(flavor, data, self._save_args)
            self._save_locally(flavor, data, arguments)
        except ModuleNotFoundError as error:
            raise _missing(self.flavor, error) from None
        with self.saving_run() as run:
            if run is None or run.opened is None:
                return
            with run.guard(), fluent.attached(run):
                _call(flavor.log_model, self.flavor, data, name=self._logged_name(), **arguments)

    def _save_locally(self, flavor: ModuleType, data: Any, arguments: dict[str, Any]) -> None:
        given = {key: value for key, value in arguments.items() if key not in _ONLY_FOR_LOG_MODEL}
        folder = self._folder()
        if folder.exists() and not (folder / "MLmodel").exists():
            raise DatasetError(
                f"{folder} is there already and holds no model, so it is not replaced: give "
                f"'{self.dataset_name}' another `filepath`, a folder of its own."
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The last model stays until the new one is whole.
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            saved = Path(scratch) / folder.name
            _call(flavor.save_model, self.flavor, data, path=str(saved), **given)
            if folder.exists():
                shutil.rmtree(folder)
            saved.rename(folder)

    def load(self) -> Any:
        """Load the model from the local folder, or from a run."""
        environment.set_mlflow_defaults()
        if self._run_id is None and self._folder().exists():
            return self._loader().load_model(str(self._folder()), **self._load_args)
        run = self.run()
        opened = run.opened if run is not None else None
        run_id = self._run_id or (opened.run_id if opened is not None else None)
        if run_id is None:
            raise DatasetError(
                f"There is no model '{self.dataset_name}' at {self._folder()}, and no run to load "
                "it from: save it first, or give `run_id`."
            )
        uri = self.loading_uri(self._loading_tracking_uri)
        store.connect(uri)
        with fluent.tracking_uri(uri):
            try:
                model = f"runs:/{run_id}/{self._logged_name()}"
                return self._loader().load_model(model, **self._load_args)
            except Exception as error:
                raise DatasetError(
                    f"Run {run_id} in MLflow at {mask_urls(uri)} gave no model '{self.key()}': "
                    f"{mask_urls(str(error))}"
                ) from None

    def _folder(self) -> Path:
        if self.filepath is not None:
            return Path(self.placed(self.filepath))
        return self.root / default_filepath(self.key(), "")

    def _logged_name(self) -> str:
        return _NOT_IN_MODEL_NAMES.sub("_", self.key())

    def _flavor(self) -> ModuleType:
        return _flavor(self.flavor)

    def _loader(self) -> ModuleType:
        return _flavor("pyfunc" if self._pyfunc else self.flavor)

    def _exists(self) -> bool:
        return self._run_id is not None or self._folder().exists()

    def _describe(self) -> dict[str, Any]:
        given = {
            "flavor": self.flavor,
            "filepath": self.filepath,
            "dataset_name": self.dataset_name,
            "run_id": self._run_id,
        }
        return {key: value for key, value in given.items() if value is not None}


_ONLY_FOR_LOG_MODEL = frozenset(
    {
        "registered_model_name",
        "await_registration_for",
        "params",
        "tags",
        "model_type",
        "step",
        "prompts",
    }
)

# As in `mlflow.utils.validation`; dots are in the names of namespaced datasets.
_NOT_IN_MODEL_NAMES = re.compile(r"""[/:.%"']""")

# Packages that pip knows by another name.
_PIP_NAMES = {"sklearn": "scikit-learn"}


def _flavor(name: str) -> ModuleType:
    if not name.isidentifier():
        raise DatasetError(f"flavor: {name!r} is no MLflow flavor: give a name such as sklearn.")
    try:
        flavor = importlib.import_module(f"mlflow.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"mlflow.{name}":
            raise DatasetError(
                f"MLflow has no flavor {name!r}: see https://mlflow.org/docs/latest/ml/model/ "
                "for their names."
            ) from None
        raise _missing(name, error) from None
    if not callable(getattr(flavor, "log_model", None)):
        raise DatasetError(f"mlflow.{name} is no flavor: it has no log_model.")
    return flavor


def _missing(flavor: str, error: ModuleNotFoundError) -> DatasetError:
    package = str(error.name).partition(".")[0]
    return DatasetError(
        f"flavor: {flavor} needs a package that is not installed: run "
        f"`pip install {_PIP_NAMES.get(package, package)}`."
    )


def _with_requirements(flavor: ModuleType, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Add the flavor's own requirements, so that MLflow need not find them out by loading it."""
    if {"pip_requirements", "conda_env"} & given.keys():
        return given
    defaults = _requirements(flavor, model, given.get("serialization_format"))
    if defaults is None:
        return given
    extra = given.get("extra_pip_requirements") or []
    more = [f"-r {extra}"] if isinstance(extra, str) else list(extra)
    rest = {key: value for key, value in given.items() if key != "extra_pip_requirements"}
    return {**rest, "pip_requirements": [*defaults, *more]}


def _requirements(flavor: ModuleType, model: Any, serialization: str | None) -> list[str] | None:
    """The flavor's requirements; None for a flavor that does not tell them."""
    tell = getattr(flavor, "get_default_pip_requirements", None)
    if tell is None:
        return None
    takes = inspect.signature(tell).parameters
    # MLflow knows the format in which it saves only then; each of them needs its own package.
    includes = {
        f"include_{package}": True
        for package in ("skops", "cloudpickle")
        if f"include_{package}" in takes and serialization in (None, package)
    }
    needs_model = any(item.default is item.empty for item in takes.values())
    return list(tell(model, **includes) if needs_model else tell(**includes))


def _call(function: Any, flavor: str, model: Any, **arguments: Any) -> None:
    keyword = _MODEL_ARGUMENT.get(flavor)
    if keyword:
        function(**{keyword: model}, **arguments)
    else:
        function(model, **arguments)
