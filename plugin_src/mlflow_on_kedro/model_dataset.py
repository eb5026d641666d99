"""``MLflowModelDataset``: a model in MLflow's own format, saved by its flavor's ``log_model``."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from kedro.io import DatasetError

from . import fluent, store
from .config import set_mlflow_defaults
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
        self._save_args = dict(save_args or {})
        self._load_args = dict(load_args or {})

    def save(self, data: Any) -> None:
        """Save the model to the local folder and log it to the run."""
        set_mlflow_defaults()
        flavor = self._flavor()
        arguments = {"pip_requirements": _requirements(flavor), **self._save_args}
        local_only = {
            key: value for key, value in arguments.items() if key not in _ONLY_FOR_LOG_MODEL
        }
        folder = self._folder()
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _call(flavor.save_model, self.flavor, data, path=str(folder), **local_only)
        with self.saving_run() as run:
            if run is None:
                return
            with run.guard(), fluent.attached(run):
                _call(flavor.log_model, self.flavor, data, name=self.key(), **arguments)

    def load(self) -> Any:
        """Load the model from the local folder, or from a run."""
        set_mlflow_defaults()
        if self._run_id is None and self._folder().exists():
            return self._loader().load_model(str(self._folder()), **self._load_args)
        run = self.run()
        run_id = self._run_id or (run.run_id if run is not None else None)
        if run_id is None:
            raise DatasetError(
                f"There is no model '{self.dataset_name}' at {self._folder()}, and no run to load "
                "it from: save it first, or give `run_id`."
            )
        uri = self.loading_uri(self._loading_tracking_uri)
        store.connect(uri)
        with fluent.tracking_uri(uri):
            try:
                return self._loader().load_model(f"runs:/{run_id}/{self.key()}", **self._load_args)
            except Exception as error:
                raise DatasetError(
                    f"Run {run_id} in MLflow at {mask_urls(uri)} gave no model '{self.key()}': "
                    f"{mask_urls(str(error))}"
                ) from None

    def _folder(self) -> Path:
        if self.filepath is not None:
            return Path(self.filepath)
        return self.root / default_filepath(self.key(), "")

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
    {"registered_model_name", "await_registration_for", "params", "tags", "model_type", "step"}
)


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
        raise DatasetError(
            f"flavor: {name} needs a package that is not installed: run `pip install {error.name}`."
        ) from None
    if not callable(getattr(flavor, "log_model", None)):
        raise DatasetError(f"mlflow.{name} is no flavor: it has no log_model.")
    return flavor


def _requirements(flavor: ModuleType) -> list[str]:
    return list(flavor.get_default_pip_requirements())


def _call(function: Any, flavor: str, model: Any, **arguments: Any) -> None:
    keyword = _MODEL_ARGUMENT.get(flavor)
    if keyword:
        function(**{keyword: model}, **arguments)
    else:
        function(model, **arguments)
